//! Replays migrations on a model of PostgreSQL's catalog, and reports what the server would refuse: names that
//! are not there, keys that do not fit, objects that something needs.
//!
//! Programs use the [`lokstra`](https://docs.rs/lokstra) crate.

#![allow(
    clippy::similar_names,
    clippy::unnecessary_wraps,
    reason = "nodes, names and notes; handlers of statements have one form"
)]

mod apply;
pub mod builtin;
mod catalog;
mod check;
mod describe;
mod finding;
mod input;
mod names;
mod parse;
mod query;
mod reversal;

pub use check::check;
pub use describe::{
    Change, Column, Constraint, Doubt, Index, Item, NotFollowed, Relation, Schema, Sign, describe,
    diff, summary,
};
pub use finding::{CODES, Finding, Level};
pub use input::{Options, Script, StartsFrom};
pub use reversal::NOT_UNDONE;
