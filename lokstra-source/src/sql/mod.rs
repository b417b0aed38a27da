//! As much SQL as it takes to find the statements.

mod continued;
#[cfg(feature = "sql-check")]
pub(crate) mod grammar;
mod marker;
#[cfg(feature = "sql-check")]
mod postgresql;
mod refused;
mod split;

pub(crate) use marker::{NO_SYNTAX_CHECK, NO_TRANSACTION, markers};
pub(crate) use refused::{Refused, refused};
pub(crate) use split::split;
