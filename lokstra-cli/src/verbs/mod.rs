//! The verbs, in the order of the help.

mod baseline;
#[cfg(feature = "folder")]
mod create;
mod database;
mod doctor;
mod down;
pub(crate) mod dump;
mod goto;
#[cfg(feature = "folder")]
pub(crate) mod import;
#[cfg(feature = "folder")]
pub(crate) mod init;
#[cfg(feature = "folder")]
mod lint;
#[cfg(feature = "folder")]
mod lock;
mod plan;
mod redo;
mod repair;
#[cfg(feature = "folder")]
mod schema;
mod status;
mod up;
#[cfg(feature = "verify")]
mod verify;
mod version;

use clap::ArgMatches;

use crate::call::{CommandContext, LEAD, Program, Verb};
use crate::output::{CommandError, Console, Exit};

/// The verbs before those that connect to a database, in the help.
#[cfg(feature = "folder")]
const ON_FOLDER_FIRST: &[&Verb] = &[&init::VERB, &create::VERB];

/// The verbs after them.
#[cfg(feature = "folder")]
const ON_FOLDER_LAST: &[&Verb] =
    &[&schema::VERB, &lint::VERB, &lock::LOCK, &lock::RENUMBER, &import::VERB];

/// The verbs of every program.
const ON_DATABASE: &[&Verb] = &[
    &up::VERB,
    &down::VERB,
    &redo::VERB,
    &goto::VERB,
    &plan::VERB,
    &status::VERB,
    &version::VERB,
    &baseline::VERB,
    &repair::VERB,
    &doctor::VERB,
    &dump::VERB,
];

/// The verbs that never use the database itself.
#[cfg(feature = "verify")]
const ON_SCRATCH: &[&Verb] = &[&verify::VERB];
#[cfg(not(feature = "verify"))]
const ON_SCRATCH: &[&Verb] = &[];

/// The verbs of `lokstra` alone, whose names every program knows.
pub(crate) const ON_FOLDER: [&str; 7] =
    ["init", "create", "schema", "lint", "lock", "renumber", "import"];

pub(crate) fn all(program: &Program<'_>) -> impl Iterator<Item = &'static Verb> {
    #[cfg(feature = "folder")]
    let (first, last) = if program.is_over_a_folder() {
        (ON_FOLDER_FIRST, ON_FOLDER_LAST)
    } else {
        (&[][..], &[][..])
    };
    #[cfg(not(feature = "folder"))]
    let (first, last): (&[&Verb], &[&Verb]) = (&[], &[]);
    let _ = program;
    first.iter().chain(ON_DATABASE).chain(ON_SCRATCH).chain(last).copied()
}

/// The verbs of `lokstra database`.
#[cfg(feature = "folder")]
pub(crate) const ON_WHOLE_DATABASE: &[&Verb] =
    &[&database::CREATE, &database::DROP, &database::RESET, &database::URL];

pub(crate) fn run(
    lead: &str,
    name: &str,
    program: &Program<'_>,
    matches: &ArgMatches,
    console: &Console<'_>,
) -> Result<Exit, CommandError> {
    let is_named = |verb: &&Verb| verb.name == name;
    #[cfg(feature = "folder")]
    let found = match lead {
        LEAD => all(program).find(is_named),
        _ => ON_WHOLE_DATABASE.iter().copied().find(is_named),
    };
    #[cfg(not(feature = "folder"))]
    let found = all(program).filter(|_| lead == LEAD).find(is_named);
    match found {
        Some(verb) => (verb.run)(&CommandContext::new(program, console, matches)),
        None => Ok(Exit::Usage),
    }
}

#[cfg(all(test, feature = "folder"))]
mod tests {
    use super::*;

    #[test]
    fn the_verbs_of_the_folder_are_known_without_it() {
        let names: Vec<_> =
            ON_FOLDER_FIRST.iter().chain(ON_FOLDER_LAST).map(|verb| verb.name).collect();
        assert_eq!(names, ON_FOLDER);
    }
}
