//! One step of a plan: tried until it is done, has failed, or another session was faster.

use std::time::{Duration, Instant};

use lokstra_connect::backoff::Backoff;
use lokstra_core::{Direction, Mode};

use crate::apply::attempt::Attempt;
use crate::apply::engine::flush::may_not_wait;
use crate::apply::engine::refuse::Ending;
use crate::apply::engine::{Engine, same_versions, versions};
use crate::apply::transactional;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::event::{Event, emit};
use crate::inspect::lock::blocker;
use crate::inspect::partial;
use crate::model::run::failure::{Failure, FailureState};
use crate::model::run::report::StepReport;
use crate::model::run::step::PlanStep;
use crate::model::state::history::{Applied, History};
use crate::model::state::holder::Holder;
use crate::model::state::snapshot::Snapshot;
use crate::model::table::down_store::{self, DownStore};
use crate::model::table::tables::Shape;
use crate::session::execute::Execution;
use crate::sql::guard::Guard;

/// How often a step, or an edit of the history, is tried that fails for a transient reason, such as a lock
/// timeout.
pub(crate) const MAX_ATTEMPTS: u32 = 20;

/// How often a step is tried that lost a race of which nothing can be seen.
const MAX_RACES: u32 = 5;

/// What became of a step.
pub(super) enum StepEnd {
    Done,
    /// Not run: the history has to be read again.
    Overtaken,
}

