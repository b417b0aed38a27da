//! As much SQL as it takes to find the statements.

mod continued;
mod effectless;
#[cfg(feature = "sql-check")]
pub(crate) mod grammar;
mod marker;
mod options;
#[cfg(feature = "sql-check")]
mod postgresql;
mod refused;
#[cfg(feature = "sql-check")]
pub(crate) mod remedy;
pub(crate) mod routine;
mod sections;
mod split;
mod undoing;

pub(crate) use effectless::{Effectless, effectless};
pub(crate) use marker::{NO_SYNTAX_CHECK, NO_TRANSACTION, markers, speaks_of_suppressions};
pub(crate) use refused::{Refused, refused};
pub use sections::{SectionMark, section_marks};
pub(crate) use split::split;
