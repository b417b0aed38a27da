//! Reads a folder of Lokstra migrations and checks everything that can be checked without a database:
//! for the macro, the command line and `include_dir`.
//!
//! Programs use the [`lokstra`](https://docs.rs/lokstra) crate.

mod cache;
#[cfg(feature = "sql-check")]
mod describe;
mod edit;
mod loader;
mod parse;
mod problem;
mod read;
mod rows;
mod rules;
mod sql;

use std::ops::Range;

#[cfg(feature = "sql-check")]
pub use describe::schemas;
pub use edit::lock_edit::{Locked, lock, lock_new, renumber};
pub use edit::mark_edit::{Marks, marks, write_marks};
pub use edit::next_version::{NextVersion, next_version};
pub use loader::Loader;
pub use lokstra_schema as schema;
pub use parse::file_name::{Description, DescriptionError};
pub use parse::mark::{Mark, Verdict};
pub use parse::settings::VerifiedLevel;
pub use problem::{Code, LintRule, Problem, Problems, Severity};
pub use read::folder::dir_flag;
pub use rows::check_rows;
pub use rules::Loaded;
pub use rules::lint::LintScope;
pub use sql::{SectionMark, section_marks};

/// Splits a script into statements, each from its first token to its last, without the `;`.
///
/// They are split as PostgreSQL splits them while `standard_conforming_strings` is on, its default. A
/// text that PostgreSQL cannot parse is split where statements seem to end.
pub fn statements(text: &str) -> Vec<Range<usize>> {
    lokstra_grammar::split(text).statements
}
