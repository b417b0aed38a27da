//! A database for each test: `lokstra::testing` and `#[lokstra::test]`.

mod attribute;
mod ended;
mod errors;
mod kept;
mod processes;
mod server;
mod template;
