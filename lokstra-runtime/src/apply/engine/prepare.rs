//! What a run does before it plans its first step: it loads down SQL that only the database has, and
//! upgrades a tracking table that another program made.

use lokstra_connect::backoff::Backoff;
use lokstra_connect::transient::is_retryable;
use lokstra_core::{Database, Direction};

use crate::apply::engine::{Engine, same_versions};
use crate::apply::history_change::HistoryChange;
use crate::apply::upgrade;
use crate::error::Error;
use crate::event::{Event, emit};
use crate::inspect::stored_down::{self, Stored};
use crate::inspect::table_fault;
use crate::model::run::step::{Goal, PlanStep};
use crate::model::run::warning::Warning;
use crate::model::state::snapshot::{Access, Snapshot};
use crate::sql::guard::Guard;

impl<'e> Engine<'e, '_> {
    /// The migrations together with those that the goal rolls back and only the database has.
    pub(super) fn load_stored(
        &mut self,
        load: stored_down::Load,
        goal: Goal,
    ) -> Result<Option<Stored>, Error> {
        // What only the database has cannot be applied again.
        if goal.direction() == Direction::Up || goal == Goal::Redo {
            return Ok(None);
        }
        let mut wait = Backoff::new(self.options.lock_wait);
        let history = self.read_snapshot_patiently(&mut wait)?.history;
        self.refuse_unconfirmed(goal, &history)?;
        let embedded = self.database;
        let stored =
            self.ask(&mut wait, |client, table| load(client, embedded, table, &history, goal))?;
        for step in stored.iter().flat_map(Stored::steps) {
            let database = self.report.database.as_str();
            emit(self.listener, &Event::StoredDown { database, step: &step });
        }
        Ok(stored)
    }

    /// The same run over this database.
    pub(super) fn over<'n>(self, database: Database<'n>) -> Engine<'e, 'n> {
        let Engine { table, options, session, listener, report, newest, .. } = self;
        let (losses, is_unflushed) = (self.losses, self.is_unflushed);
        let fresh = Engine::new(database, table, options, session, listener);
        Engine { report, newest, losses, is_unflushed, ..fresh }
    }

    /// Adds the columns and fills in the checksums that another program did not write. Fails softly
    /// where there is nothing else to do. False: another session is at work.
    pub(super) fn upgrade(
        &mut self,
        snapshot: &mut Snapshot,
        goal: Goal,
        steps: &[PlanStep<'_>],
        wait: &mut Backoff,
    ) -> Result<bool, Error> {
        if !steps.is_empty() {
            table_fault::refuse(snapshot, &self.table, steps)?;
        }
        let trusted = |warning: &Warning| match warning {
            Warning::Trusted { versions, .. } if goal.direction() == Direction::Up => {
                Some(versions.clone())
            }
            _ => None,
        };
        let versions: Vec<_> = self.report.warnings.iter().find_map(trusted).unwrap_or_default();
        let is_narrow = snapshot.facts.shape.as_ref().is_some_and(|shape| !shape.is_current());
        let is_due = !versions.is_empty() || is_narrow && !steps.is_empty();
        let is_fit = || table_fault::refuse(snapshot, &self.table, &[]).is_ok();
        if !is_due || snapshot.facts.access != Access::ReadWrite || !is_fit() {
            return Ok(true);
        }
        self.session.prepare()?;
        loop {
            let guard = Guard {
                table: &self.table,
                key: self.key,
                snapshot,
                defers_flush: false,
                probes_lock: false,
            };
            let session = &mut self.session;
            let changed = upgrade::upgrade(session, &guard, self.database, &versions, self.options);
            match changed {
                // Done or not, the history shows, once no session holds the lock.
                Err(error) => return if self.survives(&error)? { Ok(false) } else { Err(error) },
                Ok(HistoryChange::Done) => {
                    self.is_unflushed |= self.waited_in_vain();
                    let now = self.read_snapshot_patiently(wait)?;
                    if !same_versions(&now.history, &snapshot.history) {
                        // The steps were planned from another history.
                        return Ok(false);
                    }
                    *snapshot = now;
                    for warning in &mut self.report.warnings {
                        if let Warning::Trusted { recorded, .. } = warning {
                            *recorded = !versions.is_empty();
                        }
                    }
                    return Ok(true);
                }
                Ok(HistoryChange::Busy) => return Ok(false),
                Ok(HistoryChange::Refused(_)) if steps.is_empty() => return Ok(true),
                Ok(HistoryChange::Refused(error)) if is_retryable(&error) && !wait.is_over() => {
                    self.check_stop(steps)?;
                    self.pause(wait)?;
                }
                Ok(HistoryChange::Refused(error)) => {
                    return Err(HistoryChange::refusal(*error, &guard));
                }
            }
        }
    }
}
