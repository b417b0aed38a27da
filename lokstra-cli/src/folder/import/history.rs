//! What the history of the other tool says, read as it stands.

use lokstra_core::shown_line;
use lokstra_runtime::postgres::error::SqlState;
use lokstra_runtime::postgres::{Client, Error, SimpleQueryMessage, SimpleQueryRow};

use super::Tool;
use super::theirs::Theirs;

/// A row of its table. A tool that has no such column leaves it out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// The version, as that tool writes it.
    pub(crate) id: String,
    pub(crate) checksum: Option<String>,
    pub(crate) applied_at: Option<String>,
    pub(crate) applied_by: Option<String>,
    pub(crate) execution_ms: Option<i64>,
    /// `t` or `f`.
    pub(crate) success: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) script: Option<String>,
}

/// What the rows mean.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// What is applied, a row a migration.
    pub(crate) applied: Vec<Row>,
    /// What failed half-way, with the remedy: nothing can be said about the schema.
    pub(crate) failed: Vec<String>,
}

impl Row {
    /// One of which nothing else is known.
    pub(crate) fn of(id: &str) -> Row {
        Row { id: id.to_owned(), ..Row::default() }
    }

    fn read(row: &SimpleQueryRow) -> Row {
        let text = |column: &str| {
            let has_it = row.columns().iter().any(|one| one.name() == column);
            if has_it { row.get(column).map(str::to_owned) } else { None }
        };
        Row {
            id: shown_line(&text("id").unwrap_or_default()),
            checksum: text("checksum"),
            applied_at: text("applied_at"),
            applied_by: text("applied_by"),
            execution_ms: text("execution_ms").and_then(|number| number.parse().ok()),
            success: text("success"),
            kind: text("kind"),
            script: text("script").as_deref().map(shown_line),
        }
    }
}

impl History {
    pub(crate) fn of_applied(applied: Vec<Row>) -> History {
        History { applied, failed: Vec::new() }
    }
}

/// The table, quoted: `history` of the search path, or `app.history`.
pub(crate) fn quoted(table: &str) -> String {
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    table.split('.').map(quote).collect::<Vec<_>>().join(".")
}

/// Reads their table and changes nothing; `None` if it is not there.
pub(crate) fn read(
    client: &mut Client,
    tool: Tool,
    table: &str,
    theirs: &[Theirs],
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
