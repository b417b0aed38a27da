//! Whether the server does what a step needs: a lock that holds, and DDL that ends with its transaction.
//!
//! Judged by probes before the first script; by name only for what no probe can show.

use std::time::Duration;

use lokstra_connect::backoff::entropy;
use lokstra_connect::client::Client;
use lokstra_connect::query::{holds, rows, text};
use lokstra_connect::transient::is_connection_loss;
use lokstra_core::text::quote;

use crate::error::Error;
use crate::model::state::snapshot::{Access, Facts};
use crate::model::table::server::{ServerCheck, ServerFault};
use crate::session::query::ask;
use crate::sql::guard::Guard;
use crate::sql::lock::LockKey;

/// Creates a table and rolls it back, before the first script: on the first run of all, which
/// creates tables anyway, and on each where the server says that it is not PostgreSQL. On other
/// runs what fires or logs at DDL is spared a table that never comes to be.
///
/// Only a table that is there afterwards is a fault. Whatever else is in the way, a right or a lock,
/// is in the way of the first script too, which says so.
pub(crate) fn probe_ddl(
    guard: &Guard<'_>,
    client: &mut Client,
    lock_timeout: Duration,
) -> Result<Option<ServerFault>, Error> {
    let facts = &guard.snapshot.facts;
    if facts.shape.is_some() && facts.server.is_plain() {
        return Ok(None);
    }
    let schema = quote::identifier(guard.table.schema());
    let create_schema = if facts.schema_exists {
        String::new()
    } else {
        format!("CREATE SCHEMA IF NOT EXISTS {schema};")
    };
    let name = format!("t{}", entropy() % 1_000_000_000_000);
    let create = format!(
        "/* lokstra: does DDL end with its transaction? */ {}{}{create_schema}\
         SET LOCAL search_path={schema};CREATE TABLE {name} (id int);ROLLBACK;",
        guard.begin(lock_timeout, None),
        guard.lock(),
    );
    // Wherever it is: a server may have done it in another session.
    let find = format!(
        "SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
         ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
         WHERE c.relname OPERATOR(pg_catalog.=) CAST('{name}' AS pg_catalog.name);"
    );
    let answer = match client.simple_query(&format!("{create}{find}")) {
        Ok(answer) => answer,
        Err(error) if is_connection_loss(&error) => return Err(Error::query(error)),
        Err(_) => return ask(client, "ROLLBACK").map(|_| None),
    };
    let Some(schema) = rows(&answer).find_map(|row| text(row, "nspname")) else {
        return Ok(None);
    };
    let drop = format!("DROP TABLE {}.{name}", quote::identifier(schema));
    client.batch_execute(&drop).ok();
    Ok(Some(ServerFault::DdlStays))
}

/// Finds out what of this shows without a lasting change.
pub(crate) fn check_server(client: &mut Client, facts: &Facts) -> Result<ServerCheck, Error> {
    let server = &facts.server;
    let mut faults: Vec<_> = server.known_fault().into_iter().collect();
    if facts.sees_locks && !holds_lock(client)? {
        faults.push(ServerFault::LockNotHeld);
    }
    if facts.access == Access::ReadWrite && keeps_temporary_table(client)? {
        faults.push(ServerFault::DdlStays);
    }
    let is_plain = server.is_plain();
    Ok(ServerCheck { name: server.to_string(), is_plain, faults })
}

/// Takes a lock that is in no session's way, and looks for it.
fn holds_lock(client: &mut Client) -> Result<bool, Error> {
    let key = LockKey::random();
    let held = key.held_by_us();
    let query = format!(
        "SELECT pg_catalog.pg_try_advisory_xact_lock({key}) AS taken;SELECT {held} AS held;"
    );
    let answer = ask(client, &query)?;
    let says = |column| rows(&answer).any(|row| holds(row, column));
    Ok(!says("taken") || says("held"))
}

/// Makes a table that no other session sees, and rolls it back. Not where something fires at DDL.
fn keeps_temporary_table(client: &mut Client) -> Result<bool, Error> {
    let fires = "SELECT EXISTS (SELECT FROM pg_catalog.pg_event_trigger) AS fires";
    if rows(&ask(client, fires)?).any(|row| holds(row, "fires")) {
        return Ok(false);
    }
    let name = format!("t{}", entropy() % 1_000_000_000_000);
    let probe = format!(
        "BEGIN READ WRITE;CREATE TEMP TABLE {name} (id int);ROLLBACK;\
         SELECT pg_catalog.to_regclass('pg_temp.{name}') IS NOT NULL AS stays;"
    );
    match client.simple_query(&probe) {
        Ok(answer) if rows(&answer).any(|row| holds(row, "stays")) => {
            client.batch_execute(&format!("DROP TABLE pg_temp.{name}")).ok();
            Ok(true)
        }
        Ok(_) => Ok(false),
        Err(error) if is_connection_loss(&error) => Err(Error::query(error)),
        // The role may make no temporary table.
        Err(_) => ask(client, "ROLLBACK").map(|_| false),
    }
}
