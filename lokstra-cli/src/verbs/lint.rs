use lokstra_core::{Database, Script, Snippet};
use lokstra_runtime::postgres::Client;
use lokstra_runtime::postgres::error::ErrorPosition;

use crate::error::Error;
use crate::output;
use crate::target::Target;

/// `lokstra migration lint`: what the build checks has been checked when there is a target; with
/// `-server` the server judges the syntax too, in its own version.
pub(crate) fn lint(target: &Target, ask_server: bool) -> Result<(), Error> {
    let (mut scripts, mut found) = (0, 0);
    for database in target.migrations.databases() {
        let is_asked = ask_server && target.is_asked_for(database.name());
        let mut server = is_asked.then(|| judge(target, database)).transpose()?;
        for migration in database.migrations() {
            for script in [migration.up(), migration.down()] {
                scripts += 1;
                if let Some(server) = &mut server {
                    found += refused(server, script)?;
                }
            }
        }
    }
    if found > 0 {
        return Err(Error::Refused { found });
    }
    let judge = if ask_server { ", and the server can parse them all" } else { "" };
    output::line(format_args!("{scripts} scripts, no problem{judge}"))
}

/// A session in an aborted transaction: it parses what it is given, and goes no further.
fn judge(target: &Target, database: Database<'_>) -> Result<Client, Error> {
    let mut client = target.pool(database)?.connect()?;
    client.batch_execute("BEGIN; SELECT 1/0").ok();
    Ok(client)
}

/// Tells the statements that the server cannot parse.
fn refused(server: &mut Client, script: Script<'_>) -> Result<usize, Error> {
    let mut found = 0;
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
        let snippet = Snippet::new(script.text(), range.start + at);
        output::talk(format_args!(
            "error: {}:{}: {} [server]\n{snippet}",
            script.path(),
            snippet.position(),
            error.message(),
        ));
        found += 1;
    }
    Ok(found)
}
