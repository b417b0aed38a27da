//! Queries that change nothing: each is a read-only transaction of its own, with short timeouts, and
//! leaves no setting behind, which a connection pooler would hand to another client.

use lokstra_runtime::postgres::{Client, Error, SimpleQueryMessage, SimpleQueryRow};

const LIMITS: &str = "SELECT pg_catalog.set_config('statement_timeout', '5s', true), \
     pg_catalog.set_config('lock_timeout', '1s', true), \
     pg_catalog.set_config('transaction_read_only', 'on', true);";

/// Makes operators too those of `pg_catalog`, whatever schemas the database has.
const PATH: &str = "SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);";

/// Returns the rows of one SELECT.
pub(crate) fn rows(client: &mut Client, select: &str) -> Result<Vec<Row>, Error> {
    simple_query(client, &format!("{LIMITS}{PATH}{select}"))
}

/// Returns the rows of one SELECT, under the search path of the session.
pub(crate) fn rows_as_it_is(client: &mut Client, select: &str) -> Result<Vec<Row>, Error> {
    simple_query(client, &format!("{LIMITS}{select}"))
}

/// Returns the rows of the last statement; those before it only set limits.
fn simple_query(client: &mut Client, message: &str) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    for message in client.simple_query(message)? {
        match message {
            SimpleQueryMessage::RowDescription(_) => rows.clear(),
            SimpleQueryMessage::Row(row) => rows.push(Row(row)),
            _ => {}
        }
    }
    Ok(rows)
}

/// A row whose values are texts.
#[derive(Debug)]
pub(crate) struct Row(SimpleQueryRow);

impl Row {
    /// The text of a column; empty for NULL.
    pub(crate) fn text(&self, column: &str) -> &str {
        self.0.try_get(column).ok().flatten().unwrap_or_default()
    }

    pub(crate) fn number(&self, column: &str) -> i64 {
        self.text(column).parse().unwrap_or_default()
    }

    pub(crate) fn is(&self, column: &str) -> bool {
        self.text(column) == "t"
    }
}

pub(crate) fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
