//! Common parts of documents.

use std::fmt::Display;

use lokstra_runtime::ConnectionTarget;
use serde::Serialize;

/// A document about several databases, which is what most verbs write.
#[derive(Serialize)]
pub(crate) struct Databases<T> {
    pub(crate) databases: Vec<T>,
}

/// Which server and database.
#[derive(Debug, Serialize)]
pub(crate) struct Connection {
    host: String,
    port: u16,
    database: String,
    user: String,
}

impl From<&ConnectionTarget> for Connection {
    fn from(target: &ConnectionTarget) -> Connection {
        let ConnectionTarget { host, port, database, user, .. } = target.clone();
        Connection { host, port, database, user }
    }
}

/// Writes texts exactly: the alternate form keeps control characters.
pub(crate) fn texts<T: Display>(texts: &[T]) -> Vec<String> {
    texts.iter().map(|text| format!("{text:#}")).collect()
}
