//! What an error of a script means for the run.

use lokstra_connect::ServerError;
use lokstra_core::{DOWN_TABLE, PROGRESS_TABLE, text};

use crate::model::table::down_store::DownStore;
use crate::session::execute::Execution;
use crate::sql::guard::Guard;

/// Two bootstraps, or two records of the same version, at the same time: another session was faster.
/// If that was the Go framework, its table lacks our columns.
pub(crate) fn is_race(server: &ServerError, guard: &Guard<'_>) -> bool {
    let schema = server.schema.as_deref();
    let on_history = schema == Some(guard.table.schema())
        && server.table.as_deref() == Some(guard.table.table());
    let facts = &guard.snapshot.facts;
    let is_first = facts.shape.is_none();
    let makes_tables = is_first || facts.down_store == DownStore::Missing;
    let on_catalog = schema == Some("pg_catalog") && makes_tables;
    match server.sqlstate.as_str() {
        "23505" => on_history || on_catalog,
        "42703" => is_first,
        // "tuple concurrently updated": of two REVOKEs on the table that both found missing.
        "XX000" => makes_tables,
        // The table, or its type, came after it was looked for, and before it was made.
        "42P07" | "42710" => {
            let tables = [guard.table.table(), DOWN_TABLE, PROGRESS_TABLE];
            // In whatever quotes the server's language has.
            let is_named = |table: &&str| text::contains(&server.message, table);
            makes_tables && tables.iter().any(is_named)
        }
        _ => false,
    }
}

/// Whether a refusal of the record is the table's: a value, a constraint, a column, a rule or what a
/// trigger raises. Not so a right that is missing (42501), what the script has done to its transaction,
/// a table that it has dropped (42P01), and what befalls any statement, such as a full disk.
pub(crate) fn is_of_table(server: &ServerError) -> bool {
    let state = server.sqlstate.as_str();
    ["0A", "22", "23", "42", "P0"].iter().any(|class| state.starts_with(class))
        && !matches!(state, "42501" | "42P01")
}

/// Whether the server names a table of ours, as it does where a constraint is violated.
pub(crate) fn is_on_ours(server: &ServerError, guard: &Guard<'_>) -> bool {
    let tables = [guard.table.table(), DOWN_TABLE, PROGRESS_TABLE];
    server.schema.as_deref() == Some(guard.table.schema())
        && server.table.as_deref().is_some_and(|table| tables.contains(&table))
}

/// `lock_not_available`, `deadlock_detected` and `serialization_failure` pass when tried again.
///
/// PostgreSQL documentation: *13.5. Serialization Failure Handling*.
pub(crate) fn passes(server: &ServerError) -> bool {
    matches!(server.sqlstate.as_str(), "55P03" | "40P01" | "40001")
}

/// `query_canceled`: a `statement_timeout` says so too.
pub(crate) const CANCELLED: &str = "57014";

/// By us.
pub(crate) fn is_cancelled(server: &ServerError, execution: &Execution<'_>) -> bool {
    execution.is_cancelled() && server.sqlstate == CANCELLED
}
