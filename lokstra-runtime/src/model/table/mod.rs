//! The tables that a history is kept in, and the server that keeps them.

pub(crate) mod down_store;
pub(crate) mod server;
pub(crate) mod stored_down;
pub(crate) mod table_fault;
pub(crate) mod tables;
