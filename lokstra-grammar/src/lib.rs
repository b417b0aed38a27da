//! Reads SQL as PostgreSQL does: where statements end, whether some version accepts one, and its syntax tree.
//!
//! Programs use the [`lokstra`](https://docs.rs/lokstra) crate.

mod checks;
mod parser;
mod refusal;
mod split;
mod string_continuation;
mod syntax;
mod tables;
mod tokens;
mod tree;

pub use checks::{COLUMN_IN_DEFAULT, COLUMN_IN_VALUES};
pub use refusal::{Refusal, keywords, refusal, syntax_error_at};
pub use split::{Split, Unterminated, split};
pub use string_continuation::masked;
pub use syntax::{Node, Symbols, SyntaxTree};
