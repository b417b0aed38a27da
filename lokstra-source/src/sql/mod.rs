//! As much SQL as it takes to find the statements.

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
pub(crate) use marker::{NO_SYNTAX_CHECK, NO_TRANSACTION, markers, speaks_of_suppressions};
pub use sections::{SectionMark, section_marks};
