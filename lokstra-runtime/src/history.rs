use lokstra_core::{Checksum, PROGRESS_TABLE, TableName, Version};
use postgres::error::SqlState;
use postgres::{SimpleQueryMessage, SimpleQueryRow};

use crate::answer::{holds, number, owned, rows, text};
use crate::client::Client;
use crate::down_store::{self, DownStore};
use crate::error::{Error, ErrorKind};
use crate::search::{contains, split, split_once};
use crate::server::Server;
use crate::sql;
use crate::table_fault::{self, Faults, TableFault};

/// One row of the tracking table: a migration that is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// The version.
    pub version: Version,
    /// The description that it had when it was applied.
    pub description: Option<String>,
    /// The checksum of its up script; `None` in a row that another program wrote.
    pub checksum: Option<Checksum>,
    /// The checksum of its down script.
    pub down_checksum: Option<Checksum>,
    /// When it was applied, as the server writes it.
    pub applied_at: Option<String>,
    /// The database role that applied it.
    pub applied_by: Option<String>,
    /// How long it took, in milliseconds.
    pub execution_ms: Option<i64>,
}

/// What the tracking table says: the applied migrations by version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// By version, each once.
    rows: Vec<Applied>,
}

impl History {
    /// Where the row of this version is, or would be.
    #[inline(never)]
    fn place(&self, version: Version) -> Result<usize, usize> {
        match self.rows.last() {
            // As the server sends them.
            Some(last) if last.version < version => Err(self.rows.len()),
            _ => self.rows.binary_search_by(|row| row.version.cmp(&version)),
        }
    }

    /// The row of this version, if it is applied.
    pub fn get(&self, version: Version) -> Option<&Applied> {
        self.place(version).ok().map(|place| &self.rows[place])
    }

    /// Whether this version is applied.
    pub fn contains(&self, version: Version) -> bool {
        self.place(version).is_ok()
    }

    /// The highest version that is applied.
    pub fn newest(&self) -> Option<Version> {
        self.rows.last().map(|row| row.version)
    }

    /// The highest applied version below this one.
    pub(crate) fn before(&self, version: Version) -> Option<Version> {
        let (Ok(place) | Err(place)) = self.place(version);
        self.rows[..place].last().map(|row| row.version)
    }

    /// The rows, by version.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Applied> {
        self.rows.iter()
    }

    /// How many migrations are applied.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no migration is applied.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn insert(&mut self, applied: Applied) {
        match self.place(applied.version) {
            Ok(place) => self.rows[place] = applied,
            Err(place) => self.rows.insert(place, applied),
        }
    }

    pub(crate) fn remove(&mut self, version: Version) {
        if let Ok(place) = self.place(version) {
            self.rows.remove(place);
        }
    }
}

impl FromIterator<Applied> for History {
    fn from_iter<T: IntoIterator<Item = Applied>>(rows: T) -> History {
        let mut history = History::default();
        for row in rows {
            history.insert(row);
        }
        history
    }
}

/// The columns of the tracking table that is there, each with its type: `version bigint,checksum text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape(String);

impl Shape {
    fn type_of(&self, column: &str) -> Option<&str> {
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

/// What is known of the session and of the database, read together with the history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself")]
pub(crate) struct Facts {
    pub(crate) session_user: String,
    pub(crate) role: String,
    pub(crate) access: Access,
    pub(crate) encoding: Encoding,
    /// The server can notice a dead client while it works: from version 14, and where it says Linux.
    pub(crate) notices_dead_clients: bool,
    pub(crate) server: Server,
    pub(crate) sees_locks: bool,
    pub(crate) schema_exists: bool,
    pub(crate) unqualified: Unqualified,
    pub(crate) quotes: Quotes,
    /// This role may lock a row of the tracking table, also of one that it is going to make.
    pub(crate) may_update: bool,
    pub(crate) down_store: DownStore,
    /// The tracking table; `None` where there is none yet.
    pub(crate) shape: Option<Shape>,
    /// What is wrong with it.
    pub(crate) faults: Faults,
}

impl Facts {
    /// Why the table is another tool's, if it is.
    fn foreign(&self) -> Vec<TableFault> {
        let Some(shape) = &self.shape else { return Vec::new() };
        let (mut faults, mut lacking) = (Vec::new(), String::new());
        for column in ["version", "description", "applied_at"] {
            if shape.type_of(column).is_none() {
                lacking.push_str(if lacking.is_empty() { "" } else { ", " });
                lacking.push_str(column);
            }
        }
        if !lacking.is_empty() {
            faults.push(TableFault::Lacks(lacking));
        }
        for fault in &self.faults.all {
            if fault.is_foreign() {
                faults.push(fault.clone());
            }
        }
        faults
    }
}

/// What the database makes of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    /// Takes any byte; error positions count bytes instead of characters.
    SqlAscii,
    /// Lacks some characters.
    Other,
}

/// Where unqualified names lead once the schema of the tracking table is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unqualified {
    /// Into it, since the role has its name.
    IntoOurs,
    Elsewhere,
}

