//! The down SQL that the database stores.

mod rollback;
mod trust;
