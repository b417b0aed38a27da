//! The down SQL that the database stores.

#[path = "../support/mod.rs"]
mod support;

mod rollback;
mod trust;
