//! Plain data with its text: no error, no client.

pub(crate) mod change;
pub(crate) mod run;
pub(crate) mod state;
pub(crate) mod table;
