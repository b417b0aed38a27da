//! `database drop`: drops the database, after asking.

use clap::Command;
use lokstra_runtime::Pool;

use super::create::DatabaseObject;
use super::error::DatabaseError;
use super::server::{self, DatabaseServer};
use crate::call::flags::{self, Flag, Switch};
use crate::call::{CommandContext, Program, Verb};
use crate::output::json::{Connection, Databases};
use crate::output::{CommandError, Exit};
use crate::run::show_connection;

const YES_DROP: Flag<String> = Flag::new(
    "yes-drop",
    "NAME",
    flags::text,
    "Do it without asking, if this is the name of the\ndatabase; also on another machine",
);
const FORCE: Switch = Switch::new("force", "End the sessions that use it");

pub(crate) const DROP: Verb = Verb {
    name: "drop",
    about: "Drop the database, after asking",
    details: DETAILS,
    examples: &[
        ("", "The database of DATABASE_URL"),
        ("-yes", "Without asking, on this machine"),
        ("-yes-drop app_staging", "On another machine"),
    ],
    flags: dropping,
    run: drop_it,
};

const DETAILS: &str = "\
All data of the database is lost, so it asks first; without a terminal, or with
-json, it needs -yes. A database on another machine (neither a Unix socket nor
localhost) has to be named with -yes-drop. A database that other sessions use
needs -force. `postgres` and the templates are never dropped.";

/// The flags of a verb that drops the database.
pub(super) fn dropping(command: Command, program: &Program<'_>) -> Command {
    flags::on_database(command, program).args([
        flags::YES.arg().conflicts_with(YES_DROP.name),
        YES_DROP.arg(),
        FORCE.arg(),
    ])
}

fn drop_it(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let target = context.target_without_folder()?;
    let database = target.only()?;
    let mut server = reach_named(context, &target.pool(database)?)?;
    let question = format!("Drop the database {}? All its data is lost.", server.place());
    let outcome = if drop_confirmed(context, &mut server, &question)? {
        context.console.output(format_args!("Dropped the database {}", server.place()))?;
        "dropped"
    } else {
        context.console.output(format_args!("There is no database {}", server.place()))?;
        "missing"
    };
    let database = database.name().to_owned();
    let connection = Connection::from(&server.connection);
    let databases = vec![DatabaseObject { database, connection, outcome }];
    context.console.document(|| Databases { databases })?;
    Ok(Exit::Done)
}

/// Connects to the server of a database that may be dropped: not one of the server's own, and on this machine
/// unless it is named.
pub(super) fn reach_named(
    context: &CommandContext<'_>,
    pool: &Pool,
) -> Result<DatabaseServer, CommandError> {
    let (direct, connection) = server::direct(pool)?;
    let (place, name) = (server::place(&connection), connection.database);
    if ["postgres", "template0", "template1"].contains(&name.as_str()) {
        return Err(DatabaseError::Protected { name }.into());
    }
    match context.get(&YES_DROP) {
        Some(given) if given != name => {
            Err(DatabaseError::AnotherName { given, name, place }.into())
        }
        None if !direct.is_on_this_machine() => {
            Err(DatabaseError::NotOnThisMachine { name, place }.into())
        }
        _ => DatabaseServer::reach(context, pool),
    }
}

/// Drops the database once that is confirmed; returns whether it existed.
pub(super) fn drop_confirmed(
    context: &CommandContext<'_>,
    server: &mut DatabaseServer,
    question: &str,
) -> Result<bool, CommandError> {
    if !server.exists()? {
        return Ok(false);
    }
    let (sessions, force) = (server.sessions()?, context.has(&FORCE));
    if !sessions.is_empty() && !force {
        return Err(DatabaseError::InUse { name: server.name().to_owned(), sessions }.into());
    }
    if context.get(&YES_DROP).is_none() && !context.has(&flags::YES) {
        show_connection(context.console, &server.connection.to_string());
        if !sessions.is_empty() {
            context.console.status("These sessions will be ended:");
            for line in &sessions {
                context.console.status(format_args!("  {line}"));
            }
        }
        context.confirm(question)?;
    }
    server.drop_database(force)?;
    Ok(true)
}
