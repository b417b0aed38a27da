//! Records of migrations that are not run, many in one statement: a history of 10,000 is written in
//! ten.

use lokstra_core::Migration;

use crate::model::table::tables::{HISTORY_COLUMNS, RunMetadata, history_row};
use crate::sql::guard::{Guard, number};
use crate::sql::{condition, down_store, token};

/// How many rows one statement writes.
const ROWS: usize = 1_000;

/// Writes these records and stores the down SQL, if the history is still as the snapshot saw it. Fails
/// with `lokstra:unrecorded` unless exactly these rows were written and this backend still holds
/// the lock, if that is to be seen.
pub(crate) fn record(guard: &Guard<'_>, runs: &[(Migration<'_>, RunMetadata)]) -> String {
    if runs.is_empty() {
        return String::new();
    }
    let mut sql = guard.unchanged();
    for some in runs.chunks(ROWS) {
        sql += &record_rows(guard, some);
        let migrations: Vec<_> = some.iter().map(|(migration, _)| *migration).collect();
        sql += &down_store::store_all(guard, &migrations);
    }
    sql
}

/// `VALUES` stands in the `INSERT` itself, so that each of them becomes what its column is, and a
/// text is never cut to a `name` because another row has `session_user`.
fn record_rows(guard: &Guard<'_>, runs: &[(Migration<'_>, RunMetadata)]) -> String {
    let rows = runs
        .iter()
        .map(|(migration, run)| history_row(*migration, &number(migration.version().get()), run));
    let rows = rows.collect::<Vec<_>>().join(", ");
    let recorded = format!(
        "(SELECT pg_catalog.count(*) FROM r) OPERATOR(pg_catalog.=) \
         CAST('{}' AS pg_catalog.int8){}",
        runs.len(),
        // Not where the lock is known, and accepted, not to be held.
        if guard.probes_lock { format!(" AND {}", guard.key.held_by_us()) } else { String::new() }
    );
    format!(
        "WITH r AS (INSERT INTO {} ({HISTORY_COLUMNS}) VALUES {rows} RETURNING version) {}",
        guard.table.quoted(),
        condition::require(&recorded, token::UNRECORDED)
    )
}