impl<'m> Engine<'_, 'm> {
    /// Runs the first of the steps that are left.
    pub(super) fn step(
        &mut self,
        snapshot: &mut Snapshot,
        left: &[PlanStep<'m>],
        defers_flush: bool,
    ) -> Result<StepEnd, Error> {
        let (step, rest) = (&left[0], &left[1..]);
        #[cfg(feature = "tracing")]
        let _span = crate::event::tracing::step(&self.report.database, step);
        let mut backoff = Backoff::new(None);
        self.is_unflushed |= defers_flush;
        for attempt in 1.. {
            emit(self.listener, &Event::StepStarted { database: self.database.name(), step });
            let started = Instant::now();
            let attempted = match self.attempt(snapshot, step, defers_flush) {
                Err(error) if self.works_anyway(&error) => continue,
                Err(error) => return Err(self.unless_read_only(error, left)),
                Ok(attempted) => attempted,
            };
            let (failure, attempts) = match attempted {
                Attempt::Done(elapsed) => {
                    self.probes_lock = false;
                    self.is_unflushed = defers_flush || may_not_wait(step) || self.waited_in_vain();
                    self.done(snapshot, step, elapsed);
                    return Ok(StepEnd::Done);
                }
                Attempt::Busy | Attempt::HistoryChanged => return Ok(StepEnd::Overtaken),
                Attempt::Partial => return Err(self.partial_script(snapshot, step)?),
                Attempt::Raced(_) if self.has_lost_race(snapshot)? => {
                    return Ok(StepEnd::Overtaken);
                }
                // What a session has cached of the catalog is behind for a moment.
                Attempt::Raced(failure) if attempt < MAX_RACES => (failure, MAX_RACES),
                Attempt::Raced(failure) => {
                    return Err(self.failed(snapshot, step, failure, rest));
                }
                Attempt::Transient(mut failure) if attempt < MAX_ATTEMPTS => {
                    failure.blocker = self.blocker(step, &failure);
                    (failure, MAX_ATTEMPTS)
                }
                // A session without our lock may have been faster, such as the Go program; or the
                // server has become a standby.
                Attempt::Failed(failure)
                    if failure.state == FailureState::RolledBack
                        && self.has_history_changed(snapshot, left)? =>
                {
                    return Ok(StepEnd::Overtaken);
                }
                Attempt::Transient(mut failure) | Attempt::Failed(mut failure) => {
                    failure.tries = attempt;
                    failure.blocker = self.blocker(step, &failure);
                    return Err(self.failed(snapshot, step, failure, rest));
                }
                Attempt::Cancelled(failure) => {
                    return Err(self.cancelled(snapshot, failure, left));
                }
                Attempt::ConnectionLost(source) => {
                    return self.after_loss(snapshot, left, started, source);
                }
            };
            self.retrying(step, &failure, attempt, attempts);
            self.pause(&mut backoff)?;
            self.check_stop(left)?;
        }
        Ok(StepEnd::Overtaken)
    }

    fn attempt(
        &mut self,
        snapshot: &Snapshot,
        step: &PlanStep<'m>,
        defers_flush: bool,
    ) -> Result<Attempt, Error> {
        let (table, key, probes_lock) = (&self.table, self.key, self.probes_lock);
        let guard = Guard { table, key, snapshot, defers_flush, probes_lock };
        let run = match step.script().mode() {
            Mode::Transactional => transactional::attempt,
            Mode::NoTransaction => {
                let no_transaction = self.options.no_transaction;
                no_transaction.expect("the set says that it has such scripts").attempt
            }
        };
        let (database, options) = (self.database.name(), self.options);
        let mut execution = Execution::new(database, step, &options.stop, self.listener);
        run(&mut self.session, &guard, step, options, &mut execution)
    }

    /// Whether the history, or what there is of the tables, has changed since.
    fn has_lost_race(&mut self, snapshot: &Snapshot) -> Result<bool, Error> {
        let now = self.read_snapshot_patiently(&mut Backoff::new(self.options.lock_wait))?;
        Ok(!same_versions(&now.history, &snapshot.history) || now.facts != snapshot.facts)
    }

    /// The connection went while the step was running.
    fn after_loss(
        &mut self,
        snapshot: &mut Snapshot,
        left: &[PlanStep<'m>],
        started: Instant,
        source: postgres::Error,
    ) -> Result<StepEnd, Error> {
        let ending = Ending::new(&source, Some(started));
        let done = self.connection_lost(snapshot, &left[..1], Some(started), source)?;
        if done == 1 {
            return Ok(StepEnd::Done);
        }
        self.refuse_timeout(snapshot, ending, &left[0], &left[1..])?;
        Ok(StepEnd::Overtaken)
    }

    /// The error of a step that other partial scripts are in the way of.
    fn partial_script(&mut self, snapshot: &Snapshot, step: &PlanStep<'_>) -> Result<Error, Error> {
        let mut wait = Backoff::new(self.options.lock_wait);
        let scripts =
            self.ask(&mut wait, |client, table| partial::read(client, snapshot, table))?;
        let (version, direction) = (step.migration.version(), step.direction);
        Ok(Error::new(ErrorKind::PartialScript { version, direction, scripts }))
    }

    #[inline(never)]
    fn retrying(&mut self, step: &PlanStep<'_>, failure: &Failure, attempt: u32, attempts: u32) {
        let database = self.report.database.as_str();
        let retrying = Event::Retrying { database, step, failure, attempt, attempts };
        emit(self.listener, &retrying);
    }

    /// Who is in the way; not worth a failure of its own.
    #[inline(never)]
    fn blocker(&mut self, step: &PlanStep<'_>, failure: &Failure) -> Option<Holder> {
        blocker::find(self.session.client(), &self.table, step, failure).ok().flatten()
    }

    #[inline(never)]
    pub(super) fn done(&mut self, snapshot: &mut Snapshot, step: &PlanStep<'_>, elapsed: Duration) {
        let done = StepReport::new(step, elapsed);
        emit(self.listener, &Event::StepFinished { database: &self.report.database, step: &done });
        self.note_done(snapshot, step, done);
    }

    /// What a step that was reported has changed.
    pub(super) fn note_done(
        &mut self,
        snapshot: &mut Snapshot,
        step: &PlanStep<'_>,
        done: StepReport,
    ) {
        record(&mut snapshot.history, step);
        let shape = snapshot.facts.shape.take();
        snapshot.facts.shape = Some(shape.map_or_else(Shape::current, Shape::extended));
        snapshot.facts.schema_exists = true;
        if step.direction == Direction::Up {
            down_store::warn_down_not_stored(
                &mut self.report.warnings,
                &snapshot.facts,
                step.migration,
            );
        }
        if snapshot.facts.down_store == DownStore::Missing {
            snapshot.facts.down_store = DownStore::Usable;
        }
        self.report.current = snapshot.history.newest();
        self.report.steps.push(done);
    }

    /// A failure with what the loop knows of the state afterwards.
    pub(super) fn failed(
        &mut self,
        snapshot: &Snapshot,
        step: &PlanStep<'_>,
        mut failure: Box<Failure>,
        rest: &[PlanStep<'_>],
    ) -> Error {
        failure.current = snapshot.history.newest();
        failure.not_tried = versions(rest);
        let database = self.report.database.as_str();
        emit(self.listener, &Event::Failed { database, step, failure: &failure });
        Error::new(ErrorKind::MigrationFailed(failure))
    }
}

/// What the step does to the history, without reading it again.
pub(super) fn record(history: &mut History, step: &PlanStep<'_>) {
    let migration = step.migration;
    match step.direction {
        Direction::Down => history.remove(migration.version()),
        Direction::Up => history.insert(Applied {
            version: migration.version(),
            description: Some(migration.description().to_owned()),
            checksum: Some(migration.up().checksum()),
            down_checksum: Some(migration.down().checksum()),
            applied_at: None,
            applied_by: None,
            execution_ms: None,
        }),
    }
}
