//! The SQL around a script: a step is a compare-and-swap on the history.
//!
//! Every name and operator is qualified, since a script or a role may have changed `search_path`;
//! lock and check are separate statements, so that the check's snapshot is younger than the lock.

use std::time::Duration;

use lokstra_core::text::{duration, join};
use lokstra_core::{Direction, TableName, Version};

use crate::model::run::step::PlanStep;
use crate::model::state::snapshot::Snapshot;
use crate::model::table::tables::{self, progress_table};
use crate::sql::lock::LockKey;
use crate::sql::progress::{self, BEGUN};
use crate::sql::{condition, down_store, token};

pub(crate) struct Guard<'a> {
    pub(crate) table: &'a TableName,
    pub(crate) key: LockKey,
    pub(crate) snapshot: &'a Snapshot,
    /// Whether COMMIT need not wait for the disk, since a later one of the run does.
    pub(crate) defers_flush: bool,
    /// Whether the lock is the first of the run, and has to be seen as held.
    pub(crate) probes_lock: bool,
}

impl Guard<'_> {
    /// Opens the transaction, whatever the session's defaults are.
    pub(crate) fn begin(
        &self,
        lock_timeout: Duration,
        statement_timeout: Option<Duration>,
    ) -> String {
        let statement_timeout = statement_timeout.map_or_else(String::new, |limit| {
            format!("SET LOCAL statement_timeout='{}ms';", millis(limit))
        });
        let check_client = if self.snapshot.facts.notices_dead_clients {
            "SET LOCAL client_connection_check_interval='2s';"
        } else {
            ""
        };
        let flush = if self.defers_flush { "SET LOCAL synchronous_commit=off;" } else { "" };
        format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;\
             SET LOCAL lock_timeout='{}ms';{statement_timeout}{check_client}{flush}",
            millis(lock_timeout)
        )
    }

    /// Ends the transaction. One that waits for the synchronous standby has the server warn of a wait
    /// that it gives up, whatever the role keeps from its clients.
    pub(crate) fn commit(&self) -> &'static str {
        if self.defers_flush { "COMMIT;" } else { "SET LOCAL client_min_messages=warning;COMMIT;" }
    }

    /// Fails with `lokstra:unheld` where the lock that was just taken is not seen as held.
    pub(crate) fn probe_lock(&self) -> String {
        if self.probes_lock && self.snapshot.facts.sees_locks {
            condition::require(&self.key.held_by_us(), token::UNHELD)
        } else {
            String::new()
        }
    }

    /// Takes the migration lock until the end of the transaction, or fails with `lokstra:busy`.
    pub(crate) fn lock(&self) -> String {
        self.key.take_in_transaction() + &self.probe_lock()
    }

    /// Makes what the snapshot saw missing. Under the lock, since `IF NOT EXISTS` races without one.
    pub(crate) fn bootstrap(&self) -> String {
        self.bootstrap_history() + &down_store::bootstrap(self)
    }

    pub(crate) fn bootstrap_history(&self) -> String {
        match &self.snapshot.facts.shape {
            Some(shape) if shape.is_current() => String::new(),
            Some(_) => tables::extend_history(self.table),
            None if self.snapshot.facts.schema_exists => tables::create_history(self.table),
            None => {
                let schema = self.table.schema();
                format!(
                    "CREATE SCHEMA IF NOT EXISTS \"{schema}\";{}",
                    tables::create_history(self.table)
                )
            }
        }
    }

    /// Fails with `lokstra:changed` unless the history is still what the plan was made from. Looks up
    /// three keys, however long the history is; where the newest one implies the others, that alone.
    pub(crate) fn assert_history_unchanged(&self, step: &PlanStep<'_>) -> String {
        let (version, history) = (step.migration.version(), &self.snapshot.history);
        let (newest, before) = (history.newest(), history.before(version));
        let table = self.table.quoted();
        let alone = "pg_catalog.now() OPERATOR(pg_catalog.=) pg_catalog.statement_timestamp()";
        let mut conditions = vec![alone.to_owned()];
        conditions.push(match newest {
            None => format!("NOT EXISTS (SELECT FROM {table})"),
            Some(newest) => format!(
                "(SELECT h.version FROM {table} h ORDER BY h.version DESC LIMIT 1) \
                 OPERATOR(pg_catalog.=) {}",
                number(newest.get())
            ),
        });
        match step.direction {
            Direction::Up if newest >= Some(version) => {
                conditions.push(format!("NOT {}", self.applied(version)));
            }
            Direction::Down if newest != Some(version) => conditions.push(self.applied(version)),
            _ => {}
        }
        let before = before.filter(|before| newest != Some(*before));
        conditions.extend(before.map(|before| self.applied(before)));
        condition::require(&join(&conditions, " AND "), token::CHANGED)
    }

    /// Fails with `lokstra:partial` while another no-transaction script is partial that this step
    /// must not pull the ground from: nothing is rolled back below a partial up, and nothing goes
    /// past a partial down.
    pub(crate) fn assert_no_partial_script(&self, step: &PlanStep<'_>) -> String {
        if !self.snapshot.may_have_progress {
            return String::new();
        }
        let (version, direction) = (step.migration.version(), step.direction);
        let in_the_way = match direction {
            Direction::Up => " AND p.direction OPERATOR(pg_catalog.=) 'down'",
            Direction::Down => "",
        };
        let condition = format!(
            "NOT EXISTS (SELECT FROM {} p WHERE p.history OPERATOR(pg_catalog.=) {} \
             AND {BEGUN} AND NOT ({}){in_the_way})",
            progress_table(self.table),
            tables::name(self.table),
            progress::is_this(self.table, version, direction)
        );
        condition::require(&condition, token::PARTIAL)
    }

    /// Fails with `lokstra:changed` unless the history has exactly the versions that the snapshot saw.
    pub(crate) fn unchanged(&self) -> String {
        let versions = self.snapshot.history.iter().map(|row| row.version.get().to_string());
        let condition = format!(
            "ARRAY(SELECT CAST(h.version AS pg_catalog.int8) FROM {} h ORDER BY 1) \
             OPERATOR(pg_catalog.=) CAST('{{{}}}' AS pg_catalog.int8[])",
            self.table.quoted(),
            join(&versions.collect::<Vec<_>>(), ","),
        );
        condition::require(&condition, token::CHANGED)
    }

    /// Fails unless the step has done to the history what it is for.
    pub(crate) fn recorded(&self, step: &PlanStep<'_>) -> String {
        let applied = self.applied(step.migration.version());
        match step.direction {
            Direction::Up => condition::require(&applied, token::MISSING),
            Direction::Down => condition::require(&format!("NOT {applied}"), token::THERE),
        }
    }

    fn applied(&self, version: Version) -> String {
        format!(
            "EXISTS (SELECT FROM {} h WHERE h.version OPERATOR(pg_catalog.=) {})",
            self.table.quoted(),
            number(version.get())
        )
    }
}

/// What a timeout of the server can be; 0 would mean none.
fn millis(limit: Duration) -> u64 {
    duration::millis(limit).clamp(1, i32::MAX.unsigned_abs().into())
}

/// A `bigint`, whatever its size and sign.
pub(crate) fn number(value: i64) -> String {
    format!("CAST('{value}' AS pg_catalog.int8)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_in_milliseconds_is_one_that_the_server_applies() {
        assert_eq!(millis(Duration::from_secs(5)), 5_000);
        // To the server, 0 is no limit at all.
        assert_eq!(millis(Duration::from_micros(1)), 1);
        assert_eq!(millis(Duration::MAX), 2_147_483_647);
    }
}
