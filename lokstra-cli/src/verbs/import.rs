use std::path::Path;

use lokstra_core::Version;
use lokstra_runtime::postgres::Client;
use lokstra_runtime::{ErrorKind, Migrations, Migrator, PastRun, RecordedRuns};
use lokstra_source::Loaded;

use crate::args::{Arguments, Import};
use crate::error::Error;
use crate::import::compare::{self, Mismatch};
use crate::import::convert::{self, Ours};
use crate::import::history::{self, History};
use crate::import::ours::{self, Place};
use crate::import::source::Source;
use crate::import::theirs::Found;
use crate::import::{ImportError, Tool};
use crate::output;
use crate::target::Target;

/// `lokstra migration import -from sqlx -source old -dir migrations`
pub(crate) fn import(arguments: &Arguments, options: &Import) -> Result<(), Error> {
    let (tool, dir) = (options.tool, arguments.dir());
    let found = read(tool, &options.source, dir)?;
    let mut ours = convert::convert(tool, &found.migrations);
    let place = ours::place(dir, &ours)?;
    let loaded = load(dir, &place, &mut ours);
    for remark in &found.remarks {
        output::talk(format_args!("{}/{remark}", options.source));
    }
    if !options.yes {
        tell_files(dir, &place, &ours, "to be written to")?;
    }
    let is_to_write = options.yes && matches!(place, Place::Free { .. });
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(problems) => {
            // They are ours to mend, which is easier in the files than in a terminal.
            if is_to_write {
                write(dir, &ours)?;
                tell_files(dir, &place, &ours, "written to")?;
                output::talk("Mend what follows there; then import once more, for the history:");
            }
            return Err(problems.into());
        }
    };
    let target = Target::of(Migrations::from(loaded.set), arguments)?;
    let past = past(&target, options, &found, &ours)?;
    if is_to_write {
        write(dir, &ours)?;
        lokstra_source::lock(Path::new(""), dir)?;
    }
    if options.yes {
        tell_files(dir, &place, &ours, "written to")?;
    }
    if let Some(mut past) = past {
        past.tell(&target, options.yes)?;
    }
    if !options.yes {
        output::talk("Nothing was changed: -yes does it");
    }
    Ok(())
}

/// The migrations of their folder, if all of them can be taken over.
fn read(tool: Tool, source: &str, dir: &str) -> Result<Found, ImportError> {
    let folder = source.to_owned();
    let canonical = |folder: &str| Path::new(folder).canonicalize().ok();
    if source == dir || canonical(source).is_some_and(|path| canonical(dir) == Some(path)) {
        return Err(ImportError::SameFolder { folder });
    }
    let files = Source::read(Path::new(source))
        .map_err(|source| ImportError::Read { folder: folder.clone(), source })?;
    let found = tool.read(&files);
    if !found.obstacles.is_empty() {
        return Err(ImportError::Obstacles { folder, obstacles: found.obstacles });
    }
    if found.migrations.is_empty() {
        let (tool, remarks) = (tool.name(), found.remarks);
        return Err(ImportError::Nothing { tool, folder, remarks });
    }
    Ok(found)
}

/// What is there is taken as it is, since people edit what was imported.
fn load(dir: &str, place: &Place, ours: &mut [Ours]) -> Result<Loaded, lokstra_source::Problems> {
    match place {
        Place::Free { settings } => convert::judge(dir, settings.as_deref(), ours),
        Place::Taken { .. } => lokstra_source::load(Path::new(""), dir),
    }
}

fn write(dir: &str, ours: &[Ours]) -> Result<(), Error> {
    ours::write(dir, ours).map_err(|(path, source)| Error::Write { path, source })
}

fn tell_files(dir: &str, place: &Place, ours: &[Ours], verb: &str) -> Result<(), Error> {
    if let Place::Taken { edited } = place {
        output::line(format_args!("{dir} has these migrations already"))?;
        return edited.iter().try_for_each(|name| {
            output::line(format_args!("  {name} was edited since, and is taken as it is"))
        });
    }
    let count = ours.len();
    let noun = if count == 1 { "migration" } else { "migrations" };
    output::line(format_args!("{count} {noun} {verb} {dir}:"))?;
    let width = ours::files(ours).map(|one| one.name.len()).max().unwrap_or_default();
    for written in ours::files(ours) {
        let from = written.from.iter().map(|from| format!("from {from}"));
        let changes = written.changes.iter().map(|change| change.as_str().to_owned());
        let about = from.chain(changes).collect::<Vec<_>>().join("; ");
        output::line(format_args!("  {:width$}  {about}", written.name))?;
    }
    Ok(())
}

