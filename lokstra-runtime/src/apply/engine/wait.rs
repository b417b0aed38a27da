//! Looks at the history, and waits for the session that is in the way.

use lokstra_connect::backoff::{Backoff, Wait};
use lokstra_connect::client::Client;
use lokstra_connect::transient::is_retryable;
use lokstra_core::TableName;

use crate::apply::engine::Engine;
use crate::error::kind::ErrorKind;
use crate::error::{Error, is_given_up};
use crate::event::{Event, connecting, emit};
use crate::inspect::fingerprint::{self, SessionOwner};
use crate::inspect::lock::holder;
use crate::inspect::snapshot;
use crate::model::run::step::Goal;
use crate::model::state::holder::Holder;
use crate::model::state::snapshot::Snapshot;

impl Engine<'_, '_> {
    pub(super) fn read_snapshot(&mut self) -> Result<Snapshot, Error> {
        let snapshot = snapshot::read(self.session.client(), &self.table)?;
        self.note_history(&snapshot);
        Ok(snapshot)
    }

    fn note_history(&mut self, snapshot: &Snapshot) {
        self.report.current = snapshot.history.newest();
        self.forget_lost(&snapshot.history);
    }

    /// The snapshot that a run begins with; `None` where there is nothing to do.
    pub(super) fn first_snapshot(
        &mut self,
        goal: Goal,
        wait: &mut Backoff,
    ) -> Result<Option<Snapshot>, Error> {
        let database = self.database;
        let owner =
            if self.session.is_owned() { SessionOwner::Own } else { SessionOwner::Borrowed };
        let snapshot = self.ask(wait, |client, table| {
            fingerprint::snapshot_unless_reached(client, owner, table, database, goal)
        })?;
        self.report.current = snapshot
            .as_ref()
            .map_or_else(|| database.newest(), |snapshot| snapshot.history.newest());
        Ok(snapshot)
    }

    pub(super) fn switch_to_direct(&mut self) -> Result<bool, Error> {
        let mut wait = Backoff::new(self.options.connect_wait);
        loop {
            let direct = {
                let mut report = connecting(&self.report.database, self.listener);
                self.session.switch_to_direct(&mut wait, &self.options.stop, &mut report)
            };
            match direct {
                Err(error) if self.survives(&error)? => {}
                done => return done,
            }
        }
    }

    /// Waits for a session that changes the tracking table, as for the migration lock.
    pub(super) fn read_snapshot_patiently(
        &mut self,
        wait: &mut Backoff,
    ) -> Result<Snapshot, Error> {
        let snapshot = self.ask(wait, snapshot::read)?;
        self.note_history(&snapshot);
        Ok(snapshot)
    }

    pub(super) fn holder(&mut self, wait: &mut Backoff) -> Result<Option<Holder>, Error> {
        let key = self.key;
        self.ask(wait, |client, _| holder::find(client, key))
    }

    /// Asks the server what changes nothing, and asks again if another session is in the way, or an own
    /// connection is lost: a pooler that has no connection to give ends ours.
    pub(super) fn ask<T>(
        &mut self,
        wait: &mut Backoff,
        mut question: impl FnMut(&mut Client, &TableName) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut answer = None;
        self.ask_until_answered(wait, &mut |client, table| {
            answer = Some(question(client, table)?);
            Ok(())
        })?;
        Ok(answer.expect("the question has been answered"))
    }

    /// The part that is the same for each question, compiled once.
    #[inline(never)]
    fn ask_until_answered(
        &mut self,
        wait: &mut Backoff,
        question: &mut dyn FnMut(&mut Client, &TableName) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut was_last = false;
        loop {
            self.session.only_asks(true);
            let answer = question(self.session.client(), &self.table);
            self.session.only_asks(false);
            match answer {
                Err(error) if is_given_up(&error) => return Err(self.stopped(None, &[])),
                Err(error) if !wait.is_over() => self.before_next_question(error, wait)?,
                // The last pause may be what ended the session.
                Err(error) if !was_last && self.reconnect(&error)? => was_last = true,
                done => return done,
            }
        }
    }

    fn before_next_question(&mut self, error: Error, wait: &mut Backoff) -> Result<(), Error> {
        match error.kind() {
            ErrorKind::HistoryLocked { .. } => {
                self.check_stop(&[])?;
                let Wait { waited, limit, is_due } = wait.report();
                let database = self.report.database.as_str();
                let holder = None;
                emit(self.listener, &Event::Waiting { database, holder, waited, limit, is_due });
            }
            // A standby, whose primary changes what is read (40001).
            ErrorKind::Server(server) if is_retryable(server) => self.check_stop(&[])?,
            ErrorKind::ConnectionLost { .. } if self.session.is_owned() => {
                // First the pause, then the connection: a session that idles through each pause is ended
                // by an `idle_session_timeout` each time, and never asks.
                wait.sleep(&self.options.stop);
                return if self.reconnect(&error)? { Ok(()) } else { Err(error) };
            }
            _ => return Err(error),
        }
        wait.sleep(&self.options.stop);
        Ok(())
    }

    /// Pauses between two tries of what changes something, and makes sure that an own session has survived
    /// the pause.
    pub(super) fn pause(&mut self, backoff: &mut Backoff) -> Result<(), Error> {
        backoff.sleep(&self.options.stop);
        if !self.session.is_owned() || self.options.stop.is_asked() {
            return Ok(());
        }
        let mut wait = Backoff::new(self.options.lock_wait);
        self.ask(&mut wait, |client, _| client.batch_execute("").map_err(Error::query))
    }

    /// Waits until no session holds the lock, or until another session has done the work. Looks at the
    /// history, never at the step: a refused step would be logged by the server, script and all.
    pub(super) fn wait(&mut self, goal: Goal, wait: &mut Backoff) -> Result<Snapshot, Error> {
        loop {
            let holder = self.holder(wait)?;
            let is_held = holder.is_some();
            self.waiting(holder, wait)?;
            let snapshot = self.read_snapshot_patiently(wait)?;
            let nothing_left = !goal.is_relative()
                && self.plan(&snapshot.history, goal).is_ok_and(|plan| plan.steps.is_empty());
            if !is_held || nothing_left || self.options.stop.is_asked() {
                return Ok(snapshot);
            }
        }
    }

    pub(super) fn waiting(
        &mut self,
        holder: Option<Holder>,
        wait: &mut Backoff,
    ) -> Result<(), Error> {
        let Wait { waited, limit, is_due } = wait.report();
        if wait.is_over() {
            return Err(Error::new(ErrorKind::LockHeld { holder, waited }));
        }
        let database = self.report.database.as_str();
        let holder = holder.as_ref();
        emit(self.listener, &Event::Waiting { database, holder, waited, limit, is_due });
        wait.sleep(&self.options.stop);
        Ok(())
    }
}
