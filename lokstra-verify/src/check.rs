//! What was found in one migration, and in which phase.

use std::fmt;

use lokstra_core::{Migration, Version, write_text};
use lokstra_runtime::Error;

use crate::compare::difference::{Change, Difference};
use crate::compare::suppression::Suppressions;
use crate::missing_prerequisite;

/// When it was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// After the down, with before the up.
    Down,
    /// After the second up, with after the first.
    UpAgain,
}

/// What is wrong with a migration.
#[derive(Debug)]
#[non_exhaustive]
pub enum Finding {
    /// It cannot be applied. Nothing behind it was verified.
    UpFailed(Error),
    /// It cannot be rolled back.
    DownFailed(Error),
    /// It cannot be applied again after it was rolled back.
    UpAgainFailed(Error),
    /// An object is not as it was.
    Differs(Phase, Difference),
}

/// How much of a migration ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Up, down, and up again.
    UpDownUp,
    /// Up alone: the down has no statement, and a suppression says why.
    Up,
}

/// What became of one migration.
#[derive(Debug)]
#[non_exhaustive]
pub struct Check {
    /// The version.
    pub version: Version,
    /// The description.
    pub description: String,
    /// The up script, relative to the crate.
    pub up: String,
    /// The down script, relative to the crate.
    pub down: String,
    /// The reason of a suppression for the whole migration, in a down script without a statement.
    pub suppressed: Option<String>,
    /// What is wrong; also what is suppressed, and what does not count.
    pub findings: Vec<Finding>,
}

impl Check {
    pub(crate) fn new(migration: Migration<'_>) -> Check {
        Check {
            version: migration.version(),
            description: migration.description().to_owned(),
            up: migration.up().path().to_owned(),
            down: migration.down().path().to_owned(),
            suppressed: Suppressions::of(migration).of_everything().map(str::to_owned),
            findings: Vec::new(),
        }
    }

    /// Reports whether a finding is not suppressed.
    pub fn is_failure(&self) -> bool {
        self.failures().next().is_some()
    }

    /// Returns the findings that are not suppressed.
    pub fn failures(&self) -> impl Iterator<Item = &Finding> {
        let counts = |finding: &&Finding| match finding {
            Finding::UpFailed(_) => true,
            Finding::DownFailed(_) | Finding::UpAgainFailed(_) => self.suppressed.is_none(),
            Finding::Differs(_, difference) => self.suppressed.is_none() && difference.is_failure(),
        };
        self.findings.iter().filter(counts)
    }

    /// Returns what ran, if no finding is left that is not suppressed.
    pub fn extent(&self) -> Option<Extent> {
        match (self.is_failure(), &self.suppressed) {
            (true, _) => None,
            // Its down has no statement.
            (false, Some(_)) => Some(Extent::Up),
            (false, None) => Some(Extent::UpDownUp),
        }
    }

    /// Returns why this server cannot judge the migration, if another server may have what it lacks: an
    /// extension, a role, the table of another program.
    pub fn not_judged(&self) -> Option<&'static str> {
        self.findings.iter().find_map(|finding| match finding {
            Finding::UpFailed(error) => missing_prerequisite::lacks(error),
            _ => None,
        })
    }

    /// Where something is still there, it is no wonder that it cannot be made again.
    fn consequence(&self) -> Option<String> {
        let error = self.findings.iter().find_map(|finding| match finding {
            Finding::UpAgainFailed(error) => Some(error),
            _ => None,
        })?;
        let said = match error.failure() {
            Some(failure) => failure.server.message.clone(),
            None => error.to_string(),
        };
        Some(format!("  so it cannot be applied again: {}", indented(&said)))
    }

    fn differences(&self, phase: Phase) -> Vec<&Difference> {
        let of_phase = |finding| match finding {
            &Finding::Differs(when, ref difference) if when == phase => Some(difference),
            _ => None,
        };
        self.findings.iter().filter_map(of_phase).collect()
    }
}

impl fmt::Display for Check {
    /// Nothing if nothing was found; else a line that says where, and the findings below it. Without what
    /// a terminal obeys: `{:#}` is exact.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(f, &|f| self.write(f))
    }
}

