//! The loop: read the history, plan, run the next step, again.

mod batch;
mod confirm;
pub(crate) mod flush;
mod reconnect;
mod refuse;
pub(crate) mod serve;
mod stop;
mod stored;
mod upgrade;
mod wait;

use lokstra_connect::backoff::Backoff;
use lokstra_core::{Database, Direction, Mode, TableName, Version};

use crate::apply::attempt::Attempt;
use crate::apply::engine::flush::{defers, may_not_wait};
use crate::apply::engine::refuse::Ending;
use crate::apply::options::Options;
use crate::apply::step;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::event::{Event, Listener, emit};
use crate::inspect::{blocker, partial, privileges};
use crate::model::run::failure::{Failure, FailureState};
use crate::model::run::report::{Outcome, Report, StepReport};
use crate::model::run::step::{Goal, Plan, PlanStep};
use crate::model::run::warning::Warning;
use crate::model::state::history::{Applied, History};
use crate::model::state::holder::Holder;
use crate::model::state::lock_key::LockKey;
use crate::model::state::snapshot::Snapshot;
use crate::model::table::down_store::{self, DownStore};
use crate::model::table::tables::Shape;
use crate::plan;
use crate::session::Session;
use crate::session::execute::Execution;
use crate::sql::guard::Guard;

/// How often a step is tried that fails for a reason that passes, such as a lock timeout.
const MAX_ATTEMPTS: u32 = 20;

/// How often a step is tried that lost a race of which nothing can be seen.
const MAX_RACES: u32 = 5;

/// How often the same step may lose its connection: a script can be what ends it.
const MAX_LOSSES: u32 = 3;

pub(crate) struct Engine<'e, 'm> {
    database: Database<'m>,
    table: TableName,
    key: LockKey,
    options: &'e Options,
    session: Session<'e>,
    listener: Listener<'e>,
    report: Report,
    /// The newest migration of this build; with kept down SQL, `database` has newer ones.
    newest: Option<Version>,
    /// How often the step that is next lost its connection.
    losses: u32,
    /// Whether a COMMIT did not wait for the disk, or for the synchronous standby, or the run does not
    /// know, and none after it did.
    is_unflushed: bool,
    /// Whether the next lock is the first of the run, and has to be seen as held.
    probes_lock: bool,
    /// Whether several migrations in one message went wrong already: the rest goes one by one.
    is_alone: bool,
}

/// What became of a step.
enum Progress {
    Done,
    /// Not run: look at the history again.
    Overtaken,
}

impl<'e, 'm> Engine<'e, 'm> {
    pub(crate) fn new(
        database: Database<'m>,
        table: TableName,
        options: &'e Options,
        session: Session<'e>,
        listener: Listener<'e>,
    ) -> Engine<'e, 'm> {
        let mut report = Report::new(database.name(), table.clone());
        report.connection = session.connection();
        let key = LockKey::of(&table);
        let newest = database.migrations().next_back().map(|migration| migration.version());
        let (losses, is_unflushed, is_alone) = (0, false, false);
        Engine {
            database,
            table,
            key,
            options,
            session,
            listener,
            report,
            newest,
            losses,
            is_unflushed,
            probes_lock: true,
            is_alone,
        }
    }

    /// Adds what is to be told before the warnings of the plan. Also where there is none: a stale
    /// build may be why.
    pub(crate) fn with_warning(mut self, warning: Option<Warning>) -> Self {
        self.report.warnings.extend(warning);
        self
    }

