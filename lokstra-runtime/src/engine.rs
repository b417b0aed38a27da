//! The loop: read the history, plan, run the next step, again.

use lokstra_core::{Database, Mode, TableName, Version};

use crate::adopt::{self, Adoption};
use crate::down_store::{self, DownStore};
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::failure::{Aftermath, Failure, Place};
use crate::guard::Guard;
use crate::history::{self, Access, Applied, History, Look, Shape};
use crate::holder;
use crate::options::Options;
use crate::plan::{self, Direction, Goal, PlanStep, Warning};
use crate::report::{Outcome, Report, StepReport};
use crate::retry::Backoff;
use crate::session::Session;
use crate::sql::LockKey;
use crate::statements;
use crate::step::{self, Attempt};

/// How often a step is tried that fails for a reason that passes, such as a lock timeout.
const MOST_ATTEMPTS: u32 = 20;

/// How often the same step may lose its connection: a script can be what ends it.
const MOST_LOSSES: u32 = 3;

pub(crate) struct Engine<'e, 'm> {
    database: Database<'m>,
    table: TableName,
    key: LockKey,
    options: &'e Options,
    session: Session<'e>,
    listener: &'e mut (dyn FnMut(&Event<'_>) + Send),
    report: Report,
    /// What was odd before the history was read.
    noticed: Vec<Warning>,
    /// How often the step that is next lost its connection.
    losses: u32,
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
        listener: &'e mut (dyn FnMut(&Event<'_>) + Send),
    ) -> Engine<'e, 'm> {
        let report = Report::new(database.name(), table.clone());
        let key = LockKey::of(&table);
        let noticed = Vec::new();
        Engine { database, key, table, options, session, listener, report, noticed, losses: 0 }
    }

    /// Adds what is to be told with the warnings of the plan.
    pub(crate) fn noticing(mut self, warning: Option<Warning>) -> Self {
        self.noticed.extend(warning);
        self
    }

    pub(crate) fn run(mut self, goal: Goal) -> Result<Report, Error> {
        match self.work(goal) {
            Ok(()) => {
                self.report.outcome = Outcome::Done;
                Ok(self.report)
            }
            Err(error) => Err(error.with_report(self.report)),
        }
    }

    fn work(&mut self, goal: Goal) -> Result<(), Error> {
        let mut wait = Backoff::new(self.options.lock_wait);
        let mut is_waiting = false;
        let mut look = self.look_patiently(&mut wait)?;
        'plan: loop {
            let plan = plan::plan(self.database, &look.history, goal, self.options.policy)?;
            let needs_session = |step: &PlanStep<'_>| step.script().mode() == Mode::NoTransaction;
            if plan.steps.iter().any(needs_session) && self.session.go_direct(&mut wait)? {
                look = self.look_patiently(&mut wait)?;
                continue 'plan;
            }
            // Those of steps that ran stay.
            let ran = std::mem::take(&mut self.report.warnings);
            let ran = ran.into_iter().filter(|told| matches!(told, Warning::DownNotKept { .. }));
            self.report.warnings =
                self.noticed.iter().cloned().chain(ran).chain(plan.warnings).collect();
            if !self.adopt(&mut look, goal, &plan.steps, &mut wait)? {
                look = self.wait(goal, &mut wait)?;
                continue 'plan;
            }
            if !plan.steps.is_empty() {
                self.check_before(&mut look, &plan.steps)?;
            }
            for (nth, step) in plan.steps.iter().enumerate() {
                while let Progress::Overtaken =
                    self.step(&mut look, step, &plan.steps[nth + 1..])?
                {
                    // The time that the step itself took is not waiting.
                    if !std::mem::replace(&mut is_waiting, true) {
                        wait = Backoff::new(self.options.lock_wait);
                    }
                    let expected = std::mem::take(&mut look.history);
                    look = self.wait(goal, &mut wait)?;
                    if !goal.is_relative() {
                        continue 'plan;
                    }
                    if !same_versions(&expected, &look.history) {
                        let (from, to) = (expected.newest(), look.history.newest());
                        return Err(Error::new(ErrorKind::Moved { from, to }));
                    }
                }
                (is_waiting, self.losses) = (false, 0);
            }
            break;
        }
        self.warn();
        Ok(())
    }

    fn look(&mut self) -> Result<Look, Error> {
        let look = history::look(self.session.client(), &self.table)?;
        self.report.current = look.history.newest();
        Ok(look)
    }

    /// Waits for somebody who changes the tracking table, as for the migration lock.
    fn look_patiently(&mut self, wait: &mut Backoff) -> Result<Look, Error> {
        loop {
            match self.look() {
                Err(error)
                    if matches!(error.kind(), ErrorKind::HistoryLocked { .. })
                        && !wait.is_over() =>
                {
                    wait.sleep();
                }
                // A pooler that has no connection to give ends ours. Nothing was changed yet.
                Err(error)
                    if matches!(error.kind(), ErrorKind::ConnectionLost { .. })
                        && !wait.is_over()
                        && self.session.reconnect()? => {}
                done => return done,
            }
        }
    }

    /// What can be known before the first script runs.
    fn check_before(&mut self, look: &mut Look, steps: &[PlanStep<'_>]) -> Result<(), Error> {
        let versions = || steps.iter().map(|step| step.migration.version());
        if look.facts.access != Access::ReadWrite {
            return Err(Error::new(ErrorKind::ReadOnly {
                standby: look.facts.access == Access::Standby,
                versions: versions().collect(),
            }));
        }
        let highest = look.facts.shape.as_ref().map_or(Version::MAX, Shape::highest_version);
        if let Some(version) = versions().find(|version| *version > highest) {
            let table = self.table.clone();
            return Err(Error::new(ErrorKind::VersionTooLarge { version, table }));
        }
        let database = self.report.database.as_str();
        (self.listener)(&Event::Planned { database, steps: steps.len() });
        down_store::settle(self.session.client(), &self.table, look)?;
        self.session.prepare()
    }

    /// Adds the columns and fills in the checksums that another program did not write. Fails softly
    /// where there is nothing else to do. False: somebody else is at work.
    fn adopt(
        &mut self,
        look: &mut Look,
        goal: Goal,
        steps: &[PlanStep<'_>],
        wait: &mut Backoff,
    ) -> Result<bool, Error> {
        let trusted = |warning: &Warning| match warning {
            Warning::Trusted { versions, .. } if goal.direction() == Direction::Up => {
                Some(versions.clone())
            }
            _ => None,
        };
        let versions: Vec<_> = self.report.warnings.iter().find_map(trusted).unwrap_or_default();
        let is_narrow = look.facts.shape.as_ref().is_some_and(|shape| !shape.is_ours());
        let is_due = !versions.is_empty() || is_narrow && !steps.is_empty();
        if !is_due || look.facts.access != Access::ReadWrite {
            return Ok(true);
        }
        self.session.prepare()?;
        loop {
            let guard = Guard { table: &self.table, key: self.key, look };
            let session = &mut self.session;
            match adopt::adopt(session, &guard, self.database, &versions, self.options)? {
                Adoption::Done => {
                    *look = self.look_patiently(wait)?;
                    for warning in &mut self.report.warnings {
                        if let Warning::Trusted { recorded, .. } = warning {
                            *recorded = !versions.is_empty();
                        }
                    }
                    return Ok(true);
                }
                Adoption::Busy => return Ok(false),
                Adoption::Refused(_) if steps.is_empty() => return Ok(true),
                Adoption::Refused(error) if step::passes(&error) && !wait.is_over() => wait.sleep(),
                Adoption::Refused(error) => return Err(Adoption::refusal(*error, &guard)),
            }
        }
    }

    /// Runs a step until it is done, failed, or overtaken by somebody else.
    fn step(
        &mut self,
        look: &mut Look,
        step: &PlanStep<'m>,
        rest: &[PlanStep<'m>],
    ) -> Result<Progress, Error> {
        let mut backoff = Backoff::new(None);
        for attempt in 1.. {
            (self.listener)(&Event::Running { database: &self.report.database, step });
            let guard = Guard { table: &self.table, key: self.key, look };
            let run = match step.script().mode() {
                Mode::Transactional => step::attempt,
                Mode::NoTransaction => statements::attempt,
            };
            let outcome = run(&mut self.session, &guard, step, self.options)?;
            self.pass_on_notices(step);
            match outcome {
                Attempt::Done(elapsed) => {
                    self.done(look, step, elapsed);
                    return Ok(Progress::Done);
                }
                Attempt::Busy | Attempt::Moved => return Ok(Progress::Overtaken),
                Attempt::Raced(failure) => {
                    let now = self.look()?;
                    if same_versions(&now.history, &look.history) && now.facts == look.facts {
                        return Err(failed(look, *failure, rest));
                    }
                    return Ok(Progress::Overtaken);
                }
                Attempt::Again(error) if attempt < MOST_ATTEMPTS => {
                    let database = self.report.database.as_str();
                    (self.listener)(&Event::Retrying { database, step, error: &error, attempt });
                    backoff.sleep();
                }
                Attempt::Again(error) => {
                    let (place, aftermath) = (Place::default(), Aftermath::RolledBack);
                    return Err(failed(look, Failure::new(step, place, *error, aftermath), rest));
                }
                Attempt::Failed(failure) => {
                    // Somebody without our lock may have been faster, such as the Go program.
                    let is_clean = failure.aftermath == Aftermath::RolledBack;
                    if is_clean && self.has_moved(look) {
                        return Ok(Progress::Overtaken);
                    }
                    return Err(failed(look, *failure, rest));
                }
                Attempt::Lost(source) => return self.lost(look, step, source),
            }
        }
        Ok(Progress::Overtaken)
    }

    fn has_moved(&mut self, look: &Look) -> bool {
        self.look().is_ok_and(|now| !same_versions(&now.history, &look.history))
    }

    fn done(&mut self, look: &mut Look, step: &PlanStep<'_>, elapsed: std::time::Duration) {
        record(&mut look.history, step);
        if look.facts.shape.as_ref().is_none_or(|shape| !shape.is_ours()) {
            look.facts.shape =
                Some(look.facts.shape.take().map_or_else(Shape::ours, Shape::extended));
            look.facts.schema_exists = true;
        }
        if step.direction == Direction::Up {
            down_store::note_not_kept(&mut self.report.warnings, &look.facts, step.migration);
        }
        if look.facts.down_store == DownStore::Missing {
            look.facts.down_store = DownStore::Usable;
        }
        let done = StepReport {
            direction: step.direction,
            version: step.migration.version(),
            description: step.migration.description().to_owned(),
            elapsed,
        };
        (self.listener)(&Event::Finished { database: &self.report.database, step: &done });
        self.report.current = look.history.newest();
        self.report.steps.push(done);
    }

    /// The server finishes what it was sent, COMMIT included, or rolls it back: once nobody holds
    /// the lock any more, the history tells which.
    fn lost(
        &mut self,
        look: &mut Look,
        step: &PlanStep<'_>,
        source: postgres::Error,
    ) -> Result<Progress, Error> {
        let running = Some(step.migration.version());
        let lost = |source| Error::new(ErrorKind::ConnectionLost { running, source });
        let started = std::time::Instant::now();
        self.losses += 1;
        if self.losses == MOST_LOSSES {
            return Err(lost(source));
        }
        match self.session.reconnect() {
            Ok(true) => {}
            Ok(false) | Err(_) => return Err(lost(source)),
        }
        let mut wait = Backoff::new(self.options.lock_wait);
        while let Some(holder) = holder::find(self.session.client(), self.key)? {
            self.waiting(Some(holder), &mut wait)?;
        }
        let now = self.look_patiently(&mut wait)?;
        look.facts = now.facts;
        let mut after = look.history.clone();
        record(&mut after, step);
        if same_versions(&after, &now.history) {
            self.done(look, step, started.elapsed());
            return Ok(Progress::Done);
        }
        Ok(Progress::Overtaken)
    }

    /// Waits until nobody holds the lock, or until somebody else has done the work. Looks at the
    /// history, never at the step: a refused step would be logged by the server, script and all.
    fn wait(&mut self, goal: Goal, wait: &mut Backoff) -> Result<Look, Error> {
        loop {
            let holder = holder::find(self.session.client(), self.key)?;
            let is_held = holder.is_some();
            self.waiting(holder, wait)?;
            let look = self.look_patiently(wait)?;
            let nothing_left = !goal.is_relative()
                && plan::plan(self.database, &look.history, goal, self.options.policy)
                    .is_ok_and(|plan| plan.steps.is_empty());
            if !is_held || nothing_left {
                return Ok(look);
            }
        }
    }

    fn waiting(&mut self, holder: Option<holder::Holder>, wait: &mut Backoff) -> Result<(), Error> {
        let waited = wait.waited();
        if wait.is_over() {
            return Err(Error::new(ErrorKind::LockHeld { holder, waited }));
        }
        let database = self.report.database.as_str();
        (self.listener)(&Event::Waiting { database, holder: holder.as_ref(), waited });
        wait.sleep();
        Ok(())
    }

    fn warn(&mut self) {
        for warning in &self.report.warnings {
            (self.listener)(&Event::Warned { database: &self.report.database, warning });
        }
    }

    fn pass_on_notices(&mut self, step: &PlanStep<'_>) {
        for (severity, message) in self.session.notices() {
            let database = self.report.database.as_str();
            let (severity, message) = (severity.as_str(), message.as_str());
            (self.listener)(&Event::Notice { database, step, severity, message });
        }
    }
}

/// A failure with what the loop knows of the state afterwards.
fn failed(look: &Look, mut failure: Failure, rest: &[PlanStep<'_>]) -> Error {
    failure.current = look.history.newest();
    failure.not_tried = rest.iter().map(|step| step.migration.version()).collect();
    Error::new(ErrorKind::Failed(Box::new(failure)))
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
