//! Two snapshots against each other: the differences, the SQL that would undo them, and what an author
//! has accepted.

pub(crate) mod difference;
mod remedy;
pub(crate) mod suppression;
