//! As much SQL as it takes to find the statements.

mod marker;
mod refused;
mod split;

pub(crate) use marker::{Marker, NO_TRANSACTION, marker};
pub(crate) use refused::{Refused, refused};
pub(crate) use split::split;
