//! Reads the folder of migrations.

use std::path::Path;

use lokstra_core::{Builder, DatabaseSpec, TableName};
use lokstra_runtime::Migrations;
use lokstra_source::{Code, Loaded, Loader, Problems};

use super::context::CommandContext;
use crate::output::Tone;

/// Reads and checks the folder.
pub(crate) fn read(context: &CommandContext<'_>) -> Result<Migrations, Problems> {
    Ok(report_warnings(context, Loader::new(Path::new(""), &context.dir()).load()?))
}

/// Reads the folder even if `lokstra.lock` or some migrations have problems; also returns the files of
/// those migrations.
pub(crate) fn read_despite_problems(
    context: &CommandContext<'_>,
) -> Result<(Migrations, Vec<String>), Problems> {
    let loaded = Loader::new(Path::new(""), &context.dir()).ignore_migration_problems().load()?;
    let broken = loaded.warnings.iter().filter(|it| it.is_error() && !it.is_in_lock_file());
    let broken = broken.map(|it| it.path().to_owned()).collect();
    Ok((report_warnings(context, loaded), broken))
}

/// Reads the folder as [`read_despite_problems`] does, or returns a database without migrations if there
/// is no folder.
pub(crate) fn read_or_empty(
    context: &CommandContext<'_>,
) -> Result<(Migrations, Vec<String>), Problems> {
    let problems = match read_despite_problems(context) {
        Ok(read) => return Ok(read),
        Err(problems) => problems,
    };
    if problems.iter().any(|it| it.code() != Code::FolderNotFound) {
        return Err(problems);
    }
    let mut builder = Builder::new();
    let database = DatabaseSpec {
        folder: &context.dir(),
        pool: None,
        table: TableName::default(),
        enabled: true,
        description: None,
    };
    match builder.database(&database, &[]).and_then(|()| builder.finish()) {
        Ok(set) => Ok((Migrations::from(set), Vec::new())),
        Err(_) => Err(problems),
    }
}

fn report_warnings(context: &CommandContext<'_>, loaded: Loaded) -> Migrations {
    let warning = context.console.on_stderr(Tone::Warning, "warning:");
    for problem in &loaded.warnings {
        context.console.status(format_args!("{warning} {problem}"));
    }
    Migrations::from(loaded.set)
}
