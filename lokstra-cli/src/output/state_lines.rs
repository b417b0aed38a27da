//! Lines about the state of a database.

use lokstra_core::Version;

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
