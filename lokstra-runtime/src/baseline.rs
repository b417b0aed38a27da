//! For a database that has the schema already: its migrations are recorded without being run.

use std::fmt;

use lokstra_core::{Checksum, Database, Migration, TableName, Version, one_line};

use crate::amend::Draft;
use crate::client::Client;
use crate::down_store;
use crate::error::{Error, ErrorKind};
use crate::guard::Guard;
use crate::half_done::{self, HalfDone};
use crate::history::{Applied, Shape};
use crate::identity::Identity;
use crate::repair::Repair;
use crate::unrun::Particulars;
use crate::warning::Warning;

/// What [`Migrator::baseline`](crate::Migrator::baseline) recorded, or would record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Baseline {
    /// The folder's name.
    pub database: String,
    /// The tracking table.
    pub table: TableName,
    /// The version up to which the schema is said to be there.
    pub version: Version,
    /// The versions and descriptions that were not in the history; empty if all were.
    pub recorded: Vec<(Version, String)>,
    /// What was odd.
    pub warnings: Vec<Warning>,
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Baseline { database, table, version, recorded, warnings } = self;
        match recorded.len() {
            0 => write!(f, "{database}: nothing to record in {table}, at version {version}")?,
            count => write!(
                f,
                "{database}: {count} recorded in {table} as applied, not run, now at version \
                 {version}"
            )?,
        }
        for (version, description) in recorded {
            write!(f, "\n  {version}_{}", one_line(f, description))?;
        }
        for warning in warnings {
            write!(f, "\n  warning: {warning}")?;
        }
        Ok(())
    }
}

/// A row of the history that a baseline does not explain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BaselineConflict {
    /// It comes after the version of the baseline.
    Above(Version),
    /// It is not in this build.
    Unknown(Version),
    /// It was applied from another text than the one in this build.
    Edited {
        /// The version.
        version: Version,
        /// The checksum in the history.
        applied: Checksum,
        /// The checksum of the embedded script.
        embedded: Checksum,
    },
    /// Another migration, of another name and text, is applied under the version of this one.
    #[non_exhaustive]
    Another {
        /// The version.
        version: Version,
        /// The description of the migration that is applied.
        applied: String,
        /// The description of the embedded one.
        embedded: String,
    },
    /// Not a row, but a no-transaction script that was begun.
    HalfDone(HalfDone),
}

impl BaselineConflict {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            BaselineConflict::Above(version) => {
                format!("if the schema is that of {version}, make the baseline there")
            }
            BaselineConflict::Unknown(_) => {
                "make the baseline with the code that has it".to_owned()
            }
            BaselineConflict::Edited { version, .. } => {
                format!(
                    "{}, if what the file says is in the database",
                    Repair::Accept(*version).how()
                )
            }
            BaselineConflict::Another { .. } => "roll back what is applied with the code that \
                 applied it, or with the down SQL that the database keeps: lokstra migration down \
                 -stored; if another program uses this tracking table, give these migrations one \
                 of their own: `schema-table` in migration.yaml"
                .to_owned(),
            BaselineConflict::HalfDone(script) => format!(
                "run it to its end, or {}, if all that it does is in the database",
                Repair::ForgetProgress(script.version).how()
            ),
        }
    }
}

impl BaselineConflict {
    /// What the row says against this migration. One without a checksum is another program's, and
    /// taken on trust as everywhere.
    pub(crate) fn of(row: &Applied, migration: Migration<'_>) -> Option<BaselineConflict> {
        let (version, embedded) = (row.version, migration.up().checksum());
        match (Identity::of(row, migration), row.checksum) {
            (Identity::Another, _) => Some(BaselineConflict::Another {
                version,
                applied: row.description.clone().unwrap_or_default(),
                embedded: migration.description().to_owned(),
            }),
            (Identity::Edited, Some(applied)) => {
                Some(BaselineConflict::Edited { version, applied, embedded })
            }
            _ => None,
        }
    }
}

impl fmt::Display for BaselineConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BaselineConflict::Above(version) => {
                write!(f, "{version} is applied and comes after it")
            }
            BaselineConflict::Unknown(version) => {
                write!(f, "{version} is applied and unknown here")
            }
            BaselineConflict::Edited { version, applied, embedded } => write!(
                f,
                "{version} was applied with checksum {}, and the file has {}",
                applied.short(),
                embedded.short()
            ),
            BaselineConflict::Another { version, applied, embedded } => {
                write!(
                    f,
                    "{version} is {} in the history, and {embedded} here",
                    one_line(f, applied)
                )
            }
            BaselineConflict::HalfDone(script) => {
                write!(f, "{} is half-done: {script}", script.version)
            }
        }
    }
}

/// Records everything up to `version` that is not recorded, if no row says anything else.
pub(crate) fn draft(
    client: &mut Client,
    guard: &Guard<'_>,
    database: Database<'_>,
    version: Version,
) -> Result<Draft<Baseline>, Error> {
    if database.migration(version).is_none() {
        return Err(Error::new(ErrorKind::UnknownVersion(version)));
    }
    let half_done = half_done::read(client, guard.look, guard.table)?;
    let conflicts = conflicts(guard, database, version, half_done);
    if !conflicts.is_empty() {
        return Err(Error::new(ErrorKind::NoBaseline { version, conflicts }));
    }
    let (history, facts) = (&guard.look.history, &guard.look.facts);
    let missing: Vec<Migration<'_>> = database
        .migrations()
        .filter(|m| m.version() <= version && !history.contains(m.version()))
        .collect();
    let highest = facts.shape.as_ref().map_or(Version::MAX, Shape::highest_version);
    if let Some(large) = missing.iter().find(|migration| migration.version() > highest) {
        let (version, table) = (large.version(), guard.table.clone());
        return Err(Error::new(ErrorKind::VersionTooLarge { version, table }));
    }
    let mut warnings = Vec::new();
    for &migration in &missing {
        down_store::note_not_kept(&mut warnings, facts, migration);
    }
    let applied_at = Shape::moment(facts.shape.as_ref(), "pg_catalog.clock_timestamp()");
    let unrun = || Particulars {
        applied_at: applied_at.clone(),
        applied_by: "session_user".to_owned(),
        execution_ms: "NULL".to_owned(),
    };
    let records: Vec<_> = missing.iter().map(|&migration| (migration, unrun())).collect();
    let recorded: Vec<_> =
        missing.iter().map(|m| (m.version(), m.description().to_owned())).collect();
    Ok(Draft {
        sql: guard.record_unrun(&records),
        versions: recorded.iter().map(|(version, _)| *version).collect(),
        result: Baseline {
            database: database.name().to_owned(),
            table: guard.table.clone(),
            version,
            recorded,
            warnings,
        },
    })
}

fn conflicts(
    guard: &Guard<'_>,
    database: Database<'_>,
    last: Version,
    half_done: Vec<HalfDone>,
) -> Vec<BaselineConflict> {
    let rows = guard.look.history.iter().filter_map(|row| {
        let version = row.version;
        let Some(migration) = database.migration(version) else {
            return Some(BaselineConflict::Unknown(version));
        };
        if version > last {
            return Some(BaselineConflict::Above(version));
        }
        BaselineConflict::of(row, migration)
    });
    let scripts = half_done.into_iter().filter(|script| script.version <= last);
    rows.chain(scripts.map(BaselineConflict::HalfDone)).collect()
}
