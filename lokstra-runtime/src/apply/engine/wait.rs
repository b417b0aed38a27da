//! Looks at the history, and waits for whoever is in the way.

use lokstra_connect::backoff::{Backoff, Wait};
use lokstra_connect::client::Client;
use lokstra_core::TableName;

use crate::apply::classify;
use crate::apply::engine::Engine;
use crate::error::kind::ErrorKind;
use crate::error::{Error, is_given_up};
use crate::event::{Event, connecting, tell};
use crate::inspect::fingerprint::{self, Whose};
use crate::inspect::{holder, snapshot};
use crate::model::run::step::Goal;
use crate::model::state::holder::Holder;
use crate::model::state::snapshot::Look;

impl Engine<'_, '_> {
    pub(super) fn look(&mut self) -> Result<Look, Error> {
        let look = snapshot::look(self.session.client(), &self.table)?;
        self.heed(&look);
        Ok(look)
    }

    fn heed(&mut self, look: &Look) {
        self.report.current = look.history.newest();
        self.forget_lost(&look.history);
    }

    /// The look that a run begins with; `None` where there is nothing to do.
    pub(super) fn look_first(
        &mut self,
        goal: Goal,
        wait: &mut Backoff,
    ) -> Result<Option<Look>, Error> {
        let database = self.database;
        let whose = if self.session.is_owned() { Whose::Ours } else { Whose::TheCallers };
        let look = self.ask(wait, |client, table| {
            fingerprint::look_for(client, whose, table, database, goal)
        })?;
        self.report.current =
            look.as_ref().map_or_else(|| database.newest(), |look| look.history.newest());
        Ok(look)
    }

    pub(super) fn go_direct(&mut self) -> Result<bool, Error> {
        let mut wait = Backoff::new(self.options.connect_wait);
        loop {
            let direct = {
                let mut told = connecting(&self.report.database, self.listener);
                self.session.go_direct(&mut wait, &self.options.stop, &mut told)
            };
            match direct {
                Err(error) if self.survives(&error)? => {}
                done => return done,
            }
        }
    }

    /// Waits for somebody who changes the tracking table, as for the migration lock.
    pub(super) fn look_patiently(&mut self, wait: &mut Backoff) -> Result<Look, Error> {
        let look = self.ask(wait, snapshot::look)?;
        self.heed(&look);
        Ok(look)
    }

    pub(super) fn holder(&mut self, wait: &mut Backoff) -> Result<Option<Holder>, Error> {
        let key = self.key;
        self.ask(wait, |client, _| holder::find(client, key))
    }

    /// Asks the server what changes nothing, and asks again where somebody is in the way, or an own
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
                self.heed_stop(&[])?;
                let Wait { waited, limit, is_due } = wait.report();
                let database = self.report.database.as_str();
                let holder = None;
                tell(self.listener, &Event::Waiting { database, holder, waited, limit, is_due });
            }
            // A standby, whose primary changes what is read (40001).
            ErrorKind::Server(server) if classify::passes(server) => self.heed_stop(&[])?,
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

    /// Waits until nobody holds the lock, or until somebody else has done the work. Looks at the
    /// history, never at the step: a refused step would be logged by the server, script and all.
    pub(super) fn wait(&mut self, goal: Goal, wait: &mut Backoff) -> Result<Look, Error> {
        loop {
            let holder = self.holder(wait)?;
            let is_held = holder.is_some();
            self.waiting(holder, wait)?;
            let look = self.look_patiently(wait)?;
            let nothing_left = !goal.is_relative()
                && self.plan(&look.history, goal).is_ok_and(|plan| plan.steps.is_empty());
            if !is_held || nothing_left || self.options.stop.is_asked() {
                return Ok(look);
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
        tell(self.listener, &Event::Waiting { database, holder, waited, limit, is_due });
        wait.sleep(&self.options.stop);
        Ok(())
    }
}
