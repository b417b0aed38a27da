//! Reads a folder of Lokstra migrations and checks everything that can be known without a
//! database: the macro, the command line and `include_dir` all come through here.
//!
//! Programs use the [`lokstra`](https://docs.rs/lokstra) crate.

mod cache;
mod edit;
mod loader;
mod parse;
mod problem;
mod read;
mod rules;
mod sql;

use std::ops::Range;

pub use edit::lock_edit::{Locked, lock, lock_new, renumber};
pub use edit::next_version::{NextVersion, next_version};
pub use loader::Loader;
pub use parse::file_name::{Description, DescriptionError};
pub use problem::{Code, LintRule, Problem, Problems, Severity};
pub use rules::Loaded;
pub use rules::lint::LintScope;
pub use sql::{SectionMark, section_marks};

/// The statements of a script, each from its first token to its last, without the `;`.
///
/// They are cut as PostgreSQL cuts them while `standard_conforming_strings` is on, its default. Of a
/// text that PostgreSQL cannot parse, they are what looks like statements.
pub fn statements(text: &str) -> Vec<Range<usize>> {
    lokstra_grammar::split(text).statements
}
