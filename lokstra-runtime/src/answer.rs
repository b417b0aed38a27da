//! What the server answers to a simple query.

use postgres::{SimpleQueryMessage, SimpleQueryRow};

use crate::client::{Answer, Client};
use crate::error::Error;

/// Asks something that no script is to blame for.
pub(crate) fn ask(client: &mut Client, query: &str) -> Result<Answer, Error> {
    client.simple_query(query).map_err(Error::query)
}

/// The rows of all its statements.
pub(crate) fn rows(messages: &[SimpleQueryMessage]) -> impl Iterator<Item = &SimpleQueryRow> {
    messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    })
}

/// A value; `None` where it is NULL, or where the row has no such column.
#[inline(never)]
pub(crate) fn text<'r>(row: &'r SimpleQueryRow, column: &str) -> Option<&'r str> {
    row.try_get(column).ok().flatten()
}

/// The value, to keep.
#[inline(never)]
pub(crate) fn owned(row: &SimpleQueryRow, column: &str) -> Option<String> {
    text(row, column).map(str::to_owned)
}

/// A whole number.
#[inline(never)]
pub(crate) fn number(row: &SimpleQueryRow, column: &str) -> Option<i64> {
    text(row, column)?.parse().ok()
}

/// Whether it is true, and not NULL.
#[inline(never)]
pub(crate) fn holds(row: &SimpleQueryRow, column: &str) -> bool {
    text(row, column) == Some("t")
}
