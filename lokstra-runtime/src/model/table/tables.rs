//! The tracking table and the tables beside it: their names and their columns.

use lokstra_core::text::quote::literal;
use lokstra_core::text::{shown, split, split_once};
use lokstra_core::{DOWN_TABLE, PROGRESS_TABLE, TableName, Version};

/// The columns of the tracking table that is there, each with its type: `version bigint,checksum text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape(pub(crate) String);

impl Shape {
    pub(crate) fn type_of(&self, column: &str) -> Option<&str> {
        let mut columns = split(&self.0, ",").filter_map(|column| split_once(column, " "));
        columns.find(|(name, _)| *name == column).map(|(_, kind)| kind)
    }

    /// This table with every column that we write.
    pub(crate) fn extended(mut self) -> Shape {
        for (name, _) in ADDED_COLUMNS {
            if self.type_of(name).is_none() {
                for piece in [",", name, " "] {
                    self.0.push_str(piece);
                }
            }
        }
        self
    }

    /// The table as we make it.
    pub(crate) fn ours() -> Shape {
        Shape("version bigint,applied_at timestamp with time zone".to_owned()).extended()
    }

    /// Whether every column that we write is there. The table of the Go framework has three.
    pub(crate) fn is_ours(&self) -> bool {
        ADDED_COLUMNS.iter().all(|(column, _)| self.type_of(column).is_some())
    }

    /// The highest version that the `version` column holds: the Go framework made it an `integer`.
    pub(crate) fn highest_version(&self) -> Version {
        match self.type_of("version") {
            Some("integer") => Version::new(i64::from(i32::MAX)).unwrap_or(Version::MAX),
            _ => Version::MAX,
        }
    }

    /// The expression for `applied_at`, from one of a `timestamptz`: a column without a time zone
    /// holds UTC.
    pub(crate) fn moment(shape: Option<&Shape>, moment: &str) -> String {
        match shape.and_then(|shape| shape.type_of("applied_at")) {
            Some("timestamp without time zone") => format!("pg_catalog.timezone('UTC', {moment})"),
            _ => moment.to_owned(),
        }
    }
}

/// What our table has and the Go framework's has not. Nullable, so that the Go program can go on
/// writing to it.
pub(crate) const ADDED_COLUMNS: [(&str, &str); 4] = [
    ("checksum", "pg_catalog.text"),
    ("down_checksum", "pg_catalog.text"),
    ("applied_by", "pg_catalog.text"),
    ("execution_ms", "pg_catalog.int8"),
];

/// The side table with the progress of no-transaction scripts, one for all histories of a schema.
/// Beside the history and not in it: the Go framework counts any row of the history as applied.
pub(crate) fn progress_table(table: &TableName) -> String {
    format!("\"{}\".\"{PROGRESS_TABLE}\"", table.schema())
}

/// The name of a tracking table, by which the tables beside it have its rows.
#[inline(never)]
pub(crate) fn name(history: &TableName) -> String {
    literal(&shown(history))
}

/// One for all histories of a schema.
pub(crate) fn table(history: &TableName) -> String {
    format!("\"{}\".\"{DOWN_TABLE}\"", history.schema())
}
