//! A connection that is lost: one of our own is made again, and the history shows what was done.

use std::time::{Duration, Instant};

use lokstra_connect::backoff::Backoff;
use lokstra_connect::client::client_gave_up;
use lokstra_core::Direction;

use crate::apply::engine::{Engine, MAX_LOSSES};
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::event::{Event, connecting, emit};
use crate::model::run::interrupted::InterruptedStep;
use crate::model::run::step::PlanStep;
use crate::model::state::history::History;
use crate::model::state::snapshot::Snapshot;

impl Engine<'_, '_> {
    /// Connects again if this error is the loss of an own connection. False: it is another error, or
    /// there is no connection to be had.
    pub(super) fn reconnect(&mut self, error: &Error) -> Result<bool, Error> {
        let ErrorKind::ConnectionLost { source, .. } = error.kind() else { return Ok(false) };
        self.connect_again(source)
    }

    fn connect_again(&mut self, cause: &postgres::Error) -> Result<bool, Error> {
        if !self.session.is_owned() || client_gave_up(cause) {
            return Ok(false);
        }
        // What comes back may be another server, and know less.
        self.is_unflushed |= !self.report.steps.is_empty();
        let database = self.report.database.as_str();
        emit(self.listener, &Event::Reconnecting { database, cause });
        let connected = {
            let mut report = connecting(database, self.listener);
            self.session.reconnect(self.options.connect_wait, &self.options.stop, &mut report)
        };
        match connected {
            Err(error) if matches!(error.kind(), ErrorKind::Stopped { .. }) => {
                Err(self.stopped(None, &[]))
            }
            connected => Ok(connected.is_ok()),
        }
    }

    /// For a change that can be made again. True: connected again; what became of the change, the
    /// history shows.
    pub(super) fn survives(&mut self, error: &Error) -> Result<bool, Error> {
        self.losses += 1;
        Ok(self.losses < MAX_LOSSES && self.reconnect(error)?)
    }

    /// The server finishes what it was sent, COMMIT included, or rolls it back: once no session holds
    /// the lock any more, the history shows how many of these steps are done. The first has been running
    /// since then, if the listener knows of it.
    pub(super) fn connection_lost(
        &mut self,
        snapshot: &mut Snapshot,
        steps: &[PlanStep<'_>],
        running: Option<Instant>,
        source: postgres::Error,
    ) -> Result<usize, Error> {
        self.losses += 1;
        // A COMMIT without an answer may not have waited for anything.
        self.is_unflushed = true;
        let is_back = self.losses < MAX_LOSSES && self.connect_again(&source).unwrap_or(false);
        // What became of the step is not known yet, so that a stop here is no clean one.
        let now = match self.unlocked(is_back) {
            Ok(Some(now)) => now,
            Err(error)
                if !matches!(
                    error.kind(),
                    ErrorKind::ConnectionLost { .. } | ErrorKind::Stopped { .. }
                ) =>
            {
                return Err(error);
            }
            _ => {
                let (version, mode) = (steps[0].migration.version(), steps[0].script().mode());
                let last = steps[steps.len() - 1].migration.version();
                let running = Some(InterruptedStep { version, last, mode });
                return Err(Error::new(ErrorKind::ConnectionLost { running, source }));
            }
        };
        Ok(self.catch_up(snapshot, steps, now, running))
    }

    /// Notes those of these steps that are done according to this history. The first has been running
    /// since then, if the listener knows of it. Returns their number.
    pub(super) fn catch_up(
        &mut self,
        snapshot: &mut Snapshot,
        steps: &[PlanStep<'_>],
        now: Snapshot,
        mut running: Option<Instant>,
    ) -> usize {
        snapshot.facts = now.facts;
        let done = number_between(steps, &snapshot.history, &now.history);
        for step in &steps[..done] {
            let database = self.database.name();
            let since = running.take();
            if since.is_none() {
                emit(self.listener, &Event::StepStarted { database, step });
            }
            self.done(snapshot, step, since.map_or(Duration::ZERO, |since| since.elapsed()));
        }
        done
    }

    /// The history once no session holds the lock; `None` without a connection, or if the run is to stop.
    fn unlocked(&mut self, is_connected: bool) -> Result<Option<Snapshot>, Error> {
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
        self.read_snapshot_patiently(&mut wait).map(Some)
    }
}

/// How many of these steps, from the first on, are between two histories; none if anything else is.
fn number_between(steps: &[PlanStep<'_>], before: &History, now: &History) -> usize {
    let Some(first) = steps.first() else { return 0 };
    let (without, with) = match first.direction {
        Direction::Up => (before, now),
        Direction::Down => (now, before),
    };
    let number = with.len().saturating_sub(without.len());
    let done = steps.get(..number).unwrap_or_default();
    let is_done = |version| done.iter().any(|step| step.migration.version() == version);
    let differ = with.iter().filter(|row| !without.contains(row.version));
    let (mut count, mut are_done) = (0, true);
    for row in differ {
        (count, are_done) = (count + 1, are_done && is_done(row.version));
    }
    if are_done && count == done.len() { count } else { 0 }
}
