//! SQL text: statements, forbidden ones, syntax errors and their remedies.

mod directive;
mod effectless;
mod forbidden;
#[cfg(feature = "sql-check")]
pub(crate) mod grammar;
mod options;
#[cfg(feature = "sql-check")]
pub(crate) mod remedy;
pub(crate) mod routine;
mod sections;
mod undoing;

#[cfg(feature = "sql-check")]
pub(crate) use directive::EXISTING;
pub(crate) use directive::{NO_SYNTAX_CHECK, NO_TRANSACTION, directives, resembles_suppression};
pub(crate) use effectless::{Effectless, effectless};
pub(crate) use forbidden::{Forbidden, forbidden};
pub use sections::{SectionMark, section_marks};
