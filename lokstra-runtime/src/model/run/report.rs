//! What a run did.

use std::fmt;
use std::time::Duration;

use lokstra_connect::ConnectionTarget;
use lokstra_core::text::duration::millis;
use lokstra_core::{Direction, TableName, Version, one_line};

use crate::model::run::step::PlanStep;
use crate::model::run::warning::Warning;

/// The outcome of a summary of one, for callers that work on one database.
impl Summary {
    /// Reports whether every database that was not skipped reached the goal.
    pub fn is_success(&self) -> bool {
        [Outcome::Failed, Outcome::Stopped, Outcome::NotTried].iter().all(|it| self.count(*it) == 0)
    }
}

/// How a run over one database ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The goal is reached, with or without work.
    Done,
    /// Nothing was looked at: `enabled: false` in `migration.yaml`.
    Skipped,
    /// The run stopped at an error.
    Failed,
    /// A [`Stop`](crate::Stop) was used, before the run reached its goal or just then.
    Stopped,
    /// Not reached, since another database of the set stopped the run before it began.
    NotTried,
}

/// One script that ran and is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepReport {
    /// Up or down.
    pub direction: Direction,
    /// The version.
    pub version: Version,
    /// The description.
    pub description: String,
    /// From sending the script to its answer.
    pub elapsed: Duration,
}

impl StepReport {
    pub(crate) fn new(step: &PlanStep<'_>, elapsed: Duration) -> StepReport {
        StepReport {
            direction: step.direction,
            version: step.migration.version(),
            description: step.migration.description().to_owned(),
            elapsed,
        }
    }
}

impl fmt::Display for StepReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StepReport { direction, version, description, elapsed } = self;
        let description = one_line(f, description);
        write!(f, "{direction:<4} {version}_{description} ({} ms)", millis(*elapsed))
    }
}

/// What a run did to one database, including what it did before it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The folder's name: `migrations`, or `01_main-db` where there are several.
    pub database: String,
    /// Where the run went. `None` where no connection was made, and of a borrowed client.
    pub connection: Option<ConnectionTarget>,
    /// The tracking table.
    pub table: TableName,
    /// How it ended.
    pub outcome: Outcome,
    /// The scripts that ran, in order.
    pub steps: Vec<StepReport>,
    /// The warnings.
    pub warnings: Vec<Warning>,
    /// The newest applied version afterwards, as far as the run knows it.
    pub current: Option<Version>,
}

impl Report {
    pub(crate) fn new(database: &str, table: TableName) -> Report {
        Report {
            database: database.to_owned(),
            connection: None,
            table,
            outcome: Outcome::Failed,
            steps: Vec::new(),
            warnings: Vec::new(),
            current: None,
        }
    }

    /// Counts the scripts of this direction that ran.
    pub fn count(&self, direction: Direction) -> usize {
        self.steps.iter().filter(|step| step.direction == direction).count()
    }

    pub(crate) fn headline(&self) -> String {
        let current = match self.current {
            Some(version) => format!("at version {version}"),
            None => "no migration is applied".to_owned(),
        };
        let (up, down) = (self.count(Direction::Up), self.count(Direction::Down));
        match (self.outcome, up, down) {
            (Outcome::Skipped, ..) => "skipped: `enabled: false` in its migration.yaml".to_owned(),
            (_, 0, 0) => format!("nothing to do, {current}"),
            (_, up, 0) => format!("{up} applied, now {current}"),
            (_, 0, down) => format!("{down} rolled back, now {current}"),
            (_, up, down) => format!("{down} rolled back, {up} applied, now {current}"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", one_line(f, &self.database), self.headline())?;
        for step in &self.steps {
            write!(f, "\n  {step}")?;
        }
        for warning in &self.warnings {
            write!(f, "\n  warning: {warning}")?;
        }
        Ok(())
    }
}

/// What a run did to the databases of a set, in folder order.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Summary {
    /// A report a database, also of those that were skipped or failed.
    pub reports: Vec<Report>,
}

impl Summary {
    /// Counts the databases that ended this way.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.reports.iter().filter(|report| report.outcome == outcome).count()
    }

    /// Returns `2 succeeded, 0 failed, 1 skipped`.
    pub fn totals(&self) -> String {
        let totals = format!(
            "{} succeeded, {} failed, {} skipped",
            self.count(Outcome::Done),
            self.count(Outcome::Failed),
            self.count(Outcome::Skipped)
        );
        let mentioned = [(Outcome::Stopped, "stopped"), (Outcome::NotTried, "not tried")];
        mentioned.into_iter().fold(totals, |totals, (outcome, word)| match self.count(outcome) {
            0 => totals,
            count => format!("{totals}, {count} {word}"),
        })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for report in &self.reports {
            let database = one_line(f, &report.database);
            match report.outcome {
                Outcome::Failed => {
                    writeln!(f, "{database}: failed after {} steps", report.steps.len())?;
                }
                Outcome::Stopped => {
                    writeln!(f, "{database}: stopped after {} steps", report.steps.len())?;
                }
                Outcome::NotTried => writeln!(f, "{database}: not tried")?,
                _ => writeln!(f, "{report}")?,
            }
        }
        f.write_str(&self.totals())
    }
}
