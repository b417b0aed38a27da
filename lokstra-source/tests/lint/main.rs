//! Hazards: what is one, and when it is a warning or an error.

#[path = "../folder/mod.rs"]
mod folder;

mod hazards;
mod judging;
