use std::path::Path;

use lokstra_core::{Database, Script};
use lokstra_runtime::Migrations;
use lokstra_runtime::postgres::Client;
use lokstra_runtime::postgres::error::ErrorPosition;
use lokstra_source::{Lint, Loaded, Problem};

use super::problems::{self, summary};
use crate::args::{self, Arguments, Format};
use crate::error::Error;
use crate::exit::Exit;
use crate::output;
use crate::target::Target;

/// `lokstra migration lint`: what the build refuses and what it may warn of; with `-server` the
/// server judges the syntax too, in its own version.
pub(crate) fn lint(arguments: &Arguments, options: args::Lint) -> Result<Exit, Error> {
    let lint = if options.all { Lint::All } else { Lint::NotLocked };
    let (found, scope) = match lokstra_source::load_linted(Path::new(""), arguments.dir(), lint) {
        Ok(loaded) => checked(loaded, arguments, options)?,
        Err(problems) => (problems.iter().cloned().collect(), String::new()),
    };
    problems::show(&found, options.format)?;
    if options.format == Format::Human {
        output::line(format_args!("{scope}{}", summary(&found)))?;
    }
    Ok(if found.iter().any(Problem::is_error) { Exit::Failed } else { Exit::Done })
}

/// The problems of a folder that the build takes, and what was looked at.
fn checked(
    loaded: Loaded,
    arguments: &Arguments,
    options: args::Lint,
) -> Result<(Vec<Problem>, String), Error> {
    let Loaded { set, mut warnings, locked, .. } = loaded;
    let migrations = Migrations::from(set);
    let count: usize = migrations.databases().map(|database| 2 * database.len()).sum();
    let mut scope = match 2 * locked {
        locked if locked > 0 && !options.all => {
            format!("{count} scripts ({locked} of them locked, -all looks for their hazards too)")
        }
        _ => format!("{count} scripts"),
    };
    if options.server {
        let refused = refused(&Target::of(migrations, arguments)?)?;
        if refused.is_empty() {
            scope += ", all of which the server can parse";
        }
        warnings.extend(refused);
        warnings.sort_by(|a, b| (a.path(), a.position()).cmp(&(b.path(), b.position())));
    }
    Ok((warnings, scope + ": "))
}

/// What the servers cannot parse.
fn refused(target: &Target) -> Result<Vec<Problem>, Error> {
    let mut found = Vec::new();
    let databases = target.migrations.databases();
    for database in databases.filter(|database| target.is_asked_for(database.name())) {
        let mut server = judge(target, database)?;
        for migration in database.migrations() {
            for script in [migration.up(), migration.down()] {
                ask(&mut server, script, &mut found)?;
            }
        }
    }
    Ok(found)
}

/// A session in an aborted transaction: it parses what it is given, and goes no further.
fn judge(target: &Target, database: Database<'_>) -> Result<Client, Error> {
    let mut client = target.pool(database)?.connect()?;
    client.batch_execute("BEGIN; SELECT 1/0").ok();
    Ok(client)
}

/// Adds the statements that the server cannot parse.
fn ask(server: &mut Client, script: Script<'_>, found: &mut Vec<Problem>) -> Result<(), Error> {
    for range in script.statement_ranges() {
        let statement = &script.text()[range.clone()];
        let Err(error) = server.prepare(statement) else { continue };
        let Some(error) = error.as_db_error() else { return Err(Error::Server(error)) };
        // In a failed transaction: what everything that parses is told.
        if error.code().code() == "25P02" {
            continue;
        }
        let nth = match error.position() {
            Some(ErrorPosition::Original(nth)) => nth.saturating_sub(1) as usize,
            _ => 0,
        };
        let at = statement.char_indices().nth(nth).map_or(statement.len(), |(at, _)| at);
        let (path, text) = (script.path(), script.text());
        found.push(Problem::of_server(path, text, range.start + at, error.message()));
    }
    Ok(())
}
