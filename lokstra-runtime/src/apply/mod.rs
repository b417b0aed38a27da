//! The loop, and how one script is run, retried and resumed.

pub(crate) mod attempt;
pub(crate) mod classify;
pub(crate) mod copy_in;
pub(crate) mod engine;
pub(crate) mod history_change;
pub(crate) mod no_transaction;
pub(crate) mod options;
pub(crate) mod precheck;
pub(crate) mod probe;
pub(crate) mod transactional;
pub(crate) mod upgrade;
