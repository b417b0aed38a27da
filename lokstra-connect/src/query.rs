//! What the server answers to a simple query.

use postgres::{SimpleQueryMessage, SimpleQueryRow};

/// Returns the rows of all its statements.
pub fn rows(messages: &[SimpleQueryMessage]) -> impl Iterator<Item = &SimpleQueryRow> {
    messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    })
}

/// Returns a value; `None` where it is NULL, or where the row has no such column.
#[inline(never)]
pub fn text<'r>(row: &'r SimpleQueryRow, column: &str) -> Option<&'r str> {
    row.try_get(column).ok().flatten()
}

/// Returns the value, to keep.
#[inline(never)]
pub fn owned(row: &SimpleQueryRow, column: &str) -> Option<String> {
    text(row, column).map(str::to_owned)
}

/// Returns a whole number.
#[inline(never)]
pub fn number(row: &SimpleQueryRow, column: &str) -> Option<i64> {
    text(row, column)?.parse().ok()
}

/// Returns whether it is true, and not NULL.
#[inline(never)]
pub fn holds(row: &SimpleQueryRow, column: &str) -> bool {
    text(row, column) == Some("t")
}
