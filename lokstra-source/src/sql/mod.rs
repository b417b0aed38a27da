//! SQL text: statements, forbidden ones, syntax errors and their remedies.

mod effectless;
mod forbidden;
#[cfg(feature = "sql-check")]
pub(crate) mod grammar;
mod marker;
mod options;
#[cfg(feature = "sql-check")]
pub(crate) mod remedy;
pub(crate) mod routine;
mod sections;
mod undoing;

pub(crate) use effectless::{Effectless, effectless};
pub(crate) use forbidden::{Forbidden, forbidden};
#[cfg(feature = "sql-check")]
pub(crate) use marker::EXISTING;
pub(crate) use marker::{NO_SYNTAX_CHECK, NO_TRANSACTION, markers, resembles_suppression};
pub use sections::{SectionMark, section_marks};
