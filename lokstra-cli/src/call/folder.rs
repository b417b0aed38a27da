//! Reads the folder of migrations.

use std::path::Path;

use lokstra_core::{Builder, DatabaseSpec, TableName};
use lokstra_runtime::Migrations;
use lokstra_source::{Code, Loaded, Loader, Problems};

use super::context::Call;
use crate::output::Tone;

/// Reads and checks the folder.
pub(crate) fn read(call: &Call<'_>) -> Result<Migrations, Problems> {
    Ok(report_warnings(call, Loader::new(Path::new(""), &call.dir()).load()?))
}

/// As [`read`], whatever `lokstra.lock` has against it and although some migrations are broken; their
/// files with the migrations.
pub(crate) fn read_despite_problems(
    call: &Call<'_>,
) -> Result<(Migrations, Vec<String>), Problems> {
    let loaded = Loader::new(Path::new(""), &call.dir()).ignore_migration_problems().load()?;
    let broken = loaded.warnings.iter().filter(|it| it.is_error() && !it.is_of_lock());
    let broken = broken.map(|it| it.path().to_owned()).collect();
    Ok((report_warnings(call, loaded), broken))
}

/// As [`read_despite_problems`]; where there is no folder, a database without migrations.
pub(crate) fn read_or_empty(call: &Call<'_>) -> Result<(Migrations, Vec<String>), Problems> {
    let problems = match read_despite_problems(call) {
        Ok(read) => return Ok(read),
        Err(problems) => problems,
    };
    if problems.iter().any(|it| it.code() != Code::FolderNotFound) {
        return Err(problems);
    }
    let mut builder = Builder::new();
    let database = DatabaseSpec {
        folder: &call.dir(),
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

fn report_warnings(call: &Call<'_>, loaded: Loaded) -> Migrations {
    let warning = call.console.on_stderr(Tone::Warning, "warning:");
    for problem in &loaded.warnings {
        call.console.talk(format_args!("{warning} {problem}"));
    }
    Migrations::from(loaded.set)
}