/// How the session reads quotes and backslashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quotes {
    /// As the build did.
    AsChecked,
    /// `standard_conforming_strings` or `backslash_quote` is off.
    Otherwise,
}

/// Whether a run can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    ReadWrite,
    /// `default_transaction_read_only` of the session, the role or the database.
    ReadOnly,
    Standby,
}

/// One look at the database.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) facts: Facts,
    pub(crate) history: History,
    /// The side table of no-transaction scripts is there and takes space: it may have rows.
    pub(crate) may_have_progress: bool,
}

/// Reads facts and history in one round trip, without BEGIN, DDL, lock or write: it works on a
/// standby and for a role that may only read. Where the table is missing it takes a second one.
pub(crate) fn look(client: &mut Client, table: &TableName) -> Result<Look, Error> {
    let facts = facts_sql(table);
    let rows = format!("SELECT * FROM {} ORDER BY version;", table.quoted());
    match client.simple_query(&(facts + &rows)) {
        Ok(messages) => parse(&messages, table),
        Err(error) if is_missing(&error) || error.code() == Some(&SqlState::UNDEFINED_COLUMN) => {
            look_without_table(client, table)
        }
        Err(error) => Err(refusal(error, table)),
    }
}

/// The look where reading the table has failed since [`is_missing`].
pub(crate) fn look_without_table(client: &mut Client, table: &TableName) -> Result<Look, Error> {
    // The error has ended a transaction of the caller's, if there was one.
    let answer = client.simple_query(&facts_sql(table));
    parse(&answer.map_err(|error| refusal(error, table))?, table)
}

/// What it means that the table could not be read.
pub(crate) fn refusal(error: postgres::Error, table: &TableName) -> Error {
    match error.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => {
            Error::new(ErrorKind::HistoryLocked { table: table.clone() })
        }
        Some(&SqlState::IN_FAILED_SQL_TRANSACTION) => Error::new(ErrorKind::InTransaction),
        _ => Error::query(error),
    }
}

pub(crate) fn is_missing(error: &postgres::Error) -> bool {
    matches!(error.code(), Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME))
}

/// Refuses to make a schema that would send unqualified names of scripts, and of every other session of
/// the role, elsewhere.
pub(crate) fn refuse_user_schema(look: &Look, table: &TableName) -> Result<(), Error> {
    if look.facts.unqualified == Unqualified::IntoOurs && !look.facts.schema_exists {
        return Err(Error::new(ErrorKind::UserSchema { table: table.clone() }));
    }
    Ok(())
}

/// How long a boot waits for somebody's exclusive lock on the history, in milliseconds.
pub(crate) const READ_LOCK_TIMEOUT: u32 = 5_000;

/// The settings are local to the implicit transaction of the message; nothing of them stays.
/// Inside a transaction of the caller's, `now()` is older than the statement.
fn facts_sql(table: &TableName) -> String {
    let schema = sql::literal(&sql::identifier(table.schema()));
    let schema_name = sql::literal(table.schema());
    // Where in the search path the role's own schema stands, and the first one that is there.
    let place = |of| format!("pg_catalog.strpos(pg_catalog.current_setting('search_path'), {of})");
    let user = place("'$user'");
    let first = place("CAST(pg_catalog.current_schema() AS pg_catalog.text)");
    let table_name = sql::literal(&table.quoted());
    let down_store = down_store::look_sql(table);
    // Its size costs no read. Rows that were deleted and not yet vacuumed cost one query that finds none.
    let progress = sql::literal(&progress_table(table));
    let faults = table_fault::look_sql(table);
    format!(
        "SELECT pg_catalog.set_config('lock_timeout', '{READ_LOCK_TIMEOUT}', true), \
         pg_catalog.now() OPERATOR(pg_catalog.=) pg_catalog.statement_timestamp() AS alone, \
         session_user AS session_user, pg_catalog.current_setting('role') AS role, \
         pg_catalog.pg_is_in_recovery() AS standby, \
         pg_catalog.current_setting('transaction_read_only') AS read_only, \
         pg_catalog.getdatabaseencoding() AS encoding, \
         pg_catalog.current_setting('server_version_num') AS version_number, \
         pg_catalog.version() AS version_text, pg_catalog.has_table_privilege(\
         CAST('pg_catalog.\"pg_locks\"' AS pg_catalog.text), CAST('SELECT' AS pg_catalog.text)) \
         AS sees_locks, \
         pg_catalog.to_regnamespace({schema}) IS NOT NULL AS schema_exists, \
         CAST(current_user AS pg_catalog.text) OPERATOR(pg_catalog.=) {schema_name} AND \
         {user} OPERATOR(pg_catalog.>) 0 AND COALESCE({first}, {user} OPERATOR(pg_catalog.+) 1) \
         OPERATOR(pg_catalog.>) {user} AS user_leads, \
         pg_catalog.current_setting('standard_conforming_strings') OPERATOR(pg_catalog.=) 'on' AND \
         pg_catalog.current_setting('backslash_quote') OPERATOR(pg_catalog.<>) 'off' \
         AS reads_as_checked, \
         pg_catalog.has_table_privilege(CAST(pg_catalog.to_regclass({table_name}) \
         AS pg_catalog.oid), CAST('UPDATE' AS pg_catalog.text)) AS may_update, \
         {down_store}, pg_catalog.pg_relation_size(pg_catalog.to_regclass({progress})) \
         OPERATOR(pg_catalog.>) CAST('0' AS pg_catalog.int8) AS may_have_progress, \
         (SELECT pg_catalog.string_agg(pg_catalog.concat(a.attname, ' ', \
         pg_catalog.format_type(a.atttypid, NULL)), ',') FROM pg_catalog.pg_attribute a \
         WHERE a.attrelid OPERATOR(pg_catalog.=) \
         CAST(pg_catalog.to_regclass({table_name}) AS pg_catalog.oid) \
         AND a.attnum OPERATOR(pg_catalog.>) CAST('0' AS pg_catalog.int2) \
         AND NOT a.attisdropped) AS shape, {faults};"
    )
}

