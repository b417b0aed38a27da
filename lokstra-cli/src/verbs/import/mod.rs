//! Imports the migrations of another tool: its folder is converted, and its history is recorded in the
//! tracking table. Nothing of the other tool is changed, and no migration runs.
//!
//! `source` holds the files and the rows of the other tool, `tools` has a file per tool that finds the
//! migrations, `convert` converts them, and `history` reads what is applied, compares it with the files
//! and records it.

mod convert;
mod error;
mod history;
mod report;
mod source;
#[cfg(test)]
mod testing;
mod tools;

use std::path::{Path, PathBuf};

use lokstra_core::printable_line;
use lokstra_runtime::Migrations;
use lokstra_source::{Loaded, Loader, Problems};

use self::convert::ConvertedMigration;
use self::convert::output::{self, OutputFolder};
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
Without -yes it only shows what it would change. The folder and the table of the
other tool are not changed, and no migration runs. A folder that already has the
migrations is used as it is, so that the same command records the history of the
next database.

Exit codes: 5 if the table and the folder of the other tool disagree, or if the
history of lokstra contradicts them.";

const FROM: Flag<String> = Flag::new(
    "from",
    "TOOL",
    flags::text,
    "The tool to import from: refinery, sqlx, diesel,\ngolang-migrate, goose, dbmate or flyway",
);
const SOURCE: Flag<String> =
    Flag::new("source", "FOLDER", flags::text, "The folder of that tool; -dir is the new one");
const TABLE: Flag<String> = Flag::new(
    "table",
    "NAME",
    flags::text,
    "The table of that tool, if it is not the default:\napp.schema_history",
);
const FORCE: Switch = Switch::new(
    "force",
    "Record the history even if the table and the\nfolder of that tool disagree",
);

pub(crate) const VERB: Verb = Verb {
    name: "import",
    about: "Import another tool's migrations and history",
    details: DETAILS,
    examples: &[
        ("-from sqlx -source old", "What would be written, and recorded in DATABASE_URL"),
        ("-from sqlx -source old -dir migrations -yes", "Write the folder and record the history"),
        ("-from sqlx -source old -db db_prod -yes", "Record the history of another database"),
    ],
    flags: |command, program| {
        flags::on_database(command, program)
            .arg(
                FROM.arg()
                    .required(true)
                    .value_parser(SourceTool::ALL.map(SourceTool::name))
                    .hide_possible_values(true),
            )
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
    let mut converted = convert::convert(tool, &found.migrations);
    let folder = output::inspect(&dir, &converted)?;
    let loaded = load(&dir, &folder, &mut converted);
    let is_to_write = context.has(&flags::YES) && matches!(folder, OutputFolder::Free { .. });
    let outside = found.outside();
    if is_to_write && !outside.is_empty() {
        return Err(ImportError::Obstacles { folder: source, obstacles: outside }.into());
    }
    if matches!(folder, OutputFolder::Free { .. }) {
        found.remarks.extend(outside);
    }
    let report =
        Report { context, tool, source: &source, dir: &dir, found: &found, converted: &converted };
    report.remarks();
    if !context.has(&flags::YES) {
        report.files(&folder, "to be written to")?;
    }
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(problems) => {
            // The user has to fix them, which is easier in the written files.
            if is_to_write {
                write(&dir, &converted)?;
                report.files(&folder, "written to")?;
                context
                    .console
                    .status("Fix these problems, and import again to record the history:");
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
            &converted,
        )?
    };
    if is_to_write {
        let written = write(&dir, &converted)?;
        match lokstra_source::lock(Path::new(""), &dir) {
            Ok(locked) => report_hazards(context, &locked.hazards),
            Err(problems) => {
                output::remove(&written);
                return Err(problems.into());
            }
        }
    }
    if context.has(&flags::YES) {
        report.files(&folder, "written to")?;
        past.iter_mut().try_for_each(HistoryImport::record)?;
    }
    report.history(past.as_ref())?;
    report.document(&folder, past.as_ref())?;
    if !context.has(&flags::YES) {
        context.console.status("nothing was changed: confirm with -yes");
    }
    Ok(Exit::Done)
}

/// Reads the migrations of the other tool, if all of them can be imported.
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

/// The path of an unreadable file.
fn below(folder: &str, path: &str) -> String {
    if path.is_empty() { folder.to_owned() } else { format!("{folder}/{}", printable_line(path)) }
}

/// Loads the converted migrations. An existing folder is used as it is, because people edit imported
/// files.
fn load(
    dir: &str,
    folder: &OutputFolder,
    converted: &mut [ConvertedMigration],
) -> Result<Loaded, Problems> {
    match folder {
        OutputFolder::Free { settings } => convert::check(dir, settings.as_deref(), converted),
        OutputFolder::Taken { .. } => Loader::new(Path::new(""), dir).load(),
    }
}

fn write(dir: &str, converted: &[ConvertedMigration]) -> Result<Vec<PathBuf>, CommandError> {
    output::write(dir, converted).map_err(|(path, source)| CommandError::of_file(&path, &source))
}
