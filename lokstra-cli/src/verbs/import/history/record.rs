//! Records the history of the other tool in the tracking table.

use lokstra_core::{Database, Migration};
use lokstra_runtime::postgres::Client;
use lokstra_runtime::{ConnectError, History as OurHistory, ImportedRun, Migrator, RecordedRuns};

use super::compare::{self, Mismatch};
use crate::call::{CommandContext, Target};
use crate::output::CommandError;
use crate::verbs::import::convert::ConvertedMigration;
use crate::verbs::import::error::ImportError;
use crate::verbs::import::source::{History, Row, SourceMigration};
use crate::verbs::import::tools::SourceTool;

pub(crate) struct HistoryImport<'t> {
    client: Client,
    migrator: Migrator<'t>,
    database: Database<'t>,
    /// The name of the other tool's table.
    pub(crate) table: String,
    pub(crate) runs: Vec<ImportedRun>,
    /// What will be, or was, recorded.
    pub(crate) recorded: RecordedRuns,
    pub(crate) is_recorded: bool,
    /// The mismatches that `-force` accepted.
    pub(crate) forced: Vec<Mismatch>,
    /// The history before anything was recorded.
    before: OurHistory,
}

impl<'t> HistoryImport<'t> {
    /// Reads the history of the other tool and compares it with its folder; `None` without a database,
    /// or without the table.
    pub(crate) fn read(
        context: &CommandContext<'_>,
        target: &'t Target,
        (tool, table): (SourceTool, String),
        force: bool,
        migrations: &[SourceMigration],
        converted: &[ConvertedMigration],
    ) -> Result<Option<HistoryImport<'t>>, CommandError> {
        let database = target.only()?;
        let (mut migrator, mut client, _) = match target.connect(database) {
            Err(ConnectError::NoPool { .. }) => {
                context.console.status("The history was not read: name the database with -db");
                return Ok(None);
            }
            reached => reached?,
        };
        let history = super::read(&mut client, tool, &table, migrations).map_err(|source| {
            let (tool, table) = (tool.name(), table.clone());
            ImportError::Table { tool, table, source }
        })?;
        let Some(history) = history else {
            context.console.status(format_args!(
                "This database has no history of {}: there is no table {table}; name another with -table",
                tool.name()
            ));
            return Ok(None);
        };
        let forced = agreed(&history, migrations, &table, force)?;
        let runs = runs(&history, converted);
        let before = migrator.history(&mut client)?;
        let recorded = migrator.plan_imported_runs(&mut client, &runs)?;
        let is_recorded = false;
        Ok(Some(HistoryImport {
            client,
            migrator,
            database,
            table,
            runs,
            recorded,
            is_recorded,
            forced,
            before,
        }))
    }

    pub(crate) fn record(&mut self) -> Result<(), CommandError> {
        self.recorded = self.migrator.record_imported_runs(&mut self.client, &self.runs)?;
        self.is_recorded = true;
        Ok(())
    }

    /// The imported run of this version.
    pub(crate) fn run(&self, version: lokstra_core::Version) -> Option<&ImportedRun> {
        self.runs.iter().find(|run| run.version == version)
    }

    /// The pending migrations; true for one below an applied one.
    pub(crate) fn pending(&self) -> Vec<(Migration<'t>, bool)> {
        let is_applied = |migration: &Migration<'_>| {
            let version = migration.version();
            self.before.contains(version) || self.run(version).is_some()
        };
        let migrations = self.database.migrations();
        let newest = migrations.clone().filter(is_applied).map(|one| one.version()).max();
        let is_late = |migration: Migration<'t>| (migration, Some(migration.version()) < newest);
        migrations.filter(|migration| !is_applied(migration)).map(is_late).collect()
    }
}

/// Refuses failed migrations, and mismatches without `-force`.
fn agreed(
    history: &History,
    migrations: &[SourceMigration],
    table: &str,
    force: bool,
) -> Result<Vec<Mismatch>, ImportError> {
    let table = table.to_owned();
    if !history.failed.is_empty() {
        return Err(ImportError::Partial { table, failed: history.failed.clone() });
    }
    let mismatches = compare::mismatches(history, migrations);
    if mismatches.is_empty() || force {
        return Ok(mismatches);
    }
    Err(ImportError::Mismatches { table, mismatches })
}

/// The rows that have a converted migration.
fn runs(history: &History, converted: &[ConvertedMigration]) -> Vec<ImportedRun> {
    let run = |row: &Row| {
        let mut run = ImportedRun::new(converted.iter().find(|one| one.id == row.id)?.version);
        run.applied_at.clone_from(&row.applied_at);
        run.applied_by.clone_from(&row.applied_by);
        run.execution_ms = row.execution_ms;
        Some(run)
    };
    history.applied.iter().filter_map(run).collect()
}
