//! A connection that is lost: one of our own is made again, and the history tells what was done.

use crate::engine::{Engine, MOST_LOSSES, Progress};
use crate::error::{Error, ErrorKind};
use crate::event::{Event, connecting, tell};
use crate::history::{History, Look};
use crate::lost::Interrupted;
use crate::plan::{Direction, PlanStep};
use crate::retry::Backoff;

impl Engine<'_, '_> {
    /// Connects again if this error is the loss of an own connection. False: it is another error, or
    /// there is no connection to be had.
    pub(super) fn reconnect(&mut self, error: &Error) -> Result<bool, Error> {
        let ErrorKind::ConnectionLost { source, .. } = error.kind() else { return Ok(false) };
        self.connect_again(source)
    }

    fn connect_again(&mut self, cause: &postgres::Error) -> Result<bool, Error> {
        if !self.session.is_owned() {
            return Ok(false);
        }
        let database = self.report.database.as_str();
        tell(self.listener, &Event::Reconnecting { database, cause });
        let connected = {
            let mut told = connecting(database, self.listener);
            self.session.reconnect(&self.options.stop, &mut told)
        };
        match connected {
            Err(error) if matches!(error.kind(), ErrorKind::Stopped { .. }) => {
                Err(self.stopped(None, &[]))
            }
            connected => Ok(connected.is_ok()),
        }
    }

    /// For a change that can be made again. True: connected again; what became of the change, the
    /// history tells.
    pub(super) fn survives(&mut self, error: &Error) -> Result<bool, Error> {
        self.losses += 1;
        Ok(self.losses < MOST_LOSSES && self.reconnect(error)?)
    }

    /// The server finishes what it was sent, COMMIT included, or rolls it back: once nobody holds
    /// the lock any more, the history tells which.
    pub(super) fn lost(
        &mut self,
        look: &mut Look,
        step: &PlanStep<'_>,
        source: postgres::Error,
    ) -> Result<Progress, Error> {
        let started = std::time::Instant::now();
        self.losses += 1;
        let is_back = self.losses < MOST_LOSSES && self.connect_again(&source).unwrap_or(false);
        // What became of the step is not known yet, so that a stop here is no clean one.
        let now = match self.unlocked(is_back) {
            Ok(Some(now)) => now,
            Err(error) if !matches!(error.kind(), ErrorKind::ConnectionLost { .. }) => {
                return Err(error);
            }
            _ => {
                let (version, mode) = (step.migration.version(), step.script().mode());
                let running = Some(Interrupted { version, mode });
                return Err(Error::new(ErrorKind::ConnectionLost { running, source }));
            }
        };
        look.facts = now.facts;
        if is_after(step, &look.history, &now.history) {
            self.done(look, step, started.elapsed());
            return Ok(Progress::Done);
        }
        Ok(Progress::Overtaken)
    }

    /// The history once nobody holds the lock; `None` without a connection, or if the run is to stop.
    fn unlocked(&mut self, is_connected: bool) -> Result<Option<Look>, Error> {
        if !is_connected {
            return Ok(None);
        }
        let mut wait = Backoff::new(self.options.lock_wait);
        while let Some(holder) = self.holder(&mut wait)? {
            if self.options.stop.is_asked() {
                return Ok(None);
            }
            self.waiting(Some(holder), &mut wait)?;
        }
        self.look_patiently(&mut wait).map(Some)
    }
}

/// Whether the step, and nothing else, is between two histories.
fn is_after(step: &PlanStep<'_>, before: &History, now: &History) -> bool {
    let version = step.migration.version();
    let (without, with) = match step.direction {
        Direction::Up => (before, now),
        Direction::Down => (now, before),
    };
    with.len() == without.len() + 1
        && with.contains(version)
        && with.iter().all(|row| row.version == version || without.contains(row.version))
}
