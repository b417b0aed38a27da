//! Why nothing is taken over.

use std::fmt;
use std::io;

use super::history::compare::Mismatch;
use crate::output::{CommandError, Exit};
use crate::verbs::import::source::Remark;

/// Why nothing is taken over.
#[derive(Debug)]
pub(crate) enum ImportError {
    /// Their folder, or ours, cannot be read.
    Read { folder: String, source: io::Error },
    /// Theirs and ours are the same folder.
    SameFolder { folder: String },
    /// There is no migration of that tool in the folder.
    Nothing {
        tool: &'static str,
        folder: String,
        /// The tools that read it.
        others: Vec<&'static str>,
        remarks: Vec<Remark>,
    },
    /// Some of it cannot be taken over.
    Obstacles { folder: String, obstacles: Vec<Remark> },
    /// Our folder has other migrations.
    Taken { folder: String, missing: Vec<String> },
    /// Their table is not what that tool makes, or cannot be read.
    Table { tool: &'static str, table: String, source: lokstra_runtime::postgres::Error },
    /// Their history has migrations that failed half-way.
    Partial { table: String, failed: Vec<String> },
    /// Their history and their folder disagree.
    Mismatches { table: String, mismatches: Vec<Mismatch> },
}

impl From<ImportError> for CommandError {
    fn from(error: ImportError) -> CommandError {
        let exit = match error {
            ImportError::SameFolder { .. } | ImportError::Nothing { .. } => Exit::Usage,
            ImportError::Mismatches { .. } => Exit::Diverged,
            _ => Exit::Failed,
        };
        CommandError::new("import", exit, error)
    }
}

/// Of files that are not read, as many are named.
const SHOWN: usize = 3;

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImportError::Read { folder, source } => {
                write!(f, "{folder}: cannot be read: {source}")
            }
            ImportError::SameFolder { folder } => write!(
                f,
                "{folder} is both where the migrations are read and where ours would be\n  help: \
                 name one of them: -source is theirs, -dir is ours"
            ),
            ImportError::Nothing { tool, folder, others, .. } if !others.is_empty() => {
                let others = others.join(" or -from ");
                write!(f, "{folder} has no migration of {tool}\n  help: -from {others}")
            }
            ImportError::Nothing { tool, folder, remarks, .. } => {
                write!(f, "{folder} has no migration of {tool}")?;
                remarks.iter().take(SHOWN).try_for_each(|one| write!(f, "\n{folder}/{one}"))?;
                if remarks.len() > SHOWN {
                    write!(f, "\n… and {} more files like these", remarks.len() - SHOWN)?;
                }
                f.write_str("\n  help: -source names their folder")
            }
            ImportError::Obstacles { folder, obstacles } => {
                f.write_str("nothing was taken over")?;
                obstacles.iter().try_for_each(|remark| write!(f, "\n{folder}/{remark}"))
            }
            ImportError::Taken { folder, missing } => {
                write!(f, "{folder} has migrations, and not all that would be written there")?;
                missing.iter().try_for_each(|name| write!(f, "\n  {name} is not there"))?;
                f.write_str("\n  help: -dir names a new folder; nothing is ever overwritten")
            }
            ImportError::Table { tool, table, source } => {
                let reason = match source.as_db_error() {
                    Some(error) => error.message().to_owned(),
                    None => source.to_string(),
                };
                write!(
                    f,
                    "{table} cannot be read as the table of {tool}: {reason}\n  help: -table names \
                     theirs, such as app.{table}"
                )
            }
            ImportError::Partial { table, failed } => {
                write!(f, "{table} has what failed half-way; nothing was changed")?;
                failed.iter().try_for_each(|text| write!(f, "\n{text}"))
            }
            ImportError::Mismatches { table, mismatches } => {
                write!(f, "{table} and the folder disagree; nothing was changed")?;
                mismatches.iter().try_for_each(|mismatch| write!(f, "\n  {mismatch}"))?;
                f.write_str(
                    "\n  help: import the files that were run; or, if the folder has what is in the \
                     database: -force, which leaves out what has no file",
                )
            }
        }
    }
}

impl std::error::Error for ImportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ImportError::Read { source, .. } => Some(source),
            ImportError::Table { source, .. } => Some(source),
            _ => None,
        }
    }
}
