//! Takes over the migrations of another tool: its folder becomes one of ours, and what its history says
//! is recorded in ours. Nothing of theirs is changed, and no migration is run.
//!
//! `source` holds the files and the rows of the other tool, `tools` finds the migrations in them, a file
//! a tool, `convert` writes those down as ours, and `history` reads what is applied, compares it with the
//! files and records it.

mod convert;
mod error;
mod history;
mod report;
mod source;
#[cfg(test)]
mod testing;
mod tools;

use std::path::{Path, PathBuf};

use lokstra_core::shown_line;
use lokstra_runtime::Migrations;
use lokstra_source::{Loaded, Loader, Problems};

use self::convert::ConvertedMigration;
use self::convert::output::{self, Place};
pub(crate) use self::error::ImportError;
use self::history::record::HistoryImport;
use self::report::Report;
use self::source::{Found, Source};
use self::tools::SourceTool;
use crate::call::flags::{self, Flag, Switch};
use crate::call::{CommandContext, Target, Verb};
use crate::output::{CommandError, Exit};
use crate::verbs::lock::report_hazards;

const DETAILS: &str = "\
Without -yes it only says what it would change. Their folder and their table stay as they are. A
folder that has the migrations already is taken as it is, so that the same command records the history
of the next database.

Exit codes: 5 if their table and their folder disagree, or if our history says something else.";

const FROM: Flag<String> = Flag::new("from", "TOOL", flags::text, "Whose migrations they are");
const SOURCE: Flag<String> =
    Flag::new("source", "FOLDER", flags::text, "Their folder of migrations; -dir is ours");
const TABLE: Flag<String> = Flag::new(
    "table",
    "NAME",
    flags::text,
    "Their table, if it is not where they put it: app.schema_history",
);
const FORCE: Switch =
    Switch::new("force", "Record what is applied although their table and folder disagree");

pub(crate) const VERB: Verb = Verb {
    name: "import",
    about: "Take over another tool's migrations and history, and run none",
    details: DETAILS,
    examples: &[
        ("-from sqlx -source old", "What would become of them, and of the history in DATABASE_URL"),
        ("-from sqlx -source old -dir migrations -yes", "Write the folder and record the history"),
        ("-from sqlx -source old -db db_prod -yes", "Record the history of another database"),
    ],
    flags: |command, program| {
        flags::on_database(command, program)
            .arg(FROM.arg().required(true).value_parser(SourceTool::ALL.map(SourceTool::name)))
            .args([SOURCE.arg().required(true), TABLE.arg(), FORCE.arg(), flags::YES.arg()])
            .arg(flags::UNSUPPORTED_SERVER.arg())
    },
    run: import,
};

fn import(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let Some(tool) = context.get(&FROM).and_then(|name| SourceTool::named(&name)) else {
        return Ok(Exit::Usage);
    };
    let (source, dir) = (context.get(&SOURCE).unwrap_or_default(), context.dir());
    let mut found = read(tool, &source, &dir)?;
    let mut ours = convert::convert(tool, &found.migrations);
    let place = output::place(&dir, &ours)?;
    let loaded = load(&dir, &place, &mut ours);
    let is_to_write = context.has(&flags::YES) && matches!(place, Place::Free { .. });
    let outside = found.outside();
    if is_to_write && !outside.is_empty() {
        return Err(ImportError::Obstacles { folder: source, obstacles: outside }.into());
    }
    if matches!(place, Place::Free { .. }) {
        found.remarks.extend(outside);
    }
    let report = Report { context, tool, source: &source, dir: &dir, found: &found, ours: &ours };
    report.remarks();
    if !context.has(&flags::YES) {
        report.files(&place, "to be written to")?;
    }
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(problems) => {
            // They are the user's to mend, which is easier in the files than in a terminal.
            if is_to_write {
                write(&dir, &ours)?;
                report.files(&place, "written to")?;
                context.console.status("Mend what follows, and import again for the history:");
            }
            return Err(problems.into());
        }
    };
    let target = Target::of(Migrations::from(loaded.set), context)?;
    let mut past = {
        let table = context.get(&TABLE).unwrap_or_else(|| tool.table().to_owned());
        HistoryImport::read(
            context,
            &target,
            (tool, table),
            context.has(&FORCE),
            &found.migrations,
            &ours,
        )?
    };
    if is_to_write {
        let written = write(&dir, &ours)?;
        match lokstra_source::lock(Path::new(""), &dir) {
            Ok(locked) => report_hazards(context, &locked.hazards),
            Err(problems) => {
                output::take_back(&written);
                return Err(problems.into());
            }
        }
    }
    if context.has(&flags::YES) {
        report.files(&place, "written to")?;
        past.iter_mut().try_for_each(HistoryImport::record)?;
    }
    report.history(past.as_ref())?;
    report.document(&place, past.as_ref())?;
    if !context.has(&flags::YES) {
        context.console.status("nothing was changed: -yes changes it");
    }
    Ok(Exit::Done)
}

/// The migrations of their folder, if all of them can be taken over.
fn read(tool: SourceTool, source: &str, dir: &str) -> Result<Found, ImportError> {
    let folder = source.to_owned();
    let canonical = |folder: &str| Path::new(folder).canonicalize().ok();
    if source == dir || canonical(source).is_some_and(|path| canonical(dir) == Some(path)) {
        return Err(ImportError::SameFolder { folder });
    }
    let files = Source::read(Path::new(source))
        .map_err(|(path, source)| ImportError::Read { folder: below(&folder, &path), source })?;
    let found = tool.read(&files);
    if found.migrations.is_empty() {
        let others = SourceTool::that_read(&files);
        if !others.is_empty() || found.obstacles.is_empty() {
            let (tool, remarks) = (tool.name(), found.remarks);
            return Err(ImportError::Nothing { tool, folder, others, remarks });
        }
    }
    if !found.obstacles.is_empty() {
        return Err(ImportError::Obstacles { folder, obstacles: found.obstacles });
    }
    Ok(found)
}

/// The place of what cannot be read.
fn below(folder: &str, path: &str) -> String {
    if path.is_empty() { folder.to_owned() } else { format!("{folder}/{}", shown_line(path)) }
}

/// What is there is taken as it is, since people edit what was imported.
fn load(dir: &str, place: &Place, ours: &mut [ConvertedMigration]) -> Result<Loaded, Problems> {
    match place {
        Place::Free { settings } => convert::judge(dir, settings.as_deref(), ours),
        Place::Taken { .. } => Loader::new(Path::new(""), dir).load(),
    }
}

fn write(dir: &str, ours: &[ConvertedMigration]) -> Result<Vec<PathBuf>, CommandError> {
    output::write(dir, ours).map_err(|(path, source)| CommandError::of_file(&path, &source))
}
