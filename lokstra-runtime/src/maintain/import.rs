//! Records what another tool has run as applied.

use lokstra_connect::client::Client;
use lokstra_core::text::quote;
use lokstra_core::{Database, Migration, Version};

use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::inspect::partial;
use crate::maintain::edit::{EditResult, HistoryEdit};
use crate::model::change::baseline::BaselineConflict;
use crate::model::change::import::{ImportedRun, RecordedRuns};
use crate::model::run::warning::Warning;
use crate::model::state::partial::PartialScript;
use crate::model::table::down_store;
use crate::model::table::tables::RunMetadata;
use crate::model::table::tables::Shape;
use crate::sql::backfill;
use crate::sql::guard::{Guard, number};

/// Records the runs that are not recorded, if no row and no partial script says anything else about
/// them.
pub(crate) fn edit(
    client: &mut Client,
    guard: &Guard<'_>,
    database: Database<'_>,
    runs: &[ImportedRun],
) -> Result<HistoryEdit<RecordedRuns>, Error> {
    let (history, facts) = (&guard.snapshot.history, &guard.snapshot.facts);
    let partial_scripts = partial::read(client, guard.snapshot, guard.table)?;
    let mut conflicts = Vec::new();
    let mut missing: Vec<(&ImportedRun, Migration<'_>)> = Vec::new();
    let mut runs: Vec<_> = runs.iter().collect();
    runs.sort_by_key(|run| run.version);
    runs.dedup_by_key(|run| run.version);
    for run in runs {
        let version = run.version;
        let Some(migration) = database.migration(version) else {
            return Err(Error::new(ErrorKind::UnknownVersion(version)));
        };
        conflicts.extend(conflict(guard, migration, &partial_scripts));
        if !history.contains(version) {
            missing.push((run, migration));
        }
    }
    if !conflicts.is_empty() {
        return Err(Error::new(ErrorKind::ImportConflict { conflicts }));
    }
    let highest = facts.shape.as_ref().map_or(Version::MAX, Shape::highest_version);
    if let Some((run, _)) = missing.iter().find(|(run, _)| run.version > highest) {
        let (version, table) = (run.version, guard.table.clone());
        return Err(Error::new(ErrorKind::VersionTooLarge { version, table }));
    }
    let mut warnings = Vec::new();
    for (_, migration) in &missing {
        down_store::warn_down_not_stored(&mut warnings, facts, *migration);
    }
    let shape = facts.shape.as_ref();
    let records: Vec<_> =
        missing.iter().map(|(run, migration)| (*migration, metadata(run, shape))).collect();
    let recorded: Vec<_> =
        missing.iter().map(|(run, m)| (run.version, m.description().to_owned())).collect();
    Ok(HistoryEdit {
        sql: backfill::record(guard, &records),
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
    partial_scripts: &[PartialScript],
) -> Option<BaselineConflict> {
    let version = migration.version();
    let row = guard.snapshot.history.get(version);
    if let Some(conflict) = row.and_then(|row| BaselineConflict::of(row, migration)) {
        return Some(conflict);
    }
    let script = partial_scripts.iter().find(|script| script.version == version)?;
    Some(BaselineConflict::PartialScript(script.clone()))
}

fn metadata(run: &ImportedRun, shape: Option<&Shape>) -> RunMetadata {
    let moment = match &run.applied_at {
        Some(time) => format!("CAST({} AS pg_catalog.timestamptz)", quote::literal(time)),
        None => "pg_catalog.clock_timestamp()".to_owned(),
    };
    RunMetadata {
        applied_at: Shape::moment(shape, &moment),
        applied_by: run.applied_by.as_deref().map_or_else(|| "NULL".into(), quote::literal),
        execution_ms: run.execution_ms.map_or_else(|| "NULL".into(), number),
    }
}

impl EditResult for RecordedRuns {
    fn warnings(&mut self) -> &mut Vec<Warning> {
        &mut self.warnings
    }
}
