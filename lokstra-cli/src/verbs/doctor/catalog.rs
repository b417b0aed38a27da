//! What in the database blocks, or will block, a migration.

use std::time::Duration;

use lokstra_runtime::postgres::Client;

use super::finding::Findings;
use super::server::Facts;
use crate::run::query::{identifier, literal, rows};

pub(super) fn prepared_transactions(found: &mut Findings, client: &mut Client) {
    let query = "SELECT p.gid, p.owner, p.prepared FROM pg_catalog.pg_prepared_xacts p \
                 WHERE p.database = pg_catalog.current_database() ORDER BY p.prepared";
    let rows = match rows(client, query) {
        Ok(rows) => rows,
        Err(error) => return found.not_checked("prepared_transactions", &error),
    };
    for row in &rows {
        let (gid, owner, at) = (row.text("gid"), row.text("owner"), row.text("prepared"));
        found.warning(
            "prepared_transactions",
            format_args!("{gid} of {owner} has held its locks since {at}"),
            format!(
                "let its transaction manager end it; or, if it was forgotten: ROLLBACK PREPARED {};",
                literal(gid).trim_start_matches('E')
            ),
        );
    }
    if rows.is_empty() {
        found.ok("prepared_transactions", "none");
    }
}

/// Reports long transactions, which hold a lock on every table that they used.
pub(super) fn long_transactions(
    found: &mut Findings,
    client: &mut Client,
    older_than: Duration,
    facts: &Facts,
) {
    let query = format!(
        "SELECT a.pid, a.usename, a.application_name, a.state, \
         CAST(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.xact_start) AS bigint) AS age \
         FROM pg_catalog.pg_stat_activity a WHERE a.datname = pg_catalog.current_database() \
         AND a.pid <> pg_catalog.pg_backend_pid() AND a.backend_type = 'client backend' \
         AND a.xact_start <= pg_catalog.clock_timestamp() \
         - pg_catalog.make_interval(secs => {}) ORDER BY a.xact_start",
        older_than.as_secs()
    );
    let all = "SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS all";
    let (old, sees_all) = match rows(client, &query).and_then(|old| Ok((old, rows(client, all)?))) {
        Ok(answers) => answers,
        Err(error) => return found.not_checked("long_transactions", &error),
    };
    for row in &old {
        let (pid, user) = (row.text("pid"), row.text("usename"));
        let application = match row.text("application_name") {
            "" => String::new(),
            name => format!(" ({name})"),
        };
        found.warning(
            "long_transactions",
            format_args!(
                "pid {pid} of {user}{application}, {}, has been in a transaction for {} s: DDL on \
                 the tables that it uses waits for it",
                row.text("state"),
                row.text("age")
            ),
            format!("end it in its program, or run SELECT pg_terminate_backend({pid});"),
        );
    }
    let since = humantime::format_duration(older_than);
    if !sees_all.first().is_some_and(|row| row.is("all")) {
        found.remark(
            "long_transactions",
            format_args!("only transactions of {} were checked", facts.role),
            format!("GRANT pg_read_all_stats TO {}; to see the others", identifier(&facts.role)),
        );
    } else if old.is_empty() {
        found.ok("long_transactions", format_args!("none older than {since}"));
    }
}

/// INVALID indexes, except those that are being built, which are INVALID until they are done.
const INVALID: &str = "SELECT n.nspname AS schema, c.relname AS name, t.relname AS on_table, \
     c.relkind = 'I' AS partitioned FROM pg_catalog.pg_index i \
     JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
     JOIN pg_catalog.pg_class t ON t.oid = i.indrelid \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE NOT i.indisvalid AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p \
     WHERE p.datname = pg_catalog.current_database() \
     AND COALESCE(p.relid, i.indrelid) = i.indrelid) ORDER BY 1, 2";

/// Reports INVALID indexes. PostgreSQL documentation: *CREATE INDEX, Building Indexes Concurrently*.
pub(super) fn invalid_indexes(found: &mut Findings, client: &mut Client) {
    let rows = match rows(client, INVALID) {
        Ok(rows) => rows,
        Err(error) => return found.not_checked("invalid_indexes", &error),
    };
    for row in &rows {
        let (schema, name) = (row.text("schema"), row.text("name"));
        let index = format!("{}.{}", identifier(schema), identifier(name));
        let message = format!("{schema}.{name} on {} is INVALID", row.text("on_table"));
        let is_rest = name.contains("_ccnew") || name.contains("_ccold");
        let help = match (row.is("partitioned"), is_rest) {
            (true, _) => {
                "create the index on each partition and attach it: ALTER INDEX … ATTACH PARTITION \
                 …"
                .to_owned()
            }
            (_, true) => format!("a REINDEX left it: DROP INDEX CONCURRENTLY {index};"),
            _ => format!(
                "DROP INDEX CONCURRENTLY {index}; and create it again, or REINDEX INDEX \
                 CONCURRENTLY {index};"
            ),
        };
        found.problem("invalid_indexes", message, help);
    }
    if rows.is_empty() {
        found.ok("invalid_indexes", "none");
    }
}

/// Remarks on NOT VALID constraints: new rows are checked, and old ones need not be.
///
/// PostgreSQL documentation: *ALTER TABLE, Notes*.
pub(super) fn unvalidated_constraints(found: &mut Findings, client: &mut Client, facts: &Facts) {
    // From PostgreSQL 18 on, a constraint that is NOT ENFORCED is never validated.
    let enforced = if facts.version >= 18 { " AND k.conenforced" } else { "" };
    let query = format!(
        "SELECT n.nspname AS schema, c.relname AS on_table, k.conname AS name \
         FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE NOT k.convalidated{enforced} ORDER BY 1, 2, 3"
    );
    let rows = match rows(client, &query) {
        Ok(rows) => rows,
        Err(error) => return found.not_checked("unvalidated_constraints", &error),
    };
    for row in &rows {
        let (schema, table, name) = (row.text("schema"), row.text("on_table"), row.text("name"));
        found.remark(
            "unvalidated_constraints",
            format_args!("{name} on {schema}.{table} is NOT VALID: old rows were not checked"),
            format!(
                "ALTER TABLE {}.{} VALIDATE CONSTRAINT {};",
                identifier(schema),
                identifier(table),
                identifier(name)
            ),
        );
    }
    if rows.is_empty() {
        found.ok("unvalidated_constraints", "none");
    }
}
