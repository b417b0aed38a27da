//! What is in the database: the history, and who works on it.

pub(crate) mod activity;
pub(crate) mod divergence;
pub(crate) mod history;
pub(crate) mod holder;
pub(crate) mod identity;
pub(crate) mod partial;
pub(crate) mod snapshot;
pub(crate) mod status;
