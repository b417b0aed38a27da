//! The loop: read the history, plan, run the next step, again.

mod batch;
pub(crate) mod flush;
mod prepare;
mod reconnect;
pub(crate) mod refuse;
pub(crate) mod retry;
mod stop;
mod wait;

use lokstra_connect::backoff::Backoff;
use lokstra_core::{Database, Mode, TableName, Version};

use crate::apply::engine::flush::defers;
use crate::apply::engine::retry::StepEnd;
use crate::apply::options::Options;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::event::{Event, Listener, emit};
use crate::inspect::privileges;
use crate::model::run::report::{Outcome, Report};
use crate::model::run::step::{Goal, Plan, PlanStep};
use crate::model::run::warning::Warning;
use crate::model::state::history::History;
use crate::model::state::snapshot::Snapshot;
use crate::plan;
use crate::session::Session;
use crate::sql::lock::LockKey;

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
    /// The newest migration of this build; with stored down SQL, `database` has newer ones.
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

/// What is being worked on.
struct Work {
    goal: Goal,
    /// What the plan was made from, and what this run has done since.
    snapshot: Snapshot,
    /// How long this run has waited for other sessions.
    wait: Backoff,
    /// Whether it has waited since the last step that it did.
    is_waiting: bool,
}

/// How far a run is in its plan.
#[derive(Default)]
struct Position {
    /// The step that is next.
    nth: usize,
    /// The server has begun it already, so that a stop comes after it.
    is_begun: bool,
}

/// What follows.
enum Next {
    /// The history is another one, and so the plan may be.
    Replan,
    /// The plan still holds.
    Continue,
    Done,
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

    /// Adds a warning before those of the plan. Also where there is none: a stale build may be why.
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

    /// Reports the warnings and how it ended.
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

    /// Reads the history, plans, and runs the plan; again and again while other sessions change the
    /// history.
    ///
    /// - A step runs only while the history is what its plan was made from, with the steps before it done.
    ///   The step itself checks that, under the lock.
    /// - A goal that counts is not planned again from elsewhere: `refuse_concurrent_change` ends the run.
    /// - Before each step, and after each wait, the run ends if it is to stop.
    /// - The time that a step takes is not waiting: `lock_wait` begins with the first wait after it.
    fn work(&mut self, goal: Goal) -> Result<(), Error> {
        let mut wait = Backoff::new(self.options.lock_wait);
        let Some(snapshot) = self.first_snapshot(goal, &mut wait)? else { return Ok(()) };
        let mut work = Work { goal, snapshot, wait, is_waiting: false };
        while let Next::Replan = self.run_plan(&mut work)? {}
        Ok(())
    }

    fn run_plan(&mut self, work: &mut Work) -> Result<Next, Error> {
        self.refuse_unconfirmed(work.goal, &work.snapshot.history)?;
        let Plan { steps, mut warnings } = self.plan(&work.snapshot.history, work.goal)?;
        let needs_session = |step: &PlanStep<'_>| step.script().mode() == Mode::NoTransaction;
        if steps.iter().any(needs_session) && self.switch_to_direct()? {
            work.snapshot = self.read_snapshot_patiently(&mut work.wait)?;
            return Ok(Next::Replan);
        }
        // Those of an earlier plan go, those of the build and of steps that ran stay.
        self.report.warnings.retain(Warning::is_of_the_run);
        self.report.warnings.append(&mut warnings);
        if !steps.is_empty() {
            self.check_server(&work.snapshot)?;
        }
        if !self.upgrade(&mut work.snapshot, work.goal, &steps, &mut work.wait)? {
            self.check_stop(&steps)?;
            self.wait_for_change(work, &steps)?;
            return Ok(Next::Replan);
        }
        if !steps.is_empty() {
            self.check_before(&mut work.snapshot, &steps)?;
        }
        let mut at = Position::default();
        loop {
            match self.run_next(work, &steps, &mut at)? {
                Next::Continue => {}
                next => return Ok(next),
            }
        }
    }

    /// Runs the step that is next, or several in one message.
    fn run_next(
        &mut self,
        work: &mut Work,
        steps: &[PlanStep<'m>],
        at: &mut Position,
    ) -> Result<Next, Error> {
        let left = &steps[at.nth..];
        if left.is_empty() {
            return Ok(Next::Done);
        }
        if !std::mem::take(&mut at.is_begun) {
            self.check_stop(left)?;
        }
        let count = self.batch_len(&work.snapshot, work.goal, steps, at.nth);
        if count > 1 {
            let ran = self.run_batch(&mut work.snapshot, work.goal, left, count)?;
            *at = Position { nth: at.nth + ran.done, is_begun: ran.is_next_begun };
            return Ok(Next::Continue);
        }
        let defers_flush = defers(&work.snapshot, work.goal, left);
        match self.step(&mut work.snapshot, left, defers_flush)? {
            StepEnd::Done => {
                (work.is_waiting, self.losses) = (false, 0);
                at.nth += 1;
                Ok(Next::Continue)
            }
            StepEnd::Overtaken => {
                if !std::mem::replace(&mut work.is_waiting, true) {
                    work.wait = Backoff::new(self.options.lock_wait);
                }
                self.wait_for_change(work, left)?;
                Ok(if work.goal.is_relative() { Next::Continue } else { Next::Replan })
            }
        }
    }

    /// Waits for the session that is in the way, and reads what it has left.
    fn wait_for_change(&mut self, work: &mut Work, left: &[PlanStep<'_>]) -> Result<(), Error> {
        let expected = std::mem::take(&mut work.snapshot.history);
        work.snapshot = self.wait(work.goal, &mut work.wait)?;
        self.check_stop(left)?;
        self.refuse_concurrent_change(work.goal, &expected, &work.snapshot.history)
    }
}

/// The warnings, and how it ended.
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

fn same_versions(a: &History, b: &History) -> bool {
    a.iter().map(|row| row.version).eq(b.iter().map(|row| row.version))
}
