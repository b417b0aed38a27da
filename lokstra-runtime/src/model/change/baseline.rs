//! What a baseline records, and what contradicts it.

use std::fmt;

use lokstra_core::{Checksum, Migration, TableName, Version, one_line};

use crate::model::change::repair::Repair;
use crate::model::run::warning::Warning;
use crate::model::state::history::Applied;
use crate::model::state::identity::Identity;
use crate::model::state::partial::PartialScript;

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
    /// The warnings.
    pub warnings: Vec<Warning>,
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Baseline { database, table, version, recorded, warnings } = self;
        let database = one_line(f, database);
        match recorded.len() {
            0 => write!(f, "{database}: nothing to record in {table}, at version {version}")?,
            count => write!(
                f,
                "{database}: {count} recorded in {table} as applied without running, now at version \
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
    PartialScript(PartialScript),
}

impl BaselineConflict {
    /// Returns what to do about it.
    pub fn help(&self) -> String {
        match self {
            BaselineConflict::Above(version) => {
                format!("if the database has the schema of {version}, set the baseline to {version}")
            }
            BaselineConflict::Unknown(_) => {
                "run the baseline with the build that has it".to_owned()
            }
            BaselineConflict::Edited { version, .. } => {
                format!(
                    "{}, if the database matches the file",
                    Repair::Accept(*version).how()
                )
            }
            BaselineConflict::Another { .. } => "roll back what is applied with the build that \
                                                 applied it, or with the down SQL that is stored in \
                                                 the database: lokstra migration down -stored; if \
                                                 another program uses this tracking table, give \
                                                 these migrations one of their own: `schema-table` \
                                                 in migration.yaml"
                .to_owned(),
            BaselineConflict::PartialScript(script) => format!(
                "finish it, or {}, if all its changes are in the database",
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
            BaselineConflict::PartialScript(script) => {
                write!(f, "{} is partial: {script}", script.version)
            }
        }
    }
}
