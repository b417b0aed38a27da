//! What a role lacks to read and to keep the history. Looked up when the server has refused.

use lokstra_connect::client::Client;
use lokstra_connect::query::{rows, text};
use lokstra_core::TableName;
use lokstra_core::text::quote;
use postgres::SimpleQueryRow;

use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::model::table::tables::progress_table;

/// The result, where a missing right (42501) is explained by the GRANTs that give it.
pub(crate) fn with_missing_grants<T>(
    client: &mut Client,
    table: &TableName,
    result: Result<T, Error>,
) -> Result<T, Error> {
    let error = match crate::inspect::server::named(client, result) {
        Err(error) => error,
        done => return done,
    };
    let is_denied = matches!(error.kind(), ErrorKind::Server(server) if server.sqlstate == "42501");
    match if is_denied { missing(client, table) } else { None } {
        Some(grants) => Err(error.missing_privileges(table, grants)),
        None => Err(error),
    }
}

/// The GRANTs, in order; `None` where nothing is missing or the server does not report it.
pub(crate) fn missing(client: &mut Client, table: &TableName) -> Option<Vec<String>> {
    let answer = client.simple_query(&query(table)).ok()?;
    let row = rows(&answer).next()?;
    let lacks = |column| is_false(row, column);
    let role = quote::identifier(text(row, "role")?);
    let schema = quote::identifier(table.schema());
    let mut grants = Vec::new();
    if is_false(row, "schema_exists") {
        if lacks("may_create_schema") {
            let database = quote::identifier(text(row, "database")?);
            grants.push(format!("GRANT CREATE ON DATABASE {database} TO {role};"));
        }
    } else {
        // The first no-transaction script makes a table beside the history.
        let makes_table = text(row, "may_write").is_none() || text(row, "may_progress").is_none();
        let rights = match (lacks("usage"), makes_table && lacks("create")) {
            (true, true) => "USAGE, CREATE",
            (true, false) => "USAGE",
            (false, true) => "CREATE",
            (false, false) => "",
        };
        if !rights.is_empty() {
            grants.push(format!("GRANT {rights} ON SCHEMA {schema} TO {role};"));
        }
    }
    for (column, name) in [("may_write", table.quoted()), ("may_progress", progress_table(table))] {
        if lacks(column) {
            grants.push(format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {role};"));
        }
    }
    (!grants.is_empty()).then_some(grants)
}

#[inline(never)]
fn is_false(row: &SimpleQueryRow, column: &str) -> bool {
    text(row, column) == Some("f")
}

/// Whether this role may read and change the table `name` of the schema `n`.
#[inline(never)]
fn may_write(name: &str) -> String {
    format!(
        "(SELECT pg_catalog.has_table_privilege(c.oid, 'SELECT') \
         AND pg_catalog.has_table_privilege(c.oid, 'INSERT') \
         AND pg_catalog.has_table_privilege(c.oid, 'UPDATE') \
         AND pg_catalog.has_table_privilege(c.oid, 'DELETE') \
         FROM pg_catalog.pg_class c WHERE c.relnamespace OPERATOR(pg_catalog.=) n.oid \
         AND c.relname OPERATOR(pg_catalog.=) CAST({} AS pg_catalog.name))",
        quote::literal(name)
    )
}

/// By name, and not by `to_regclass`, which takes a right on the schema.
fn query(table: &TableName) -> String {
    format!(
        "SELECT current_user AS role, pg_catalog.current_database() AS database, \
         pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') \
         AS may_create_schema, n.oid IS NOT NULL AS schema_exists, \
         pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS usage, \
         pg_catalog.has_schema_privilege(n.oid, 'CREATE') AS create, \
         {} AS may_write, {} AS may_progress \
         FROM (VALUES (1)) one(n) LEFT JOIN pg_catalog.pg_namespace n \
         ON n.nspname OPERATOR(pg_catalog.=) CAST({} AS pg_catalog.name)",
        may_write(table.table()),
        may_write(lokstra_core::PROGRESS_TABLE),
        quote::literal(table.schema())
    )
}
