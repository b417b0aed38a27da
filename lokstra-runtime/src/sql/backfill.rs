//! Records of migrations that are not run, many in one statement: a history of 10,000 is written in
//! ten.

use lokstra_core::Migration;
use lokstra_core::text::quote;

use crate::sql::condition;
use crate::sql::guard::{Guard, number};

/// How many rows one statement writes.
const ROWS: usize = 1_000;

/// When, by whom and how long, as expressions of SQL.
pub(crate) struct RunMetadata {
    pub(crate) applied_at: String,
    pub(crate) applied_by: String,
    pub(crate) execution_ms: String,
}

impl Guard<'_> {
    /// Writes these records and keeps the down SQL, if the history is still as the snapshot saw it. Fails
    /// with `lokstra:unrecorded` unless exactly these rows were written and this backend still holds
    /// the lock, if that is to be seen.
    pub(crate) fn record_without_running(&self, runs: &[(Migration<'_>, RunMetadata)]) -> String {
        if runs.is_empty() {
            return String::new();
        }
        let mut sql = self.unchanged();
        for some in runs.chunks(ROWS) {
            sql += &self.record_rows(some);
            let migrations: Vec<_> = some.iter().map(|(migration, _)| *migration).collect();
            sql += &self.store_downs(&migrations);
        }
        sql
    }

    /// `VALUES` stands in the `INSERT` itself, so that each of them becomes what its column is, and a
    /// text is never cut to a `name` because another row has `session_user`.
    fn record_rows(&self, runs: &[(Migration<'_>, RunMetadata)]) -> String {
        let rows = runs.iter().map(|(migration, metadata)| {
            let RunMetadata { applied_at, applied_by, execution_ms } = metadata;
            format!(
                "({}, {}, {applied_at}, '{}', '{}', {applied_by}, {execution_ms})",
                number(migration.version().get()),
                quote::literal(migration.description()),
                migration.up().checksum(),
                migration.down().checksum(),
            )
        });
        let rows = rows.collect::<Vec<_>>().join(", ");
        let recorded = format!(
            "(SELECT pg_catalog.count(*) FROM r) OPERATOR(pg_catalog.=) \
             CAST('{}' AS pg_catalog.int8){}",
            runs.len(),
            // Not where the lock is known, and accepted, not to be held.
            if self.probes_lock {
                format!(" AND {}", self.key.held_by_us())
            } else {
                String::new()
            }
        );
        format!(
            "WITH r AS (INSERT INTO {} (version, description, applied_at, checksum, down_checksum, \
             applied_by, execution_ms) VALUES {rows} RETURNING version) {}",
            self.table.quoted(),
            condition::require(&recorded, "unrecorded")
        )
    }
}
