//! Records the migrations of a database that has the schema already, without running them.

use lokstra_connect::client::Client;
use lokstra_core::{Database, Migration, Version};

use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::inspect::partial;
use crate::maintain::edit::{EditResult, HistoryEdit};
use crate::model::change::baseline::{Baseline, BaselineConflict};
use crate::model::run::warning::Warning;
use crate::model::state::partial::PartialScript;
use crate::model::table::down_store;
use crate::model::table::tables::RunMetadata;
use crate::model::table::tables::Shape;
use crate::sql::backfill;
use crate::sql::guard::Guard;

/// Records everything up to `version` that is not recorded, if no row says anything else.
pub(crate) fn edit(
    client: &mut Client,
    guard: &Guard<'_>,
    database: Database<'_>,
    version: Version,
) -> Result<HistoryEdit<Baseline>, Error> {
    if database.migration(version).is_none() {
        return Err(Error::new(ErrorKind::UnknownVersion(version)));
    }
    let partial_scripts = partial::read(client, guard.snapshot, guard.table)?;
    let conflicts = conflicts(guard, database, version, partial_scripts);
    if !conflicts.is_empty() {
        return Err(Error::new(ErrorKind::NoBaseline { version, conflicts }));
    }
    let (history, facts) = (&guard.snapshot.history, &guard.snapshot.facts);
    let missing: Vec<Migration<'_>> = database
        .migrations()
        .filter(|m| m.version() <= version && !history.contains(m.version()))
        .collect();
    let highest = facts.shape.as_ref().map_or(Version::MAX, Shape::highest_version);
    if let Some(large) = missing.iter().find(|migration| migration.version() > highest) {
        let (version, table) = (large.version(), guard.table.clone());
        return Err(Error::new(ErrorKind::VersionTooLarge { version, table }));
    }
    let mut warnings = Vec::new();
    for &migration in &missing {
        down_store::warn_down_not_stored(&mut warnings, facts, migration);
    }
    let applied_at = Shape::moment(facts.shape.as_ref(), "pg_catalog.clock_timestamp()");
    let without_run = || RunMetadata {
        applied_at: applied_at.clone(),
        applied_by: "session_user".to_owned(),
        execution_ms: "NULL".to_owned(),
    };
    let records: Vec<_> = missing.iter().map(|&migration| (migration, without_run())).collect();
    let recorded: Vec<_> =
        missing.iter().map(|m| (m.version(), m.description().to_owned())).collect();
    Ok(HistoryEdit {
        sql: backfill::record(guard, &records),
        versions: recorded.iter().map(|(version, _)| *version).collect(),
        result: Baseline {
            database: database.name().to_owned(),
            table: guard.table.clone(),
            version,
            recorded,
            warnings,
        },
    })
}

fn conflicts(
    guard: &Guard<'_>,
    database: Database<'_>,
    last: Version,
    partial_scripts: Vec<PartialScript>,
) -> Vec<BaselineConflict> {
    let rows = guard.snapshot.history.iter().filter_map(|row| {
        let version = row.version;
        let Some(migration) = database.migration(version) else {
            return Some(BaselineConflict::Unknown(version));
        };
        if version > last {
            return Some(BaselineConflict::Above(version));
        }
        BaselineConflict::of(row, migration)
    });
    let scripts = partial_scripts.into_iter().filter(|script| script.version <= last);
    rows.chain(scripts.map(BaselineConflict::PartialScript)).collect()
}

impl EditResult for Baseline {
    fn warnings(&mut self) -> &mut Vec<Warning> {
        &mut self.warnings
    }
}
