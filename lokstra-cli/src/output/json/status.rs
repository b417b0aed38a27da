//! The history of a database in JSON.

use lokstra_runtime::{State, Status, StatusRow};
use serde::Serialize;

use super::parts::Connection;

/// A database of `status`.
#[derive(Debug, Serialize)]
pub(crate) struct StatusObject {
    database: String,
    connection: Option<Connection>,
    table: String,
    current: Option<String>,
    applied: usize,
    pending: usize,
    migrations: Vec<RowObject>,
}

#[derive(Debug, Serialize)]
struct RowObject {
    version: String,
    description: String,
    state: &'static str,
    applied_description: Option<String>,
    applied_at: Option<String>,
    applied_by: Option<String>,
    execution_ms: Option<i64>,
    checksum: Option<String>,
    partial: Option<String>,
}

impl From<&Status> for StatusObject {
    fn from(status: &Status) -> StatusObject {
        StatusObject {
            database: status.database.clone(),
            connection: status.connection.as_ref().map(Connection::from),
            table: status.table.to_string(),
            current: status.current().map(|version| version.to_string()),
            applied: status.applied(),
            pending: status.pending(),
            migrations: status.rows.iter().map(|row| RowObject::new(row, status)).collect(),
        }
    }
}

impl RowObject {
    fn new(row: &StatusRow, status: &Status) -> RowObject {
        let applied = row.applied();
        let partial = status.partial_scripts.iter().find(|script| script.version == row.version);
        RowObject {
            version: row.version.to_string(),
            description: row.description.clone(),
            state: match &row.state {
                State::Applied(_) => "applied",
                State::Edited(_) => "edited",
                State::Another(_) => "another",
                State::Unknown(_) => "unknown",
                _ => "pending",
            },
            applied_description: applied.and_then(|row| row.description.clone()),
            applied_at: applied.and_then(|row| row.applied_at.clone()),
            applied_by: applied.and_then(|row| row.applied_by.clone()),
            execution_ms: applied.and_then(|row| row.execution_ms),
            checksum: applied.and_then(|row| row.checksum).map(|sum| sum.to_string()),
            partial: partial.map(ToString::to_string),
        }
    }
}
