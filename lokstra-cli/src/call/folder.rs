//! Reads the folder of migrations.

use std::path::Path;

use lokstra_runtime::Migrations;
use lokstra_source::{Loaded, Loader};

use super::context::Call;
use crate::output::{Error, Tone};

/// Reads and checks the folder.
pub(crate) fn read(call: &Call<'_>) -> Result<Migrations, Error> {
    Ok(report_warnings(call, Loader::new(Path::new(""), &call.dir()).load()?))
}

/// As [`read`], whatever `lokstra.lock` has against it and although some migrations are broken; their
/// files with the migrations.
pub(crate) fn read_despite_problems(call: &Call<'_>) -> Result<(Migrations, Vec<String>), Error> {
    let loaded = Loader::new(Path::new(""), &call.dir()).ignore_migration_problems().load()?;
    let broken = loaded.warnings.iter().filter(|it| it.is_error() && !it.is_of_lock());
    let broken = broken.map(|it| it.path().to_owned()).collect();
    Ok((report_warnings(call, loaded), broken))
}

fn report_warnings(call: &Call<'_>, loaded: Loaded) -> Migrations {
    let warning = call.console.on_stderr(Tone::Warning, "warning:");
    for problem in &loaded.warnings {
        call.console.talk(format_args!("{warning} {problem}"));
    }
    Migrations::from(loaded.set)
}
