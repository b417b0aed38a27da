//! A database for each test.

#[path = "../support/mod.rs"]
mod support;

mod attribute;
