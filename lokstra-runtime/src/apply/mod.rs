//! The loop, and how one script is run, retried and resumed.

pub(crate) mod attempt;
pub(crate) mod classify;
pub(crate) mod copy_in;
pub(crate) mod engine;
pub(crate) mod options;
pub(crate) mod precheck;
pub(crate) mod statements;
pub(crate) mod step;
pub(crate) mod upgrade;
