//! Reads the history of the other tool.

pub(crate) mod compare;
pub(crate) mod record;

use lokstra_runtime::postgres::error::SqlState;
use lokstra_runtime::postgres::{Client, Error, SimpleQueryMessage};

use crate::verbs::import::source::{History, Row, SourceMigration};
use crate::verbs::import::tools::SourceTool;

/// Quotes the name of a table: `history`, or `app.history`.
pub(crate) fn quoted(table: &str) -> String {
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    table.split('.').map(quote).collect::<Vec<_>>().join(".")
}

/// Reads the table without changing it; `None` if it does not exist.
pub(crate) fn read(
    client: &mut Client,
    tool: SourceTool,
    table: &str,
    migrations: &[SourceMigration],
) -> Result<Option<History>, Error> {
    // The same session reads the times back: only the order of day and month has to be certain.
    let settings = "SET LOCAL datestyle = 'ISO';";
    let query = format!("BEGIN READ ONLY; {settings} {}", tool.query(&quoted(table)));
    let answer = client.simple_query(&query);
    client.batch_execute("ROLLBACK")?;
    let messages = match answer {
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => return Ok(None),
        answer => answer?,
    };
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(Row::read(row)),
        _ => None,
    });
    Ok(Some(tool.history(rows.collect(), migrations)))
}
