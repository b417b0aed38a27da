//! What the server answers to a simple query.

use postgres::{SimpleQueryMessage, SimpleQueryRow};

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