impl Check {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Check { up, down, version, description, .. } = self;
        let name = format!("{version}_{description}");
        if let Some(reason) = &self.suppressed {
            if self.findings.is_empty() {
                return Ok(());
            }
            return write!(f, "{down}: suppressed, {name} is not undone: {reason}");
        }
        let mut parts = Vec::new();
        let is_not_undone = self.differences(Phase::Down).iter().any(|it| it.is_failure());
        for finding in &self.findings {
            let (path, what, error) = match finding {
                Finding::UpFailed(error) => (up, "cannot be applied", error),
                Finding::DownFailed(error) => (down, "cannot be rolled back", error),
                Finding::UpAgainFailed(error) if !is_not_undone => {
                    (down, "cannot be applied again after its down", error)
                }
                _ => continue,
            };
            parts.push(format!("{path}: {name} {what}\n  {}", indented(&error.to_string())));
            parts.extend(self.not_judged().map(|reason| format!("  not judged: {reason}")));
        }
        for (phase, path, what) in [
            (Phase::Down, down, "is not undone by its down"),
            (Phase::UpAgain, up, "differs when it is applied again after its down"),
        ] {
            let differences = self.differences(phase);
            let (failures, others): (Vec<_>, Vec<_>) =
                differences.into_iter().partition(|difference| difference.is_failure());
            let section = |heading: String, differences: Vec<&Difference>| {
                let lines = differences.into_iter().map(|it| described(it, phase));
                lines.fold(heading, |text, line| format!("{text}\n  {}", indented(&line)))
            };
            if !failures.is_empty() {
                parts.push(section(format!("{path}: {name} {what}"), failures));
            }
            parts.extend(self.consequence().filter(|_| phase == Phase::Down && is_not_undone));
            if !others.is_empty() {
                parts.push(section(
                    format!("{path}: {name} has differences that are not failures"),
                    others,
                ));
            }
        }
        f.write_str(&parts.join("\n"))
    }
}

fn indented(text: &str) -> String {
    text.replace('\n', "\n  ")
}

fn described(difference: &Difference, phase: Phase) -> String {
    let Difference { object, change, suppressed, .. } = difference;
    let what = match (change, phase) {
        (Change::Added, Phase::Down) => "is still there".to_owned(),
        (Change::Added, Phase::UpAgain) => "is only there the second time".to_owned(),
        (Change::Missing, Phase::Down) => "is gone".to_owned(),
        (Change::Missing, Phase::UpAgain) => "is missing the second time".to_owned(),
        (Change::Changed(altered), _) => {
            let lines = altered.iter().map(|it| format!("\n  {}", indented(&it.to_string())));
            lines.fold("is changed".to_owned(), |text, line| text + &line)
        }
        (Change::Respelled(altered), _) => {
            let lines = altered.iter().map(|it| format!("\n  {}", indented(&it.to_string())));
            let what = "is spelt differently, with the same meaning".to_owned();
            lines.fold(what, |text, line| text + &line)
        }
        (Change::Reordered(order), _) => format!(
            "has its columns in another order, since one was dropped and added again\n  {}",
            indented(&order.to_string())
        ),
        (Change::RowCount { before, after }, Phase::UpAgain) => {
            format!("has {}, and {before} the first time", rows(*after))
        }
        (Change::RowCount { before, after }, Phase::Down) => match before.checked_sub(*after) {
            Some(fewer) => format!("has lost {}: {after} of {before} are left", rows(fewer)),
            None => format!("has {} more: {after} instead of {before}", rows(after - before)),
        },
        (Change::RowsChanged, _) => "has as many rows as before, but not the same".to_owned(),
    };
    let help = match (suppressed, phase) {
        (Some(reason), _) => format!("\n  suppressed: {reason}"),
        (None, Phase::Down) => difference
            .help()
            .map_or_else(String::new, |help| format!("\n  help: {}", indented(&help))),
        (None, Phase::UpAgain) => String::new(),
    };
    format!("{object} {what}{help}")
}

fn rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}
