//! Plain data with its text: no error, no client.

pub(crate) mod activity;
pub(crate) mod baseline;
pub(crate) mod divergence;
pub(crate) mod down_store;
pub(crate) mod failure;
pub(crate) mod fault;
pub(crate) mod history;
pub(crate) mod holder;
pub(crate) mod identity;
pub(crate) mod import;
pub(crate) mod interrupted;
pub(crate) mod lock_key;
pub(crate) mod partial;
pub(crate) mod repair;
pub(crate) mod report;
pub(crate) mod rollback;
pub(crate) mod server;
pub(crate) mod snapshot;
pub(crate) mod status;
pub(crate) mod step;
pub(crate) mod stored_down;
pub(crate) mod table_fault;
pub(crate) mod tables;
pub(crate) mod warning;
