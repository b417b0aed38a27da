//! The repairs of a history, and why one is refused.

use std::fmt;

use lokstra_core::{TableName, Version, one_line};

use crate::model::run::warning::Warning;

/// A repair of one migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repair {
    /// Accepts the edited text of an applied migration into the history: checksums, description and
    /// the stored down SQL.
    Accept(Version),
    /// Removes the row of a migration whose files are gone for good. Its objects are kept.
    Forget(Version),
    /// Forgets how far a partial no-transaction script came: the next run begins at its first
    /// statement.
    ForgetProgress(Version),
    /// Makes the next run repeat the statement that was interrupted.
    RedoStatement(Version),
    /// Makes the next run continue after the statement that failed or was interrupted.
    SkipStatement(Version),
}

impl Repair {
    /// Returns the version of the migration.
    pub fn version(self) -> Version {
        match self {
            Repair::Accept(version)
            | Repair::Forget(version)
            | Repair::ForgetProgress(version)
            | Repair::RedoStatement(version)
            | Repair::SkipStatement(version) => version,
        }
    }

    /// Returns its flag on the command line: `-accept 003`.
    pub fn flag(self) -> String {
        let flag = match self {
            Repair::Accept(_) => "-accept",
            Repair::Forget(_) => "-forget",
            Repair::ForgetProgress(_) => "-forget-progress",
            Repair::RedoStatement(_) => "-redo-statement",
            Repair::SkipStatement(_) => "-skip-statement",
        };
        format!("{flag} {}", self.version())
    }

    /// For a message that proposes it.
    pub(crate) fn how(self) -> String {
        format!("lokstra migration repair {} (in a program: `repair`)", self.flag())
    }

    pub(crate) fn all(version: Version) -> [Repair; 5] {
        [
            Repair::Accept(version),
            Repair::Forget(version),
            Repair::ForgetProgress(version),
            Repair::RedoStatement(version),
            Repair::SkipStatement(version),
        ]
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Repair::Accept(version) => write!(f, "accept {version} as it is now"),
            Repair::Forget(version) => write!(f, "forget that {version} is applied"),
            Repair::ForgetProgress(version) => write!(f, "discard the progress of {version}"),
            Repair::RedoStatement(version) => write!(f, "run a statement of {version} again"),
            Repair::SkipStatement(version) => write!(f, "skip a statement of {version}"),
        }
    }
}

/// Why a repair was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RepairRefused {
    /// The migration is not applied.
    NotApplied,
    /// It is not in this build.
    NotEmbedded,
    /// It is in this build.
    Embedded,
    /// It is newer than everything in this build: another build has it.
    Ahead,
    /// It is as it was applied.
    Unedited,
    /// Another migration, of another name and text, is applied under its version.
    Another,
    /// No applied migration is one of these, as in the history of another program.
    Foreign,
    /// Its row has no checksum, and the next run fills it in.
    NoChecksum,
    /// None of its scripts is partial.
    NotPartial,
    /// No statement of it was cut off.
    NotCutOff,
    /// What ran is not what the file says now.
    PartialScriptEdited,
    /// Every statement is done.
    AllDone,
}

impl RepairRefused {
    pub(crate) fn help(self, repair: Repair) -> &'static str {
        match (self, repair) {
            (RepairRefused::Embedded, _) => "roll it back instead: lokstra migration down",
            (RepairRefused::Ahead, _) => {
                "use the code that applied it, also to roll it back; if the database keeps its down SQL: \
                 lokstra migration down -stored"
            }
            (RepairRefused::Another, _) => {
                "roll back what is applied with the build that applied it; if the database keeps \
                 its down SQL: lokstra migration down -stored"
            }
            (RepairRefused::Foreign, _) => {
                "give these migrations a tracking table of their own: `schema-table` in \
                 migration.yaml"
            }
            (RepairRefused::NoChecksum | RepairRefused::AllDone, _) => {
                "run the migrations: lokstra migration up"
            }
            (RepairRefused::PartialScriptEdited, _) => "restore the statements that ran",
            (RepairRefused::NotEmbedded, Repair::Accept(_)) => {
                "restore its files, or forget it: lokstra migration repair"
            }
            _ => "see lokstra migration repair for the possible repairs",
        }
    }
}

impl fmt::Display for RepairRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RepairRefused::NotApplied => "it is not applied",
            RepairRefused::NotEmbedded => "it is unknown here",
            RepairRefused::Embedded => "it is one of these migrations",
            RepairRefused::Ahead => {
                "it is newer than all of these migrations, so another build has it"
            }
            RepairRefused::Unedited => "it is as it was applied",
            RepairRefused::Another => {
                "another migration is applied under its version, and its own script never ran"
            }
            RepairRefused::Foreign => "none of the applied migrations is one of these",
            RepairRefused::NoChecksum => "its row has no checksum, and the next run fills it in",
            RepairRefused::NotPartial => "none of its scripts is partial",
            RepairRefused::NotCutOff => "none of its statements was interrupted",
            RepairRefused::PartialScriptEdited => "the statements that ran differ from the file",
            RepairRefused::AllDone => "all its statements are done, and only the record is missing",
        })
    }
}

/// What a repair changed, or would change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repaired {
    /// The folder's name.
    pub database: String,
    /// The tracking table.
    pub table: TableName,
    /// What was asked for.
    pub repair: Repair,
    /// What stood there.
    pub before: String,
    /// What stands there now.
    pub after: String,
    /// The warnings.
    pub warnings: Vec<Warning>,
}

impl fmt::Display for Repaired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Repaired { repair, before, after, warnings, .. } = self;
        let (before, after) = (one_line(f, before), one_line(f, after));
        write!(f, "{repair}\n  before: {before}\n  after:  {after}")?;
        for warning in warnings {
            write!(f, "\n  warning: {warning}")?;
        }
        Ok(())
    }
}
