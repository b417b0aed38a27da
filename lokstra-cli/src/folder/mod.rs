//! What only the program `lokstra` has: verbs that read and write a folder of migrations.

mod changed;
mod create;
pub(crate) mod import;
pub(crate) mod init;
mod lint;
mod lock;
pub(crate) mod pages;
pub(crate) mod problems;

use std::path::Path;

use lokstra_runtime::Migrations;
use lokstra_source::Loaded;

use crate::call::{Call, Verb};
use crate::console::Tone;
use crate::error::Error;

/// Before the verbs that go to a database, in the help.
pub(crate) const FIRST: &[&Verb] = &[&init::VERB, &create::VERB];

/// After them.
pub(crate) const LAST: &[&Verb] = &[&lint::VERB, &lock::LOCK, &lock::RENUMBER, &import::VERB];

/// Reads and checks the folder.
pub(crate) fn read(call: &Call<'_>) -> Result<Migrations, Error> {
    Ok(told(call, lokstra_source::load(Path::new(""), &call.dir())?))
}

/// As [`read`], whatever `lokstra.lock` has against it and although some migrations are broken; their
/// files with the migrations.
pub(crate) fn read_despite_problems(call: &Call<'_>) -> Result<(Migrations, Vec<String>), Error> {
    let loaded = lokstra_source::load_despite_problems(Path::new(""), &call.dir())?;
    let broken = loaded.warnings.iter().filter(|it| it.is_error() && !it.is_of_lock());
    let broken = broken.map(|it| it.path().to_owned()).collect();
    Ok((told(call, loaded), broken))
}

fn told(call: &Call<'_>, loaded: Loaded) -> Migrations {
    let warning = call.console.on_stderr(Tone::Warning, "warning:");
    for problem in &loaded.warnings {
        call.console.talk(format_args!("{warning} {problem}"));
    }
    Migrations::from(loaded.set)
}
