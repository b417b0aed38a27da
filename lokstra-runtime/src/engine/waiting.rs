//! Looks at the history, and waits for whoever is in the way.

use crate::engine::{Engine, same_versions};
use crate::error::{Error, ErrorKind};
use crate::event::{Event, connecting, tell};
use crate::glance;
use crate::history::{self, Look};
use crate::holder;
use crate::plan::{self, Goal};
use crate::retry::Backoff;

impl Engine<'_, '_> {
    pub(super) fn look(&mut self) -> Result<Look, Error> {
        let look = history::look(self.session.client(), &self.table)?;
        self.report.current = look.history.newest();
        self.forget_lost(&look.history);
        Ok(look)
    }

    /// The look that a run begins with; `None` where there is nothing to do.
    pub(super) fn look_first(
        &mut self,
        goal: Goal,
        wait: &mut Backoff,
    ) -> Result<Option<Look>, Error> {
        let database = self.database;
        let look = self.patiently(wait, |engine| {
            glance::look_for(engine.session.client(), &engine.table, database, goal)
        })?;
        self.report.current =
            look.as_ref().map_or_else(|| database.newest(), |look| look.history.newest());
        Ok(look)
    }

    pub(super) fn go_direct(&mut self) -> Result<bool, Error> {
        let mut wait = Backoff::new(self.options.connect_wait);
        let mut told = connecting(&self.report.database, self.listener);
        self.session.go_direct(&mut wait, &self.options.stop, &mut told)
    }

    pub(super) fn look_patiently(&mut self, wait: &mut Backoff) -> Result<Look, Error> {
        self.patiently(wait, Engine::look)
    }

    /// Waits for somebody who changes the tracking table, as for the migration lock.
    fn patiently<T>(
        &mut self,
        wait: &mut Backoff,
        look: impl Fn(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        loop {
            match look(self) {
                Err(error) if matches!(error.kind(), ErrorKind::HistoryLocked { .. }) => {
                    if wait.is_over() {
                        return Err(error);
                    }
                    self.heed_stop(&[])?;
                    let (database, waited) = (self.report.database.as_str(), wait.waited());
                    tell(self.listener, &Event::Waiting { database, holder: None, waited });
                    wait.sleep(&self.options.stop);
                }
                // A pooler that has no connection to give ends ours. Nothing was changed yet.
                Err(error)
                    if matches!(error.kind(), ErrorKind::ConnectionLost { .. })
                        && !wait.is_over()
                        && self.session.reconnect(&self.options.stop)? => {}
                done => return done,
            }
        }
    }

    /// Waits until nobody holds the lock, or until somebody else has done the work. Looks at the
    /// history, never at the step: a refused step would be logged by the server, script and all.
    pub(super) fn wait(&mut self, goal: Goal, wait: &mut Backoff) -> Result<Look, Error> {
        loop {
            let holder = holder::find(self.session.client(), self.key)?;
            let is_held = holder.is_some();
            self.waiting(holder, wait)?;
            let look = self.look_patiently(wait)?;
            let nothing_left = !goal.is_relative()
                && plan::plan(self.database, &look.history, goal, self.options.policy)
                    .is_ok_and(|plan| plan.steps.is_empty());
            if !is_held || nothing_left || self.options.stop.is_asked() {
                return Ok(look);
            }
        }
    }

    pub(super) fn waiting(
        &mut self,
        holder: Option<holder::Holder>,
        wait: &mut Backoff,
    ) -> Result<(), Error> {
        let waited = wait.waited();
        if wait.is_over() {
            return Err(Error::new(ErrorKind::LockHeld { holder, waited }));
        }
        let database = self.report.database.as_str();
        tell(self.listener, &Event::Waiting { database, holder: holder.as_ref(), waited });
        wait.sleep(&self.options.stop);
        Ok(())
    }

    pub(super) fn has_moved(&mut self, look: &Look) -> bool {
        self.look().is_ok_and(|now| !same_versions(&now.history, &look.history))
    }
}
