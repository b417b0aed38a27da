//! What their history says, as ours will.

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
    /// The name of their table.
    pub(crate) table: String,
    pub(crate) runs: Vec<ImportedRun>,
    /// What is to be recorded, or was.
    pub(crate) recorded: RecordedRuns,
    pub(crate) is_recorded: bool,
    /// Where table and folder disagree, and somebody said that it does not matter.
    pub(crate) forced: Vec<Mismatch>,
    /// Our history, before anything was recorded.
    before: OurHistory,
}

impl<'t> HistoryImport<'t> {
    /// Reads their history and compares it with their folder. Without a database, or without their
    /// table in it, there is none.
    pub(crate) fn read(
        context: &CommandContext<'_>,
        target: &'t Target,
        (tool, table): (SourceTool, String),
        force: bool,
        theirs: &[SourceMigration],
        ours: &[ConvertedMigration],
    ) -> Result<Option<HistoryImport<'t>>, CommandError> {
        let database = target.only()?;
        let (mut migrator, mut client, _) = match target.connect(database) {
            Err(ConnectError::NoPool { .. }) => {
                context.console.status("The history was not looked at: -db names the database");
                return Ok(None);
            }
            reached => reached?,
        };
        let history = super::read(&mut client, tool, &table, theirs).map_err(|source| {
            let (tool, table) = (tool.name(), table.clone());
            ImportError::Table { tool, table, source }
        })?;
        let Some(history) = history else {
            context.console.status(format_args!(
                "There is no history of {} in this database: no table {table}; -table names another",
                tool.name()
            ));
            return Ok(None);
        };
        let forced = agreed(&history, theirs, &table, force)?;
        let runs = runs(&history, ours);
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

    /// The run of theirs that is recorded under this version.
    pub(crate) fn run(&self, version: lokstra_core::Version) -> Option<&ImportedRun> {
        self.runs.iter().find(|run| run.version == version)
    }

    /// What is left to be run; true for what comes before something that is applied.
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

/// Refuses what is partial, and what nobody said is to be forced.
fn agreed(
    history: &History,
    theirs: &[SourceMigration],
    table: &str,
    force: bool,
) -> Result<Vec<Mismatch>, ImportError> {
    let table = table.to_owned();
    if !history.failed.is_empty() {
        return Err(ImportError::Partial { table, failed: history.failed.clone() });
    }
    let mismatches = compare::mismatches(history, theirs);
    if mismatches.is_empty() || force {
        return Ok(mismatches);
    }
    Err(ImportError::Mismatches { table, mismatches })
}

/// Each of their rows that has a migration of ours.
fn runs(history: &History, ours: &[ConvertedMigration]) -> Vec<ImportedRun> {
    let run = |row: &Row| {
        let mut run = ImportedRun::new(ours.iter().find(|one| one.id == row.id)?.version);
        run.applied_at.clone_from(&row.applied_at);
        run.applied_by.clone_from(&row.applied_by);
        run.execution_ms = row.execution_ms;
        Some(run)
    };
    history.applied.iter().filter_map(run).collect()
}
