//! Tracking tables of other programs and of earlier versions continue in place.

#[path = "../support/mod.rs"]
mod support;

mod adoption;
mod go_program;
mod shapes;
mod waiting;
