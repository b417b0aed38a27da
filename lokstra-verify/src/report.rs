//! The result of a verification, as text.

use std::fmt;

use lokstra_core::Version;

use crate::check::{Check, Finding};

/// What became of one database of the set.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verified {
    /// The folder's name: `migrations`, or `01_main-db` where there are several.
    pub database: String,
    /// The migrations that were verified, by version.
    pub checks: Vec<Check>,
    /// How many were verified before, and were only applied: see
    /// [`Verifier::verified`](crate::Verifier::verified).
    pub verified: usize,
    /// What could not run, because it comes after a migration that cannot be applied.
    pub not_run: Vec<Version>,
    /// The scratch database, if it was kept.
    pub kept: Option<String>,
}

impl Verified {
    pub(crate) fn new(database: &str) -> Verified {
        Verified {
            database: database.to_owned(),
            checks: Vec::new(),
            verified: 0,
            not_run: Vec::new(),
            kept: None,
        }
    }

    /// Nothing can run behind a migration that cannot be applied.
    pub(crate) fn ends_with_failure(&self) -> bool {
        let findings = self.checks.last().map(|check| check.findings.as_slice());
        matches!(findings, Some([.., Finding::UpFailed(_)]))
    }
}

/// What a verification found, database by database. `Display` writes it as the command line does.
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "a verification that found something is no error by itself: see `is_failure`"]
pub struct Verification {
    /// In folder order.
    pub databases: Vec<Verified>,
    /// The major version of the server, such as 16.
    pub server: u32,
}

impl Verification {
    /// Reports whether a finding is not suppressed.
    pub fn is_failure(&self) -> bool {
        self.checks().any(Check::is_failure)
    }

    /// Returns every migration that was verified.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.databases.iter().flat_map(|verified| &verified.checks)
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in self.checks() {
            let text = check.to_string();
            if !text.is_empty() {
                writeln!(f, "{text}")?;
            }
        }
        for (nth, verified) in self.databases.iter().enumerate() {
            let Verified { database, checks, verified, not_run, kept } = verified;
            let failed: Vec<_> = checks
                .iter()
                .filter(|check| check.is_failure())
                .map(|check| check.version.to_string())
                .collect();
            let outcome = match (checks.len(), failed.as_slice()) {
                (0, _) if *verified > 0 => "nothing is new".to_owned(),
                (0, _) => "there is nothing to verify".to_owned(),
                (1, []) => "1 migration is undone by its down".to_owned(),
                (count, []) => format!("all {count} migrations are undone by their downs"),
                (count, failed) => format!(
                    "of {} verified, {} {} not reversible: {}",
                    if count == 1 {
                        "1 migration".to_owned()
                    } else {
                        format!("{count} migrations")
                    },
                    failed.len(),
                    if failed.len() == 1 { "is" } else { "are" },
                    failed.join(", ")
                ),
            };
            let line = if nth == 0 { "" } else { "\n" };
            write!(f, "{line}{database}: {outcome} (PostgreSQL {})", self.server)?;
            match verified {
                0 => {}
                1 => write!(f, "; 1 was verified before")?,
                count => write!(f, "; {count} were verified before")?,
            }
            if let Some((first, others)) = not_run.split_first() {
                write!(f, "\n  not run, since they come after: {first}")?;
                others.iter().try_for_each(|version| write!(f, ", {version}"))?;
            }
            if let Some(kept) = kept {
                write!(f, "\n  kept: database {kept}")?;
            }
        }
        Ok(())
    }
}
