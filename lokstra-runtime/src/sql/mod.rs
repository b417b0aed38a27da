//! Text of SQL, without a connection.

pub(crate) mod backfill;
pub(crate) mod condition;
pub(crate) mod down_store;
pub(crate) mod guard;
pub(crate) mod lock;
pub(crate) mod marker;
pub(crate) mod message;
pub(crate) mod progress;
pub(crate) mod quote_settings;
pub(crate) mod record;
pub(crate) mod sentinel;
pub(crate) mod token;
