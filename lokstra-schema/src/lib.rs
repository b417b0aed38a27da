//! Replays migrations on a model of PostgreSQL's catalog, and reports what the server would refuse: names that
//! are not there, keys that do not fit, objects that something needs.
//!
//! Programs use the [`lokstra`](https://docs.rs/lokstra) crate.

pub mod builtin;
mod check;
mod finding;

pub use check::{Options, Script, StartsFrom, check};
pub use finding::{Finding, Level};
