//! Reads the server and changes nothing.

pub(crate) mod down_store;
pub(crate) mod fingerprint;
pub(crate) mod index;
pub(crate) mod lock;
pub(crate) mod partial;
pub(crate) mod privileges;
pub(crate) mod server;
pub(crate) mod snapshot;
pub(crate) mod status;
pub(crate) mod stored_down;
pub(crate) mod table_fault;
pub(crate) mod trust;
