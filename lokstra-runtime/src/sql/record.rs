//! The record of a step: the row of the history that its transaction writes or deletes.

use lokstra_core::Direction;
use lokstra_core::text::scan::contains;

use crate::model::run::step::PlanStep;
use crate::model::table::tables::{HISTORY_COLUMNS, RunMetadata, Shape, history_row};
use crate::sql::guard::{Guard, number};
use crate::sql::{condition, token};

/// How the record finds out that its transaction is still the one that took the lock, and not one
/// that began after the script ended it.
pub(crate) enum TransactionProof<'a> {
    /// A setting of this value that ends with the transaction.
    Setting(&'a str),
    /// The same for a transaction behind others in its message, where `now()` is no beginning.
    Timed(&'a str),
    /// The list of locks, which costs the server more than everything else around a small script.
    Lock,
}

impl<'a> TransactionProof<'a> {
    /// For a script after which a setting with this value, which no other transaction has, identifies
    /// it.
    pub(crate) fn new(script: &str, unique: &'a str) -> TransactionProof<'a> {
        // RESET ALL would take the setting back.
        if contains(script, "reset") {
            TransactionProof::Lock
        } else {
            TransactionProof::Setting(unique)
        }
    }

    /// To be sent before the script.
    ///
    /// PostgreSQL documentation: *20.16. Customized Options*.
    pub(crate) fn set(&self) -> String {
        match self {
            TransactionProof::Setting(unique) => format!("SET LOCAL lokstra.step='{unique}';"),
            TransactionProof::Timed(unique) => format!(
                "SELECT pg_catalog.set_config('lokstra.step', '{unique}', true), \
                 pg_catalog.set_config('lokstra.began', CAST({} AS pg_catalog.text), true);",
                millis(CLOCK)
            ),
            TransactionProof::Lock => String::new(),
        }
    }

    fn is_same_tx(&self, guard: &Guard<'_>) -> String {
        match self {
            TransactionProof::Setting(unique) | TransactionProof::Timed(unique) => format!(
                "pg_catalog.current_setting('lokstra.step', true) OPERATOR(pg_catalog.=) '{unique}'"
            ),
            TransactionProof::Lock => guard.key.held_by_us(),
        }
    }

    /// When the transaction began, in milliseconds.
    fn tx_began(&self) -> String {
        match self {
            TransactionProof::Timed(_) => {
                "CAST(pg_catalog.current_setting('lokstra.began') AS pg_catalog.int8)".to_owned()
            }
            _ => millis("pg_catalog.now()"),
        }
    }

    /// Writes the record, only in the transaction that holds the lock, and fails with
    /// `lokstra:unrecorded` unless exactly that row was written: a script that ended its own
    /// transaction, or a trigger on the history, fails here.
    pub(crate) fn record(&self, guard: &Guard<'_>, step: &PlanStep<'_>) -> String {
        let table = guard.table.quoted();
        let version = step.migration.version().get();
        let held = self.is_same_tx(guard);
        let change = match step.direction {
            Direction::Down => format!(
                "DELETE FROM {table} h WHERE h.version OPERATOR(pg_catalog.=) {} AND {held}",
                number(version)
            ),
            Direction::Up => {
                let shape = guard.snapshot.facts.shape.as_ref();
                let (now, began) = (millis(CLOCK), self.tx_began());
                let run = RunMetadata {
                    applied_at: Shape::moment(shape, CLOCK),
                    applied_by: "session_user".to_owned(),
                    execution_ms: format!("{now} OPERATOR(pg_catalog.-) {began}"),
                };
                // A plan for VALUES is cheaper than one for SELECT … WHERE.
                let version = condition::required(&held, version, token::UNRECORDED, "int8");
                let row = history_row(step.migration, &version, &run);
                format!("INSERT INTO {table} ({HISTORY_COLUMNS}) VALUES {row}")
            }
        };
        // Only a column that is returned has the row policies for SELECT looked at.
        let this = number(version);
        let condition =
            format!("EXISTS (SELECT FROM r WHERE r.version OPERATOR(pg_catalog.=) {this})");
        let recorded = condition::require(&condition, token::UNRECORDED);
        format!("WITH r AS ({change} RETURNING version) {recorded}")
    }
}

const CLOCK: &str = "pg_catalog.clock_timestamp()";

/// A moment as whole milliseconds: `extra_float_digits` may leave a fraction no digits at all.
fn millis(moment: &str) -> String {
    format!(
        "CAST(pg_catalog.date_part('epoch', {moment}) OPERATOR(pg_catalog.*) \
         CAST('1000' AS pg_catalog.float8) AS pg_catalog.int8)"
    )
}
