//! What programs call: each verb checks its options, opens a session and calls one room below.

#[cfg(feature = "tokio")]
mod asynchronous;
pub(crate) mod boot;
pub(crate) mod maintenance;
pub(crate) mod migrations;
pub(crate) mod migrator;
pub(crate) mod options;
pub(crate) mod read;
pub(crate) mod rollback;
pub(crate) mod several;
pub(crate) mod stale;
