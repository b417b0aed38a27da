//! Where no PostgreSQL can be found, one is fetched.

use std::path::PathBuf;

use crate::Error;

/// If set (and not empty), PostgreSQL is fetched even if the machine has one.
pub const FETCH_VARIABLE: &str = "LOKSTRA_SCRATCH_FETCH";

pub(crate) fn is_forced() -> bool {
    std::env::var_os(FETCH_VARIABLE).is_some_and(|value| !value.is_empty())
}

/// Fetches PostgreSQL.
pub fn fetch() -> Result<PathBuf, Error> {
    Err(Error::NotFound)
}
