//! Changes of a history that run no script: repair, baseline, import.

#[path = "../support/mod.rs"]
mod support;

mod baseline;
mod import;
mod repair;