    fn plan(&self, history: &History, goal: Goal) -> Result<Plan<'m>, Error> {
        let mut plan = plan::plan(self.database, history, goal, self.options.policy)?;
        // What only the database has does not make this build newer.
        let mut ahead = Vec::new();
        plan.warnings.retain_mut(|warning| {
            let (Warning::Missing { versions } | Warning::Ahead { versions }) = warning else {
                return true;
            };
            for version in versions.extract_if(.., |version| Some(*version) > self.newest) {
                let place = ahead.partition_point(|before| *before < version);
                ahead.insert(place, version);
            }
            !versions.is_empty()
        });
        if !ahead.is_empty() {
            plan.warnings.insert(0, Warning::Ahead { versions: ahead });
        }
        Ok(plan)
    }

    pub(crate) fn run(mut self, goal: Goal) -> Result<Report, Error> {
        let load = self.options.load_stored;
        let stored = load.map_or(Ok(None), |load| self.load_stored(load, goal));
        match stored {
            Ok(None) => {
                let worked = self.work(goal);
                self.end(goal, worked)
            }
            Ok(Some(stored)) => {
                let embedded = self.database;
                let mut engine = self.over(stored.database_or(embedded));
                let worked = engine.work(goal);
                engine.end(goal, worked)
            }
            Err(error) => self.end(goal, Err(error)),
        }
    }

    /// Tells what was odd and how it ended.
    fn end(mut self, goal: Goal, worked: Result<(), Error>) -> Result<Report, Error> {
        let worked = self.flushed(goal, worked);
        let worked = worked.and_then(|()| self.stopped_when_done());
        let error =
            privileges::with_missing_grants(self.session.client(), &self.table, worked).err();
        self.report.outcome = match error.as_ref().map(Error::kind) {
            None => Outcome::Done,
            Some(ErrorKind::Stopped { .. }) => Outcome::Stopped,
            Some(_) => Outcome::Failed,
        };
        emit_end(self.listener, &self.report, error.as_ref());
        match error {
            None => Ok(self.report),
            Some(error) => Err(error.with_report(self.report)),
        }
    }

    fn work(&mut self, goal: Goal) -> Result<(), Error> {
        let mut wait = Backoff::new(self.options.lock_wait);
        let mut is_waiting = false;
        let Some(mut snapshot) = self.first_snapshot(goal, &mut wait)? else { return Ok(()) };
        'plan: loop {
            self.refuse_unconfirmed(goal, &snapshot.history)?;
            let mut plan = self.plan(&snapshot.history, goal)?;
            let needs_session = |step: &PlanStep<'_>| step.script().mode() == Mode::NoTransaction;
            if plan.steps.iter().any(needs_session) && self.switch_to_direct()? {
                snapshot = self.read_snapshot_patiently(&mut wait)?;
                continue 'plan;
            }
            // Those of an earlier plan go, those of the build and of steps that ran stay.
            self.report.warnings.retain(Warning::is_of_the_run);
            self.report.warnings.append(&mut plan.warnings);
            if !plan.steps.is_empty() {
                self.check_server(&snapshot)?;
            }
            if !self.adopt(&mut snapshot, goal, &plan.steps, &mut wait)? {
                self.check_stop(&plan.steps)?;
                let expected = std::mem::take(&mut snapshot.history);
                snapshot = self.wait(goal, &mut wait)?;
                self.check_stop(&plan.steps)?;
                self.refuse_concurrent_change(goal, &expected, &snapshot.history)?;
                continue 'plan;
            }
            if !plan.steps.is_empty() {
                self.check_before(&mut snapshot, &plan.steps)?;
            }
            let (mut nth, mut is_begun) = (0, false);
            while let Some(step) = plan.steps.get(nth) {
                let left = &plan.steps[nth..];
                if !std::mem::take(&mut is_begun) {
                    self.check_stop(left)?;
                }
                let count = self.batch_len(&snapshot, goal, &plan.steps, nth);
                if count > 1 {
                    let ran = self.run_batch(&mut snapshot, goal, left, count)?;
                    (nth, is_begun) = (nth + ran.done, ran.is_next_begun);
                    continue;
                }
                let (rest, defers_flush) = (&left[1..], defers(&snapshot, goal, left));
                while let Progress::Overtaken =
                    self.step(&mut snapshot, step, rest, defers_flush)?
                {
                    // The time that the step itself took is not waiting.
                    if !std::mem::replace(&mut is_waiting, true) {
                        wait = Backoff::new(self.options.lock_wait);
                    }
                    let expected = std::mem::take(&mut snapshot.history);
                    snapshot = self.wait(goal, &mut wait)?;
                    self.check_stop(left)?;
                    if !goal.is_relative() {
                        continue 'plan;
                    }
                    self.refuse_concurrent_change(goal, &expected, &snapshot.history)?;
                }
                (is_waiting, self.losses) = (false, 0);
                nth += 1;
            }
            return Ok(());
        }
    }

    /// Runs a step until it is done, failed, or overtaken by another session.
    fn step(
        &mut self,
        snapshot: &mut Snapshot,
        step: &PlanStep<'m>,
        rest: &[PlanStep<'m>],
        defers_flush: bool,
    ) -> Result<Progress, Error> {
        #[cfg(feature = "tracing")]
        let _span = crate::event::tracing::step(&self.report.database, step);
        let mut backoff = Backoff::new(None);
        self.is_unflushed |= defers_flush;
        for attempt in 1.. {
            let database = self.database.name();
            emit(self.listener, &Event::StepStarted { database, step });
            let started = std::time::Instant::now();
            let guard = Guard {
                table: &self.table,
                key: self.key,
                snapshot,
                defers_flush,
                probes_lock: self.probes_lock,
            };
            let run = match step.script().mode() {
                Mode::Transactional => step::attempt,
                Mode::NoTransaction => {
                    let no_transaction = self.options.no_transaction;
                    no_transaction.expect("the set says that it has such scripts").attempt
                }
            };
            let mut execution = Execution::new(database, step, &self.options.stop, self.listener);
            let attempted = run(&mut self.session, &guard, step, self.options, &mut execution);
            let attempted = match attempted {
                Err(error) if self.works_anyway(&error) => continue,
                attempted => {
                    attempted.map_err(|error| self.unless_read_only(error, &from(step, rest)))?
                }
            };
            match attempted {
                Attempt::Done(elapsed) => {
                    self.probes_lock = false;
                    self.is_unflushed = defers_flush || may_not_wait(step) || self.waited_in_vain();
                    self.done(snapshot, step, elapsed);
                    return Ok(Progress::Done);
                }
                Attempt::Busy | Attempt::HistoryChanged => return Ok(Progress::Overtaken),
                Attempt::Partial => return Err(self.partial_script(snapshot, step)?),
                Attempt::Raced(failure) => {
                    let now =
                        self.read_snapshot_patiently(&mut Backoff::new(self.options.lock_wait))?;
                    if !same_versions(&now.history, &snapshot.history)
                        || now.facts != snapshot.facts
                    {
                        return Ok(Progress::Overtaken);
                    }
                    // What a session has cached of the catalog is behind for a moment.
                    if attempt >= MAX_RACES {
                        return Err(self.failed(snapshot, step, failure, rest));
                    }
                    self.retrying(step, &failure, attempt, MAX_RACES);
                    self.pause(&mut backoff)?;
                    self.check_stop(&from(step, rest))?;
                }
                Attempt::Again(mut failure) if attempt < MAX_ATTEMPTS => {
                    failure.blocker = self.blocker(step, &failure);
                    self.retrying(step, &failure, attempt, MAX_ATTEMPTS);
                    self.pause(&mut backoff)?;
                    self.check_stop(&from(step, rest))?;
                }
                // Somebody without our lock may have been faster, such as the Go program; or the
                // server has become a standby.
                Attempt::Failed(failure)
                    if failure.state == FailureState::RolledBack
                        && self.has_history_changed(snapshot, &from(step, rest))? =>
                {
                    return Ok(Progress::Overtaken);
                }
                Attempt::Again(mut failure) | Attempt::Failed(mut failure) => {
                    failure.tries = attempt;
                    failure.blocker = self.blocker(step, &failure);
                    return Err(self.failed(snapshot, step, failure, rest));
                }
                Attempt::Cancelled(failure) => {
                    return Err(self.cancelled(snapshot, failure, &from(step, rest)));
                }
                Attempt::ConnectionLost(source) => {
                    let ending = Ending::new(&source, Some(started));
                    let done = self.connection_lost(
                        snapshot,
                        std::slice::from_ref(step),
                        Some(started),
                        source,
                    )?;
                    if done == 1 {
                        return Ok(Progress::Done);
                    }
                    self.refuse_timeout(snapshot, ending, step, rest)?;
                    return Ok(Progress::Overtaken);
                }
            }
        }
        Ok(Progress::Overtaken)
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
    fn done(&mut self, snapshot: &mut Snapshot, step: &PlanStep<'_>, elapsed: std::time::Duration) {
        let done = StepReport::new(step, elapsed);
        emit(self.listener, &Event::StepFinished { database: &self.report.database, step: &done });
        self.note_done(snapshot, step, done);
    }

    /// What a step that was told of has changed.
    fn note_done(&mut self, snapshot: &mut Snapshot, step: &PlanStep<'_>, done: StepReport) {
        record(&mut snapshot.history, step);
        let shape = snapshot.facts.shape.take();
        snapshot.facts.shape = Some(shape.map_or_else(Shape::ours, Shape::extended));
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
    fn failed(
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

/// What was odd, and how it ended.
pub(crate) fn emit_end(listener: Listener<'_>, report: &Report, error: Option<&Error>) {
    let database = report.database.as_str();
    for warning in &report.warnings {
        emit(listener, &Event::Warning { database, warning });
    }
    emit(listener, &Event::RunFinished { database, report, error });
}

#[inline(never)]
fn versions(steps: &[PlanStep<'_>]) -> Vec<Version> {
    steps.iter().map(|step| step.migration.version()).collect()
}

fn from<'m>(step: &PlanStep<'m>, rest: &[PlanStep<'m>]) -> Vec<PlanStep<'m>> {
    let mut steps = vec![*step];
    steps.extend_from_slice(rest);
    steps
}

/// What the step does to the history, without reading it again.
fn record(history: &mut History, step: &PlanStep<'_>) {
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

fn same_versions(a: &History, b: &History) -> bool {
    a.iter().map(|row| row.version).eq(b.iter().map(|row| row.version))
}
