//! A database for each test: `lokstra::testing` and `#[lokstra::test]`.

#[path = "../support/mod.rs"]
mod support;

mod attribute;
mod ended;
mod errors;
mod kept;
mod processes;
mod server;
mod template;
