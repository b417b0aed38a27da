//! Reads the server and changes nothing.

pub(crate) mod activity;
pub(crate) mod blocker;
pub(crate) mod concurrent_index;
pub(crate) mod down_store;
pub(crate) mod fingerprint;
pub(crate) mod holder;
pub(crate) mod invalid_index;
pub(crate) mod partial;
pub(crate) mod privileges;
pub(crate) mod server;
pub(crate) mod snapshot;
pub(crate) mod status;
pub(crate) mod stored_down;
pub(crate) mod table_fault;
pub(crate) mod trust;
