//! Reads the history, and the facts that a run depends on, in one round trip.

use lokstra_connect::client::Client;
use lokstra_connect::query::{holds, number, owned, rows, text};
use lokstra_core::TableName;
use lokstra_core::text::{contains, quote};
use postgres::error::SqlState;
use postgres::{SimpleQueryMessage, SimpleQueryRow};

use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::inspect::table_fault;
use crate::model::state::history::{Applied, History};
use crate::model::state::snapshot::{Access, Encoding, Facts, Quotes, Snapshot, Unqualified};
use crate::model::table::down_store::DownStore;
use crate::model::table::server::Server;
use crate::model::table::table_fault::Faults;
use crate::model::table::tables::{Shape, progress_table};
use crate::sql::down_store;

/// Reads facts and history in one round trip, without BEGIN, DDL, lock or write: it works on a
/// standby and for a role that may only read. Where the table is missing it takes a second one.
pub(crate) fn read(client: &mut Client, table: &TableName) -> Result<Snapshot, Error> {
    let facts = facts_sql(table);
    let rows = format!("SELECT * FROM {} ORDER BY version;", table.quoted());
    match client.simple_query(&(facts + &rows)) {
        Ok(messages) => parse(&messages, table),
        Err(error) if is_missing(&error) || is_no_table(&error) => {
            read_without_table(client, table)
        }
        Err(error) => Err(refusal(error, table)),
    }
}

/// The snapshot where reading the table has failed since [`is_missing`].
pub(crate) fn read_without_table(
    client: &mut Client,
    table: &TableName,
) -> Result<Snapshot, Error> {
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

/// A table without our columns, an index, or a foreign table that cannot be read.
fn is_no_table(error: &postgres::Error) -> bool {
    matches!(
        error.code(),
        Some(
            &SqlState::UNDEFINED_COLUMN
                | &SqlState::WRONG_OBJECT_TYPE
                | &SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE
        )
    )
}

/// Refuses to make a schema that would send unqualified names of scripts, and of every other session of
/// the role, elsewhere.
pub(crate) fn refuse_user_schema(snapshot: &Snapshot, table: &TableName) -> Result<(), Error> {
    if snapshot.facts.unqualified == Unqualified::IntoOurs && !snapshot.facts.schema_exists {
        return Err(Error::new(ErrorKind::UserSchema { table: table.clone() }));
    }
    Ok(())
}

/// How long a boot waits for another session's exclusive lock on the history, in milliseconds.
pub(crate) const READ_LOCK_TIMEOUT: u32 = 5_000;

/// The settings are local to the implicit transaction of the message; nothing of them stays.
/// Inside a transaction of the caller's, `now()` is older than the statement.
fn facts_sql(table: &TableName) -> String {
    let schema = quote::literal(&quote::identifier(table.schema()));
    let schema_name = quote::literal(table.schema());
    // Where in the search path the role's own schema stands, and the first one that is there.
    let place = |of| format!("pg_catalog.strpos(pg_catalog.current_setting('search_path'), {of})");
    let user = place("'$user'");
    let first = place("CAST(pg_catalog.current_schema() AS pg_catalog.text)");
    let table_name = quote::literal(&table.quoted());
    let down_store = down_store::snapshot_sql(table);
    // Its size costs no read. Rows that were deleted and not yet vacuumed cost one query that finds none.
    let progress = quote::literal(&progress_table(table));
    let faults = table_fault::snapshot_sql(table);
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

fn parse(messages: &[SimpleQueryMessage], table: &TableName) -> Result<Snapshot, Error> {
    let mut rows = rows(messages);
    let first = rows.next().ok_or_else(|| Error::new(ErrorKind::EmptyResponse))?;
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
    Ok(Snapshot { facts, history, may_have_progress })
}

fn applied(row: &SimpleQueryRow, table: &TableName) -> Result<Applied, Error> {
    Applied::parse(row).map_err(|(column, value)| {
        Error::new(ErrorKind::InvalidHistoryRow { table: table.clone(), column, value })
    })
}
