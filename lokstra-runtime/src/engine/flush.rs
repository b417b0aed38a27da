//! When a run waits for the disk: once, and not for each migration.
//!
//! A COMMIT with `synchronous_commit = off` is as atomic as any, and visible at once. What a crash of
//! the server takes back is always the end of the log, so that whatever is left stands on what it was
//! made from; the log is flushed up to the COMMIT that waits, with everything before it.
//!
//! PostgreSQL documentation: *30.4. Asynchronous Commit*.

use lokstra_core::Mode;

use crate::answer::rows;
use crate::client::Client;
use crate::engine::Engine;
use crate::error::Error;
use crate::history::{History, Look, READ_LOCK_TIMEOUT};
use crate::lost::is_lost;
use crate::message::contains;
use crate::plan::{Direction, Goal, PlanStep};

/// Whether the first of these steps leaves the disk to a later one. Only where the run goes on after
/// a crash of the server, and where this role can flush if it comes to no later one.
pub(super) fn defers(look: &Look, goal: Goal, steps: &[PlanStep<'_>]) -> bool {
    steps.len() > 1
        && goal.direction() == Direction::Up
        && steps[0].script().mode() == Mode::Transactional
        && !goal.is_relative()
        && look.facts.may_update
}

/// Whether this script may have had its COMMIT not wait for the disk, which then has not flushed what
/// was left to it either. Seen only where the script names the setting.
pub(super) fn may_not_wait(step: &PlanStep<'_>) -> bool {
    step.direction == Direction::Up && contains(step.script().text(), "synchronous_commit")
}

/// Writes to the log without a lock or a right. Only whoever decodes the log and asks for messages
/// sees it.
///
/// PostgreSQL documentation: *9.28.6. Replication Management Functions*.
const WRITE_TO_LOG: &str = "BEGIN READ WRITE; SELECT pg_catalog.pg_logical_emit_message(true, \
     'lokstra', CAST('' AS pg_catalog.text)); COMMIT;";

impl Engine<'_, '_> {
    /// Flushes what is not on disk, before anything is reported. An error of the work comes first;
    /// without one, the flush must not fail.
    pub(super) fn flushed(&mut self, worked: Result<(), Error>) -> Result<(), Error> {
        if !std::mem::take(&mut self.is_unflushed) {
            return worked;
        }
        // A transaction that has written to the log waits for it, and locking a row writes to it.
        let lock = format!(
            "BEGIN READ WRITE; SET LOCAL lock_timeout='{READ_LOCK_TIMEOUT}ms'; \
             SELECT 1 FROM {0} h WHERE h.version OPERATOR(pg_catalog.=) \
             (SELECT pg_catalog.max(m.version) FROM {0} m) FOR KEY SHARE; COMMIT;",
            self.table.quoted(),
        );
        let flushed = self.session.cancellable(&self.options.stop, |client| {
            let flushed = flush(client, &lock);
            if flushed.is_err() {
                // Out of the transaction; without a connection there is none.
                client.batch_execute("ROLLBACK").ok();
            }
            flushed
        });
        worked.and(flushed.map_err(Error::query))
    }

    /// A server that crashed may have taken back what was not on disk: it is going to be done again.
    pub(super) fn forget_lost(&mut self, history: &History) {
        if self.is_unflushed {
            self.report.steps.retain(|step| history.contains(step.version));
        }
    }
}

fn flush(client: &mut Client, lock: &str) -> Result<(), postgres::Error> {
    match client.simple_query(lock) {
        Ok(answer) if rows(&answer).next().is_some() => Ok(()),
        Err(error) if is_lost(&error) => Err(error),
        // Row security hides the row, somebody holds it, or the right to lock it is gone.
        answer => {
            if answer.is_err() {
                client.batch_execute("ROLLBACK").ok();
            }
            client.batch_execute(WRITE_TO_LOG)
        }
    }
}
