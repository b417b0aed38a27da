//! When a run waits for the disk: once, and not for each migration.
//!
//! A COMMIT with `synchronous_commit = off` is as atomic as any, and visible at once. What a crash of
//! the server takes back is always the end of the log, so that whatever is left stands on what it was
//! made from; the log is flushed up to the COMMIT that waits, with everything before it.
//!
//! PostgreSQL documentation: *30.4. Asynchronous Commit*.

use std::time::{Duration, Instant};

use lokstra_connect::backoff::Backoff;
use lokstra_connect::client::Client;
use lokstra_connect::query::rows;
use lokstra_connect::stop::Stop;
use lokstra_connect::transient::is_connection_loss;
use lokstra_core::text::scan::contains;
use lokstra_core::{Direction, Mode, TableName};

use crate::apply::engine::{Engine, MAX_LOSSES};
use crate::error::Error;
use crate::inspect::snapshot::READ_LOCK_TIMEOUT;
use crate::model::run::report::StepReport;
use crate::model::run::step::{Goal, PlanStep};
use crate::model::run::warning::Warning;
use crate::model::state::history::History;
use crate::model::state::snapshot::Snapshot;
use crate::session::Session;

/// Whether the first of these steps leaves the disk to a later one. Only where the run continues after
/// a crash of the server, and where this role can flush if it comes to no later one.
pub(super) fn defers(snapshot: &Snapshot, goal: Goal, steps: &[PlanStep<'_>]) -> bool {
    steps.len() > 1
        && goal.direction() == Direction::Up
        && steps[0].script().mode() == Mode::Transactional
        && !goal.is_relative()
        && snapshot.facts.may_update
}

/// Whether this script may have had its COMMIT not wait for the disk, which then has not flushed what
/// was left to it either. Seen only where the script names the setting.
pub(super) fn may_not_wait(step: &PlanStep<'_>) -> bool {
    step.direction == Direction::Up && contains(step.script().text(), "synchronous_commit")
}

/// Writes to the log without a lock or a right. Only a program that decodes the log and asks for
/// messages sees it.
///
/// PostgreSQL documentation: *9.28.6. Replication Management Functions*.
const WRITE_TO_LOG: &str = "SELECT pg_catalog.pg_logical_emit_message(true, \
     'lokstra', CAST('' AS pg_catalog.text)); COMMIT;";

impl Engine<'_, '_> {
    /// Flushes what is not on disk, and with the synchronous standby, before anything is reported; or
    /// warns that the run does not know whether that is so. An error of the work comes first.
    pub(super) fn flushed(
        &mut self,
        goal: Goal,
        mut worked: Result<(), Error>,
    ) -> Result<(), Error> {
        while std::mem::take(&mut self.is_unflushed) {
            let error = match flush(&mut self.session, &self.table, &self.options.stop) {
                Ok(true) => break,
                Ok(false) => {
                    self.warn_of_durability();
                    break;
                }
                Err(error) => error,
            };
            // A session that was ended has not waited: another one does.
            if self.losses < MAX_LOSSES && self.survives(&error).unwrap_or(false) {
                self.is_unflushed = true;
                let reported = self.report.steps.len();
                let mut wait = Backoff::new(self.options.lock_wait);
                let is_whole = self.read_snapshot_patiently(&mut wait).is_ok()
                    && self.report.steps.len() == reported;
                // What a crash took back is done again.
                if !is_whole && worked.is_ok() && !goal.is_relative() {
                    worked = self.work(goal);
                }
            } else {
                self.warn_of_durability();
                return worked.and(Err(error));
            }
        }
        worked
    }

    pub(super) fn waited_in_vain(&mut self) -> bool {
        waited_in_vain(&mut self.session, &self.options.stop)
    }

    fn warn_of_durability(&mut self) {
        let mut versions: Vec<_> = self.report.steps.iter().map(|step| step.version).collect();
        versions.dedup();
        if !versions.is_empty() {
            self.report.warnings.push(Warning::NotDurable { versions });
        }
    }

    /// What is not on disk, a crash or a failover may have taken back: such steps are not reported.
    pub(super) fn forget_lost(&mut self, history: &History) {
        if self.is_unflushed {
            let steps = std::mem::take(&mut self.report.steps);
            let is_there = |step: &StepReport| {
                let last = steps.iter().rfind(|other| other.version == step.version);
                let is_up = last.is_some_and(|last| last.direction == Direction::Up);
                is_up == history.contains(step.version)
            };
            self.report.steps = steps.iter().filter(|step| is_there(step)).cloned().collect();
        }
    }
}

/// Whether the last COMMIT gave up the wait for the synchronous standby: an operator, or our own
/// stop, can cancel that, and the COMMIT is done. A borrowed client receives no warning.
pub(crate) fn waited_in_vain(session: &mut Session<'_>, stop: &Stop) -> bool {
    session.take_unreplicated() || !session.is_owned() && stop.cancels()
}

/// Commits once more, which waits for everything before. False: that wait was cut off too.
pub(crate) fn flush(
    session: &mut Session<'_>,
    table: &TableName,
    stop: &Stop,
) -> Result<bool, Error> {
    // A transaction that has written to the log waits for it, and locking a row writes to it.
    let lock = format!(
        "{BEGIN} SET LOCAL lock_timeout='{READ_LOCK_TIMEOUT}ms'; \
         SELECT 1 FROM {0} h WHERE h.version OPERATOR(pg_catalog.=) \
         (SELECT pg_catalog.max(m.version) FROM {0} m) FOR KEY SHARE; COMMIT;",
        table.quoted(),
    );
    let started = Instant::now();
    let flushed = session.cancellable(stop, FLUSH_GRACE, |client| {
        let flushed = write(client, &lock);
        if flushed.is_err() {
            // Out of the transaction; without a connection there is none.
            client.batch_execute("ROLLBACK").ok();
        }
        flushed
    });
    flushed.map_err(Error::query)?;
    // A borrowed client receives no warning: what was cancelled has not waited.
    let is_cancelled = stop.cancels() && started.elapsed() > FLUSH_GRACE;
    Ok(!session.take_unreplicated() && (session.is_owned() || !is_cancelled))
}

/// How long the flush is waited for though the run was cancelled: a standby that is well needs less.
pub(crate) const FLUSH_GRACE: Duration = Duration::from_secs(2);

/// Where the server warns of a wait that it gave up, whatever the role keeps from its clients.
const BEGIN: &str = "BEGIN READ WRITE; SET LOCAL client_min_messages=warning;";

fn write(client: &mut Client, lock: &str) -> Result<(), postgres::Error> {
    match client.simple_query(lock) {
        Ok(answer) if rows(&answer).next().is_some() => Ok(()),
        Err(error) if is_connection_loss(&error) => Err(error),
        // Row security hides the row, another session holds it, or the privilege to lock it is missing.
        answer => {
            let emit = format!("{BEGIN} {WRITE_TO_LOG}");
            if answer.is_err() {
                client.batch_execute("ROLLBACK").ok();
            }
            match client.batch_execute(&emit) {
                // A cancel that was for the query before, and came late.
                Err(error) if !is_connection_loss(&error) => {
                    client.batch_execute("ROLLBACK").ok();
                    client.batch_execute(&emit)
                }
                done => done,
            }
        }
    }
}
