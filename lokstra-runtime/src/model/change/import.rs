//! The runs of another tool, and what was recorded of them.

use std::fmt;

use lokstra_core::{TableName, Version, one_line};

use crate::model::run::warning::Warning;

/// A migration that another tool has run, with what that tool knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportedRun {
    /// The version that it has in this build.
    pub version: Version,
    /// When it was applied, as PostgreSQL reads a `timestamptz`. If it is unknown, the record has the
    /// time of the import.
    pub applied_at: Option<String>,
    /// The database role that applied it.
    pub applied_by: Option<String>,
    /// How long it took, in milliseconds.
    pub execution_ms: Option<i64>,
}

impl ImportedRun {
    /// Makes a run of which nothing else is known.
    pub fn new(version: Version) -> ImportedRun {
        ImportedRun { version, applied_at: None, applied_by: None, execution_ms: None }
    }
}

/// What [`Migrator::record_imported_runs`](crate::Migrator::record_imported_runs) recorded, or would record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedRuns {
    /// The folder's name.
    pub database: String,
    /// The tracking table.
    pub table: TableName,
    /// The versions and descriptions that were not in the history; empty if all were.
    pub recorded: Vec<(Version, String)>,
    /// The warnings.
    pub warnings: Vec<Warning>,
}

impl fmt::Display for RecordedRuns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RecordedRuns { database, table, recorded, warnings } = self;
        let database = one_line(f, database);
        match recorded.len() {
            0 => write!(f, "{database}: nothing to record in {table}")?,
            count => {
                write!(f, "{database}: {count} recorded in {table} as applied without running")?;
            }
        }
        for (version, description) in recorded {
            write!(f, "\n  {version}_{}", one_line(f, description))?;
        }
        for warning in warnings {
            write!(f, "\n  warning: {warning}")?;
        }
        Ok(())
    }
}
