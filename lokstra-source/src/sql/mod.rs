//! As much SQL as it takes to find the statements.

mod marker;
mod split;

pub(crate) use marker::{Marker, NO_TRANSACTION, marker};
pub(crate) use split::split;
