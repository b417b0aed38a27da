//! Changes of a history that run no script.

pub(crate) mod baseline;
pub(crate) mod import;
pub(crate) mod repair;