/// What their history says, as ours will.
struct Past<'t> {
    client: Client,
    migrator: Migrator<'t>,
    table: String,
    runs: Vec<PastRun>,
    planned: RecordedRuns,
    forced: Vec<Mismatch>,
}

/// Reads their history and compares it with their folder. Without a database, or without their table
/// in it, there is none.
fn past<'t>(
    target: &'t Target,
    options: &Import,
    found: &Found,
    ours: &[Ours],
) -> Result<Option<Past<'t>>, Error> {
    let database = target.only()?;
    let mut client = match target.pool(database) {
        Ok(pool) => pool.connect()?,
        Err(Error::Run(error)) if matches!(error.kind(), ErrorKind::NoPool { .. }) => {
            output::talk("The history was not looked at: -db names the database");
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let tool = options.tool;
    let table = options.table.clone().unwrap_or_else(|| tool.table().to_owned());
    let read = history::read(&mut client, tool, &table, &found.migrations);
    let history = read.map_err(|source| {
        let (tool, table) = (tool.name(), table.clone());
        ImportError::Table { tool, table, source }
    })?;
    let Some(history) = history else {
        output::talk(format_args!(
            "There is no history of {} in this database: no table {table}; -table names another",
            tool.name()
        ));
        return Ok(None);
    };
    let forced = agreed(&history, found, &table, options.force)?;
    let runs = runs(&history, ours);
    let mut migrator = target.migrator().database(database.name());
    let planned = migrator.plan_past_runs(&mut client, &runs)?;
    Ok(Some(Past { client, migrator, table, runs, planned, forced }))
}

/// Refuses what is half-done, and what nobody said is to be forced.
fn agreed(
    history: &History,
    found: &Found,
    table: &str,
    force: bool,
) -> Result<Vec<Mismatch>, ImportError> {
    let table = table.to_owned();
    if !history.failed.is_empty() {
        return Err(ImportError::HalfDone { table, failed: history.failed.clone() });
    }
    let mismatches = compare::mismatches(history, &found.migrations);
    if mismatches.is_empty() || force {
        return Ok(mismatches);
    }
    Err(ImportError::Mismatches { table, mismatches })
}

/// Each of their rows that has a migration of ours.
fn runs(history: &History, ours: &[Ours]) -> Vec<PastRun> {
    let run = |row: &history::Row| {
        let mut run = PastRun::new(ours.iter().find(|one| one.id == row.id)?.version);
        run.applied_at.clone_from(&row.applied_at);
        run.applied_by.clone_from(&row.applied_by);
        run.execution_ms = row.execution_ms;
        Some(run)
    };
    history.applied.iter().filter_map(run).collect()
}

impl Past<'_> {
    /// Records it, if that is asked for, and tells what is recorded and what is left to be run.
    fn tell(&mut self, target: &Target, is_to_record: bool) -> Result<(), Error> {
        let before = self.migrator.history(&mut self.client)?;
        let recorded = if is_to_record {
            self.migrator.record_past_runs(&mut self.client, &self.runs)?
        } else {
            self.planned.clone()
        };
        for mismatch in &self.forced {
            output::talk(format_args!("forced: {mismatch}"));
        }
        let verb = if is_to_record { "recorded" } else { "to be recorded" };
        let (count, table) = (recorded.recorded.len(), &recorded.table);
        output::line(match count {
            0 => format!("Nothing to record in {table}: it has what {} has", self.table),
            _ => format!("{count} {verb} in {table} as applied, not run, from {}:", self.table),
        })?;
        for (version, description) in &recorded.recorded {
            let run = self.runs.iter().find(|run| run.version == *version);
            let at = run.and_then(|run| run.applied_at.as_deref()).unwrap_or("at an unknown time");
            output::line(format_args!("  {version}_{description}  {at}"))?;
        }
        for warning in &recorded.warnings {
            output::talk(format_args!("warning: {warning}"));
        }
        let is_applied = |version: Version| {
            before.contains(version) || self.runs.iter().any(|run| run.version == version)
        };
        let migrations = target.only()?.migrations();
        let newest = migrations.clone().map(|one| one.version()).filter(|v| is_applied(*v)).max();
        for migration in migrations.filter(|one| !is_applied(one.version())) {
            let (version, description) = (migration.version(), migration.description());
            let late = if Some(version) < newest { ": it needs -out-of-order" } else { "" };
            output::line(format_args!("Pending: {version}_{description}{late}"))?;
        }
        Ok(())
    }
}
