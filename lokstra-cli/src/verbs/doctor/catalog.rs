//! What is in the database that stands, or will stand, in the way of a migration.

use std::time::Duration;

use lokstra_runtime::postgres::Client;

use super::finding::Findings;
use super::query::{identifier, literal, rows};
use super::server::Facts;

pub(super) fn prepared_transactions(found: &mut Findings, client: &mut Client) {
    let query = "SELECT p.gid, p.owner, p.prepared FROM pg_catalog.pg_prepared_xacts p \
                 WHERE p.database = pg_catalog.current_database() ORDER BY p.prepared";
    let rows = match rows(client, query) {
        Ok(rows) => rows,
        Err(error) => return found.not_told("prepared_transactions", &error),
    };
    for row in &rows {
        let (gid, owner, at) = (row.text("gid"), row.text("owner"), row.text("prepared"));
        found.warning(
            "prepared_transactions",
            format_args!("{gid} of {owner} holds its locks since {at}"),
            format!(
                "its transaction manager ends it; if it is forgotten: ROLLBACK PREPARED {};",
                literal(gid).trim_start_matches('E')
            ),
        );
    }
    if rows.is_empty() {
        found.ok("prepared_transactions", "none");
    }
}

/// Whoever is in a transaction holds a lock on every table that he has touched.
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
        Err(error) => return found.not_told("long_transactions", &error),
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
                "pid {pid} of {user}{application}, {}, is in its transaction for {} s: DDL on what \
                 it has touched waits for it",
                row.text("state"),
                row.text("age")
            ),
            format!("end it at its program, or SELECT pg_terminate_backend({pid});"),
        );
    }
    let since = humantime::format_duration(older_than);
    if !sees_all.first().is_some_and(|row| row.is("all")) {
        found.remark(
            "long_transactions",
            format_args!("only those of {} were looked at", facts.role),
            format!("GRANT pg_read_all_stats TO {}; shows the others", identifier(&facts.role)),
        );
    } else if old.is_empty() {
        found.ok("long_transactions", format_args!("none older than {since}"));
    }
}

/// Not one that is being built: it is INVALID too until it is done.
const INVALID: &str = "SELECT n.nspname AS schema, c.relname AS name, t.relname AS on_table, \
     c.relkind = 'I' AS partitioned FROM pg_catalog.pg_index i \
     JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
     JOIN pg_catalog.pg_class t ON t.oid = i.indrelid \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE NOT i.indisvalid AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p \
     WHERE p.datname = pg_catalog.current_database() \
     AND COALESCE(p.relid, i.indrelid) = i.indrelid) ORDER BY 1, 2";

/// PostgreSQL documentation: *CREATE INDEX, Building Indexes Concurrently*.
pub(super) fn invalid_indexes(found: &mut Findings, client: &mut Client) {
    let rows = match rows(client, INVALID) {
        Ok(rows) => rows,
        Err(error) => return found.not_told("invalid_indexes", &error),
    };
    for row in &rows {
        let (schema, name) = (row.text("schema"), row.text("name"));
        let index = format!("{}.{}", identifier(schema), identifier(name));
        let message = format!("{schema}.{name} on {} is INVALID", row.text("on_table"));
        let is_rest = name.contains("_ccnew") || name.contains("_ccold");
        let help = match (row.is("partitioned"), is_rest) {
            (true, _) => {
                "make the index of each partition and ALTER INDEX … ATTACH PARTITION it".to_owned()
            }
            (_, true) => format!("a REINDEX left it: DROP INDEX CONCURRENTLY {index};"),
            _ => format!(
                "DROP INDEX CONCURRENTLY {index}; and build it anew, or REINDEX INDEX CONCURRENTLY {index};"
            ),
        };
        found.problem("invalid_indexes", message, help);
    }
    if rows.is_empty() {
        found.ok("invalid_indexes", "none");
    }
}

/// A remark: new rows are checked, and old ones need not be.
///
/// PostgreSQL documentation: *ALTER TABLE, Notes*.
pub(super) fn unvalidated_constraints(found: &mut Findings, client: &mut Client, facts: &Facts) {
    // One that is NOT ENFORCED, from PostgreSQL 18 on, is never validated.
    let enforced = if facts.version >= 18 { " AND k.conenforced" } else { "" };
    let query = format!(
        "SELECT n.nspname AS schema, c.relname AS on_table, k.conname AS name \
         FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE NOT k.convalidated{enforced} ORDER BY 1, 2, 3"
    );
    let rows = match rows(client, &query) {
        Ok(rows) => rows,
        Err(error) => return found.not_told("unvalidated_constraints", &error),
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