/// The side table with the progress of no-transaction scripts, one for all histories of a schema.
/// Beside the history and not in it: the Go framework counts any row of the history as applied.
pub(crate) fn progress_table(table: &TableName) -> String {
    format!("\"{}\".\"{PROGRESS_TABLE}\"", table.schema())
}

fn parse(messages: &[SimpleQueryMessage], table: &TableName) -> Result<Look, Error> {
    let mut rows = rows(messages);
    let first = rows.next().ok_or_else(|| Error::new(ErrorKind::NoAnswer))?;
    if !holds(first, "alone") {
        return Err(Error::new(ErrorKind::InTransaction));
    }
    let required = |name| owned(first, name).unwrap_or_default();
    let facts = Facts {
        session_user: required("session_user"),
        role: required("role"),
        access: match (text(first, "standby"), text(first, "read_only")) {
            (Some("t"), _) => Access::Standby,
            (_, Some("on")) => Access::ReadOnly,
            _ => Access::ReadWrite,
        },
        encoding: match text(first, "encoding") {
            Some("UTF8") => Encoding::Utf8,
            Some("SQL_ASCII") => Encoding::SqlAscii,
            _ => Encoding::Other,
        },
        notices_dead_clients: number(first, "version_number").is_some_and(|n| n >= 140_000)
            && text(first, "version_text").is_some_and(|version| contains(version, "linux")),
        server: Server(required("version_text")),
        sees_locks: holds(first, "sees_locks"),
        schema_exists: holds(first, "schema_exists"),
        unqualified: if holds(first, "user_leads") {
            Unqualified::IntoOurs
        } else {
            Unqualified::Elsewhere
        },
        quotes: if holds(first, "reads_as_checked") {
            Quotes::AsChecked
        } else {
            Quotes::Otherwise
        },
        may_update: text(first, "may_update") != Some("f"),
        down_store: DownStore::parse(
            table,
            text(first, "current_role").unwrap_or_default(),
            text(first, "may_create") != Some("f"),
            text(first, "down_store"),
        ),
        faults: Faults::parse(text(first, "faults").unwrap_or_default()),
        shape: owned(first, "shape").map(Shape),
    };
    // Before a row is read: of another tool's, none means what it would mean here.
    table_fault::refusal(facts.foreign(), table)?;
    let mut history = History::default();
    for row in rows {
        history.insert(applied(row, table)?);
    }
    let may_have_progress = holds(first, "may_have_progress");
    Ok(Look { facts, history, may_have_progress })
}

fn applied(row: &SimpleQueryRow, table: &TableName) -> Result<Applied, Error> {
    let odd = |column: &'static str| {
        let value = text(row, column).unwrap_or("NULL").to_owned();
        Error::new(ErrorKind::OddHistory { table: table.clone(), column, value })
    };
    let version = number(row, "version").and_then(Version::new).ok_or_else(|| odd("version"))?;
    let checksum =
        |column| text(row, column).map(|value| value.parse().map_err(|_| odd(column))).transpose();
    Ok(Applied {
        version,
        checksum: checksum("checksum")?,
        down_checksum: checksum("down_checksum")?,
        description: owned(row, "description"),
        applied_at: owned(row, "applied_at"),
        applied_by: owned(row, "applied_by"),
        execution_ms: number(row, "execution_ms"),
    })
}
