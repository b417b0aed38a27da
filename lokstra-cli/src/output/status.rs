//! The rows of a history, as text and in JSON.

use lokstra_core::Version;
use lokstra_runtime::{State, Status, StatusRow};
use serde_json::{Value, json};

use super::json;

/// See docs/cli.md: programs rely on these keys.
pub(crate) fn object(status: &Status) -> Value {
    let row = |row: &StatusRow| {
        let applied = row.applied();
        let state = match &row.state {
            State::Applied(_) => "applied",
            State::Edited(_) => "edited",
            State::Another(_) => "another",
            State::Unknown(_) => "unknown",
            _ => "pending",
        };
        let half_done = status.half_done.iter().find(|script| script.version == row.version);
        json!({
            "version": row.version.to_string(),
            "description": row.description,
            "state": state,
            "applied_description": applied.and_then(|row| row.description.as_ref()),
            "applied_at": applied.and_then(|row| row.applied_at.as_ref()),
            "applied_by": applied.and_then(|row| row.applied_by.as_ref()),
            "execution_ms": applied.and_then(|row| row.execution_ms),
            "checksum": applied.and_then(|row| row.checksum).map(|sum| sum.to_string()),
            "half_done": half_done.map(ToString::to_string),
        })
    };
    json!({
        "database": status.database,
        "connection": json::connection(status.connection.as_ref()),
        "table": status.table.to_string(),
        "current": status.current().map(|version| version.to_string()),
        "applied": status.applied(),
        "pending": status.pending(),
        "migrations": status.rows.iter().map(row).collect::<Vec<_>>(),
    })
}

pub(crate) fn skipped(database: &str) -> String {
    format!("{database}: skipped: `enabled: false` in its migration.yaml; -dir or -db runs it")
}

/// `Current version: 002`
pub(crate) fn current(version: Option<Version>) -> String {
    match version {
        Some(version) => format!("Current version: {version}"),
        None => "No migrations applied yet".to_owned(),
    }
}
