use std::fmt;
use std::time::Duration;

use postgres::SimpleQueryRow;

use crate::answer::{ask, holds, number, owned, rows, text};
use crate::client::Client;
use crate::duration::tenths;
use crate::error::Error;
use crate::search::split_once;
use crate::sql::{self, LockKey};

/// Who holds a lock that a run is waiting for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Holder {
    /// A session of the server.
    Session {
        /// Its process id on the server.
        pid: i32,
        /// Its `application_name`.
        application: String,
        /// `active`, `idle in transaction`, …; empty where this role may not see it.
        state: String,
        /// How long it has been in its transaction or statement.
        age: Duration,
        /// The beginning of the statement that it runs or ran last.
        query: String,
        /// Only its statement says that it migrates, and it holds no lock at this moment.
        is_between: bool,
    },
    /// A prepared transaction: it holds the lock until an operator ends it.
    Prepared {
        /// The identifier of this transaction.
        gid: String,
    },
}

impl Holder {
    /// Returns the statement that ends the holder, for an operator who has decided to; `None` where the
    /// server does not list it as a holder, so that the statement could end another session.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Holder::Session { is_between: true, .. } => None,
            Holder::Session { pid, .. } => Some(format!("SELECT pg_terminate_backend({pid});")),
            Holder::Prepared { gid } => {
                Some(format!("ROLLBACK PREPARED {};", sql::typable_literal(gid)))
            }
        }
    }

    /// Writes the remedy, if there is one, behind `before`.
    pub(crate) fn write_remedy(&self, f: &mut fmt::Formatter<'_>, before: &str) -> fmt::Result {
        match self.remedy() {
            Some(remedy) => write!(f, "{before}to end it: {remedy}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holder::Session { pid, application, state, age, query, .. } => {
                write!(f, "pid {pid}")?;
                if !application.is_empty() {
                    write!(f, " ({application})")?;
                }
                if !state.is_empty() {
                    write!(f, ", {state}")?;
                }
                write!(f, " for {} s", tenths(*age))?;
                // A step of ours begins with a comment that names it.
                let ours = query.strip_prefix("/* ").and_then(|rest| split_once(rest, " */"));
                match ours {
                    Some((step, _)) => write!(f, ": {step}")?,
                    None if query.is_empty() => {}
                    None => write!(f, ": {query}")?,
                }
                Ok(())
            }
            Holder::Prepared { gid } => {
                write!(f, "the prepared transaction {}", sql::typable_literal(gid))
            }
        }
    }
}

/// What is told of a session `a` of `pg_stat_activity`.
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

#[cfg(test)]
mod tests {
    use super::{Duration, Holder};

    #[test]
    fn what_this_role_may_not_see_of_a_holder_is_left_out() {
        let (application, state, query) = Default::default();
        let age = Duration::from_secs(3);
        let is_between = false;
        let holder = Holder::Session { pid: 7, application, state, age, query, is_between };
        assert_eq!(holder.to_string(), "pid 7 for 3.0 s");
    }

    #[test]
    fn the_statement_that_ends_a_prepared_transaction_can_be_typed() {
        let remedy = |gid: &str| Holder::Prepared { gid: gid.to_owned() }.remedy().unwrap();
        assert_eq!(remedy("it's, so"), "ROLLBACK PREPARED 'it''s, so';");
        assert_eq!(remedy(r"a\'b"), r"ROLLBACK PREPARED E'a\\''b';");
        assert_eq!(remedy("a\nb\u{202e}c"), r"ROLLBACK PREPARED E'a\u000Ab\u202Ec';");
    }
}
