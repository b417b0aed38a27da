//! Replays migrations on a model of PostgreSQL's catalog, and reports what the server would refuse: names that
//! are not there, keys that do not fit, objects that something needs.
//!
//! Programs use the [`lokstra`](https://docs.rs/lokstra) crate.

#![allow(
    clippy::similar_names,
    clippy::match_bool,
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    clippy::option_option,
    clippy::struct_excessive_bools,
    clippy::large_enum_variant,
    clippy::collapsible_else_if,
    clippy::single_match_else,
    clippy::too_many_lines,
    reason = "nodes, names and notes; handlers of statements have one form; a table of two cases"
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
