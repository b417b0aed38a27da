//! Looks for the holder of a lock that a run waits for.

use std::time::Duration;

use lokstra_connect::client::Client;
use lokstra_connect::query::{holds, number, owned, rows, text};
use postgres::SimpleQueryRow;

use crate::error::Error;
use crate::model::state::holder::Holder;
use crate::session::query::ask;
use crate::sql::lock::LockKey;

/// The columns that describe a session `a` of `pg_stat_activity`.
pub(crate) const SESSION: &str = "a.application_name, a.state, \
     CAST(pg_catalog.date_part('epoch', pg_catalog.age(pg_catalog.clock_timestamp(), \
     COALESCE(a.xact_start, a.query_start))) OPERATOR(pg_catalog.*) \
     CAST('1000' AS pg_catalog.float8) AS pg_catalog.int8) AS age_ms, \
     pg_catalog.left(a.query, 120) AS query";

/// A row with a `pid` and the columns of [`SESSION`].
pub(crate) fn session(row: &SimpleQueryRow) -> Option<Holder> {
    let age = number(row, "age_ms").and_then(|age| u64::try_from(age).ok());
    let mut query = String::new();
    for word in text(row, "query").unwrap_or_default().split_whitespace() {
        query.push_str(if query.is_empty() { "" } else { " " });
        query.push_str(word);
    }
    Some(Holder::Session {
        pid: number(row, "pid").and_then(|pid| i32::try_from(pid).ok())?,
        application: owned(row, "application_name").unwrap_or_default(),
        state: owned(row, "state").unwrap_or_default(),
        age: Duration::from_millis(age.unwrap_or_default()),
        query,
        is_between: holds(row, "is_between"),
    })
}

/// Looks for the holder without waiting: a small read in autocommit, so that the one who waits
/// never stands in the way of a CREATE INDEX CONCURRENTLY of the one who works. A message of several
/// steps holds it to its end: it does not between two of them, but the next one is on its way. That a
/// session is there only its text says, which any client can send: one that holds the lock comes first.
pub(crate) fn find(client: &mut Client, key: LockKey) -> Result<Option<Holder>, Error> {
    let of_key = format!(
        ", l.is_between FROM (SELECT l.pid, l.virtualtransaction, false AS is_between \
         FROM pg_catalog.pg_locks l WHERE {} UNION ALL \
         SELECT s.pid, NULL, true FROM pg_catalog.pg_stat_activity s \
         WHERE s.datname OPERATOR(pg_catalog.=) pg_catalog.current_database() \
         AND s.state OPERATOR(pg_catalog.=) 'active' \
         AND s.query OPERATOR(pg_catalog.~~) '/* lokstra % more */ {}%') l \
         LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) l.pid \
         ORDER BY l.is_between LIMIT 1",
        key.held(),
        key.comment()
    );
    first(client, &of_key)
}

/// The first holder of the locks `l`, with their sessions `a`, that stand in what follows `SELECT …`.
///
/// A prepared transaction has no process: its locks have the virtual transaction in common, and one of
/// them is on its own identifier.
///
/// PostgreSQL documentation: *54.12. `pg_locks`*, *54.16. `pg_prepared_xacts`*.
pub(crate) fn first(client: &mut Client, from: &str) -> Result<Option<Holder>, Error> {
    let query = format!(
        "SELECT l.pid, {SESSION}, \
         CASE WHEN l.pid IS NULL THEN (SELECT p.gid FROM pg_catalog.pg_locks t \
         JOIN pg_catalog.pg_prepared_xacts p \
         ON p.transaction OPERATOR(pg_catalog.=) t.transactionid \
         WHERE t.virtualtransaction OPERATOR(pg_catalog.=) l.virtualtransaction \
         AND t.pid IS NULL LIMIT 1) END AS gid{from}"
    );
    let messages = ask(client, &query)?;
    // A prepared transaction that has ended meanwhile is none.
    let holder = |row| session(row).or_else(|| Some(Holder::Prepared { gid: owned(row, "gid")? }));
    Ok(rows(&messages).next().and_then(holder))
}
