//! The tracking table and the tables beside it: their names and their columns.

use lokstra_core::text::quote::literal;
use lokstra_core::text::{split, split_once, to_string};
use lokstra_core::{DOWN_TABLE, Migration, PROGRESS_TABLE, TableName, Version};

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
        for column in &HISTORY {
            if column.is_added && self.type_of(column.name).is_none() {
                for piece in [",", column.name, " "] {
                    self.0.push_str(piece);
                }
            }
        }
        self
    }

    /// The table as this version creates it.
    pub(crate) fn current() -> Shape {
        Shape("version bigint,applied_at timestamp with time zone".to_owned()).extended()
    }

    /// Whether every column that this version writes exists. The table of the Go framework has three.
    pub(crate) fn is_current(&self) -> bool {
        HISTORY.iter().all(|column| !column.is_added || self.type_of(column.name).is_some())
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

/// A column of the tracking table.
struct Column {
    name: &'static str,
    definition: &'static str,
    /// The category of its type, as `pg_type` has it.
    category: &'static str,
    /// The table of the Go framework has no such column. Nullable, so that the Go program can still write
    /// to the table.
    is_added: bool,
}

const fn column(name: &'static str, definition: &'static str, category: &'static str) -> Column {
    Column { name, definition, category, is_added: false }
}

const fn added(name: &'static str, definition: &'static str, category: &'static str) -> Column {
    Column { name, definition, category, is_added: true }
}

/// In the order of [`HISTORY_COLUMNS`] and [`history_row`]; read by
/// [`Applied::parse`](crate::model::state::history::Applied::parse).
const HISTORY: [Column; 7] = [
    column("version", "pg_catalog.int8 PRIMARY KEY", "N"),
    column("description", "pg_catalog.text", "S"),
    column(
        "applied_at",
        "pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()",
        "D",
    ),
    added("checksum", "pg_catalog.text", "S"),
    added("down_checksum", "pg_catalog.text", "S"),
    added("applied_by", "pg_catalog.text", "S"),
    added("execution_ms", "pg_catalog.int8", "N"),
];

/// What a record writes.
pub(crate) const HISTORY_COLUMNS: &str =
    "version, description, applied_at, checksum, down_checksum, applied_by, execution_ms";

/// When, by whom and how long a migration was run, as expressions of SQL.
pub(crate) struct RunMetadata {
    pub(crate) applied_at: String,
    pub(crate) applied_by: String,
    pub(crate) execution_ms: String,
}

/// The row of a migration, for `VALUES`.
pub(crate) fn history_row(migration: Migration<'_>, version: &str, run: &RunMetadata) -> String {
    let RunMetadata { applied_at, applied_by, execution_ms } = run;
    format!(
        "({version}, {}, {applied_at}, '{}', '{}', {applied_by}, {execution_ms})",
        literal(migration.description()),
        migration.up().checksum(),
        migration.down().checksum(),
    )
}

pub(crate) fn create_history(table: &TableName) -> String {
    let columns = definitions(&mut HISTORY.iter(), "");
    format!("CREATE TABLE IF NOT EXISTS {} ({columns});", table.quoted())
}

pub(crate) fn extend_history(table: &TableName) -> String {
    let mut added = HISTORY.iter().filter(|column| column.is_added);
    let columns = definitions(&mut added, "ADD COLUMN IF NOT EXISTS ");
    format!("ALTER TABLE {} {columns};", table.quoted())
}

fn definitions(columns: &mut dyn Iterator<Item = &Column>, prefix: &str) -> String {
    let mut sql = String::new();
    for column in columns {
        sql.push_str(if sql.is_empty() { "" } else { ", " });
        for piece in [prefix, column.name, " ", column.definition] {
            sql.push_str(piece);
        }
    }
    sql
}

/// The columns of a tracking table and the category of their types, as a table of SQL.
pub(crate) fn history_categories() -> String {
    let mut rows = String::new();
    for column in &HISTORY {
        rows.push_str(if rows.is_empty() { "" } else { ", " });
        for piece in ["('", column.name, "', '", column.category, "')"] {
            rows.push_str(piece);
        }
    }
    format!("(VALUES {rows}) w(name, category)")
}

/// The side table with the progress of no-transaction scripts, one for all histories of a schema.
/// Beside the history and not in it: the Go framework counts any row of the history as applied.
pub(crate) fn progress_table(table: &TableName) -> String {
    format!("\"{}\".\"{PROGRESS_TABLE}\"", table.schema())
}

pub(crate) fn create_progress(history: &TableName) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {} (history pg_catalog.text NOT NULL, \
         version pg_catalog.int8 NOT NULL, direction pg_catalog.text NOT NULL, \
         done pg_catalog.int4 NOT NULL, total pg_catalog.int4 NOT NULL, \
         fingerprint pg_catalog.int8 NOT NULL, running pg_catalog.bool NOT NULL, \
         changed_at pg_catalog.timestamptz NOT NULL, \
         PRIMARY KEY (history, version, direction));",
        progress_table(history)
    )
}

/// What the progress of a script writes, and how it replaces the row that is there.
pub(crate) const PROGRESS_COLUMNS: &str =
    "history, version, direction, done, total, fingerprint, running, changed_at";
pub(crate) const PROGRESS_UPDATE: &str = "ON CONFLICT (history, version, direction) DO UPDATE SET done = EXCLUDED.done, \
     total = EXCLUDED.total, fingerprint = EXCLUDED.fingerprint, running = EXCLUDED.running, \
     changed_at = EXCLUDED.changed_at";

/// The name of a tracking table, by which the tables beside it have its rows.
#[inline(never)]
pub(crate) fn name(history: &TableName) -> String {
    literal(&to_string(history))
}

/// The side table with the down SQL, one for all histories of a schema.
pub(crate) fn down_table(history: &TableName) -> String {
    format!("\"{}\".\"{DOWN_TABLE}\"", history.schema())
}

/// Only the owner may read or write it: a run executes what it holds.
pub(crate) fn create_down(history: &TableName) -> String {
    let table = down_table(history);
    format!(
        "CREATE TABLE IF NOT EXISTS {table} (history pg_catalog.text NOT NULL, \
         version pg_catalog.int8 NOT NULL, description pg_catalog.text NOT NULL, \
         path pg_catalog.text NOT NULL, mode pg_catalog.text NOT NULL, \
         statements pg_catalog.int4[] NOT NULL, sql pg_catalog.text, \
         checksum pg_catalog.text NOT NULL, kept_at pg_catalog.timestamptz NOT NULL, \
         PRIMARY KEY (history, version));\
         REVOKE ALL ON {table} FROM PUBLIC;"
    )
}

/// What storing down SQL writes, and how it replaces the row that is there.
pub(crate) const DOWN_COLUMNS: &str =
    "history, version, description, path, mode, statements, sql, checksum, kept_at";
pub(crate) const DOWN_UPDATE: &str = "ON CONFLICT (history, version) DO UPDATE SET description = EXCLUDED.description, \
     path = EXCLUDED.path, mode = EXCLUDED.mode, statements = EXCLUDED.statements, \
     sql = EXCLUDED.sql, checksum = EXCLUDED.checksum, kept_at = EXCLUDED.kept_at";
