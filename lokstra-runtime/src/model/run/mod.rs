//! A run: its steps, its failures, its report.

pub(crate) mod failure;
pub(crate) mod fault;
pub(crate) mod interrupted;
pub(crate) mod report;
pub(crate) mod rollback;
pub(crate) mod step;
pub(crate) mod warning;
