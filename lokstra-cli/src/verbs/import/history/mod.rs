//! What the history of the other tool says, read as it stands.

pub(crate) mod compare;
pub(crate) mod record;

use lokstra_runtime::postgres::error::SqlState;
use lokstra_runtime::postgres::{Client, Error, SimpleQueryMessage};

use crate::verbs::import::source::{History, Row, SourceMigration};
use crate::verbs::import::tools::SourceTool;

/// The table, quoted: `history` of the search path, or `app.history`.
pub(crate) fn quoted(table: &str) -> String {
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    table.split('.').map(quote).collect::<Vec<_>>().join(".")
}

/// Reads their table and changes nothing; `None` if it is not there.
pub(crate) fn read(
    client: &mut Client,
    tool: SourceTool,
    table: &str,
    theirs: &[SourceMigration],
) -> Result<Option<History>, Error> {
    // Moments are read back by the same session: only their order in a day has to be certain.
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
    Ok(Some(tool.history(rows.collect(), theirs)))
}
