//! For a database that another tool has migrated: what it ran is recorded as applied.

use std::fmt;

use lokstra_core::{Database, Migration, TableName, Version, one_line};

use crate::amend::Draft;
use crate::baseline::BaselineConflict;
use crate::client::Client;
use crate::down_store;
use crate::error::{Error, ErrorKind};
use crate::guard::{Guard, number};
use crate::half_done::{self, HalfDone};
use crate::history::Shape;
use crate::sql;
use crate::unrun::Particulars;
use crate::warning::Warning;

/// A migration that another tool has run, with what that tool knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PastRun {
    /// The version that it has in this build.
    pub version: Version,
    /// When it was applied, as PostgreSQL reads a `timestamptz`. Where nobody knows, the record says
    /// when it was made.
    pub applied_at: Option<String>,
    /// The database role that applied it.
    pub applied_by: Option<String>,
    /// How long it took, in milliseconds.
    pub execution_ms: Option<i64>,
}

impl PastRun {
    /// A run of which nothing else is known.
    pub fn new(version: Version) -> PastRun {
        PastRun { version, applied_at: None, applied_by: None, execution_ms: None }
    }

    fn particulars(&self, shape: Option<&Shape>) -> Particulars {
        let moment = match &self.applied_at {
            Some(time) => format!("CAST({} AS pg_catalog.timestamptz)", sql::literal(time)),
            None => "pg_catalog.clock_timestamp()".to_owned(),
        };
        Particulars {
            applied_at: Shape::moment(shape, &moment),
            applied_by: self.applied_by.as_deref().map_or_else(|| "NULL".into(), sql::literal),
            execution_ms: self.execution_ms.map_or_else(|| "NULL".into(), number),
        }
    }
}

/// What [`Migrator::record_past_runs`](crate::Migrator::record_past_runs) recorded, or would record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedRuns {
    /// The folder's name.
    pub database: String,
    /// The tracking table.
    pub table: TableName,
    /// The versions and descriptions that were not in the history; empty if all were.
    pub recorded: Vec<(Version, String)>,
    /// What was odd.
    pub warnings: Vec<Warning>,
}

impl fmt::Display for RecordedRuns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RecordedRuns { database, table, recorded, warnings } = self;
        match recorded.len() {
            0 => write!(f, "{database}: nothing to record in {table}")?,
            count => write!(f, "{database}: {count} recorded in {table} as applied, not run")?,
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

/// Records the runs that are not recorded, if no row and no half-done script says anything else about
/// them.
pub(crate) fn draft(
    client: &mut Client,
    guard: &Guard<'_>,
    database: Database<'_>,
    runs: &[PastRun],
) -> Result<Draft<RecordedRuns>, Error> {
    let (history, facts) = (&guard.look.history, &guard.look.facts);
    let half_done = half_done::read(client, guard.look, guard.table)?;
    let mut conflicts = Vec::new();
    let mut missing: Vec<(&PastRun, Migration<'_>)> = Vec::new();
    let mut runs: Vec<_> = runs.iter().collect();
    runs.sort_by_key(|run| run.version);
    runs.dedup_by_key(|run| run.version);
    for run in runs {
        let version = run.version;
        let Some(migration) = database.migration(version) else {
            return Err(Error::new(ErrorKind::UnknownVersion(version)));
        };
        conflicts.extend(conflict(guard, migration, &half_done));
        if !history.contains(version) {
            missing.push((run, migration));
        }
    }
    if !conflicts.is_empty() {
        return Err(Error::new(ErrorKind::PastRuns { conflicts }));
    }
    let highest = facts.shape.as_ref().map_or(Version::MAX, Shape::highest_version);
    if let Some((run, _)) = missing.iter().find(|(run, _)| run.version > highest) {
        let (version, table) = (run.version, guard.table.clone());
        return Err(Error::new(ErrorKind::VersionTooLarge { version, table }));
    }
    let mut warnings = Vec::new();
    for (_, migration) in &missing {
        down_store::note_not_kept(&mut warnings, facts, *migration);
    }
    let shape = facts.shape.as_ref();
    let records: Vec<_> =
        missing.iter().map(|(run, migration)| (*migration, run.particulars(shape))).collect();
    let recorded: Vec<_> =
        missing.iter().map(|(run, m)| (run.version, m.description().to_owned())).collect();
    Ok(Draft {
        sql: guard.record_unrun(&records),
        versions: recorded.iter().map(|(version, _)| *version).collect(),
        result: RecordedRuns {
            database: database.name().to_owned(),
            table: guard.table.clone(),
            recorded,
            warnings,
        },
    })
}

/// What the history says against this run.
fn conflict(
    guard: &Guard<'_>,
    migration: Migration<'_>,
    half_done: &[HalfDone],
) -> Option<BaselineConflict> {
    let version = migration.version();
    let row = guard.look.history.get(version);
    if let Some(conflict) = row.and_then(|row| BaselineConflict::of(row, migration)) {
        return Some(conflict);
    }
    let script = half_done.iter().find(|script| script.version == version)?;
    Some(BaselineConflict::HalfDone(script.clone()))
}
