//! Who is in the way of a statement that waited for a lock in vain. Asked when it has failed, so that
//! a statement that succeeds costs nothing.

use lokstra_connect::client::Client;
use lokstra_connect::transient::is_lock_conflict;
use lokstra_core::text::scan::{first_word, names};
use lokstra_core::text::{join, quote};
use lokstra_core::{DOWN_TABLE, PROGRESS_TABLE, TableName};

use crate::error::Error;
use crate::inspect::lock::holder;
use crate::model::run::failure::Failure;
use crate::model::run::step::PlanStep;
use crate::model::state::holder::Holder;

/// The strongest first: it is the likeliest to conflict with what a migration asks for.
const MODES: &str = "ARRAY['AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', \
     'ShareLock', 'ShareUpdateExclusiveLock', 'RowExclusiveLock', 'RowShareLock', \
     'AccessShareLock']";

/// A longer list of names would make the question slow.
const MAX_NAMES: usize = 200;

/// The other session with the strongest lock, of several the oldest, on a relation that the failed
/// statement names, or on the tracking tables if it is none of the script's. What the
/// statement waited for, the server does not show afterwards.
///
/// PostgreSQL documentation: *13.3.1. Table-Level Locks*, *54.12. `pg_locks`*.
pub(crate) fn find(
    client: &mut Client,
    history: &TableName,
    step: &PlanStep<'_>,
    failure: &Failure,
) -> Result<Option<Holder>, Error> {
    if !is_lock_conflict(&failure.server) {
        return Ok(None);
    }
    let statement = failure.statement.and_then(|nth| step.script().statements().nth(nth - 1));
    let words = match statement {
        Some(statement) => names(statement),
        None => vec![history.table().to_owned(), PROGRESS_TABLE.to_owned(), DOWN_TABLE.to_owned()],
    };
    let mut names = Vec::new();
    for word in words {
        let name = quote::literal(&word);
        if names.len() < MAX_NAMES && !names.contains(&name) {
            names.push(name);
        }
    }
    let is_named = format!(
        "OPERATOR(pg_catalog.=) ANY (CAST(ARRAY[{}] AS pg_catalog.name[]))",
        join(&names, ", ")
    );
    // Who only reads is in the way of an AccessExclusiveLock alone.
    let strong = match statement {
        Some(statement) if lets_read(statement) => {
            "AND l.mode OPERATOR(pg_catalog.<>) 'AccessShareLock' "
        }
        _ => "",
    };
    let on_named = format!(
        " FROM pg_catalog.pg_locks l \
         JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) l.relation \
         JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
         LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) l.pid \
         WHERE l.locktype OPERATOR(pg_catalog.=) 'relation' AND l.granted \
         AND l.database OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database d \
         WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()) \
         {strong}AND COALESCE(l.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid(), true) \
         AND n.nspname OPERATOR(pg_catalog.<>) ALL \
         (CAST(ARRAY['pg_catalog', 'information_schema'] AS pg_catalog.name[])) \
         AND (c.relname {is_named} OR EXISTS (SELECT FROM pg_catalog.pg_index i \
         JOIN pg_catalog.pg_class x ON x.oid OPERATOR(pg_catalog.=) i.indexrelid \
         WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid AND x.relname {is_named})) \
         ORDER BY pg_catalog.array_position({MODES}, l.mode), a.xact_start LIMIT 1"
    );
    holder::first(client, &on_named)
}

/// Whether the statement asks for no lock that keeps others from reading.
fn lets_read(statement: &str) -> bool {
    let mut words = statement.split_ascii_whitespace().map(first_word);
    match words.next().as_deref() {
        Some("insert" | "update" | "delete" | "merge" | "copy") => true,
        Some("create") => matches!(words.next().as_deref(), Some("index" | "unique" | "trigger")),
        _ => false,
    }
}
