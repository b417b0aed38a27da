//! The result of a verification, as text.

use std::fmt;

use crate::check::Check;

/// What became of one database of the set.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verified {
    /// The folder's name: `migrations`, or `01_main-db` where there are several.
    pub database: String,
    /// The migrations that were verified, by version.
    pub checks: Vec<Check>,
    /// The scratch database, if it was kept.
    pub kept: Option<String>,
}

/// What a verification found, database by database. `Display` tells it as the command line does.
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
            let told = check.to_string();
            if !told.is_empty() {
                writeln!(f, "{told}")?;
            }
        }
        for (nth, verified) in self.databases.iter().enumerate() {
            let Verified { database, checks, kept } = verified;
            let failed: Vec<_> = checks
                .iter()
                .filter(|check| check.is_failure())
                .map(|check| check.version.to_string())
                .collect();
            let outcome = match (checks.len(), failed.as_slice()) {
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
            if let Some(kept) = kept {
                write!(f, "\n  kept: database {kept}")?;
            }
        }
        Ok(())
    }
}
