//! The errors of an import.

use std::fmt;
use std::io;

use super::history::compare::Mismatch;
use crate::output::{CommandError, Exit};
use crate::verbs::import::source::Remark;

/// The errors of an import.
#[derive(Debug)]
pub(crate) enum ImportError {
    /// One of the two folders cannot be read.
    Read { folder: String, source: io::Error },
    /// The source and the target are the same folder.
    SameFolder { folder: String },
    /// The folder has no migration of that tool.
    Nothing {
        tool: &'static str,
        folder: String,
        /// The tools that can read the folder.
        others: Vec<&'static str>,
        remarks: Vec<Remark>,
    },
    /// Some of the files cannot be imported.
    Obstacles { folder: String, obstacles: Vec<Remark> },
    /// The target folder has other migrations.
    Taken { folder: String, missing: Vec<String> },
    /// The table is not one of that tool, or cannot be read.
    Table { tool: &'static str, table: String, source: lokstra_runtime::postgres::Error },
    /// The history has migrations that failed half-way.
    Partial { table: String, failed: Vec<String> },
    /// The history and the folder of the other tool disagree.
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

/// How many unread files are named.
const SHOWN: usize = 3;

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImportError::Read { folder, source } => {
                write!(f, "{folder}: cannot be read: {source}")
            }
            ImportError::SameFolder { folder } => write!(
                f,
                "{folder} is both the source and the target of the import\n  help: name the folder \
                 of the other tool with -source, and a new one with -dir"
            ),
            ImportError::Nothing { tool, folder, others, .. } if !others.is_empty() => {
                let others = others.join(" or -from ");
                write!(f, "{folder} has no migration of {tool}\n  help: import with -from {others}")
            }
            ImportError::Nothing { tool, folder, remarks, .. } => {
                write!(f, "{folder} has no migration of {tool}")?;
                remarks.iter().take(SHOWN).try_for_each(|one| write!(f, "\n{folder}/{one}"))?;
                if remarks.len() > SHOWN {
                    write!(f, "\n… and {} more files like these", remarks.len() - SHOWN)?;
                }
                f.write_str("\n  help: name the folder of the tool with -source")
            }
            ImportError::Obstacles { folder, obstacles } => {
                f.write_str("nothing was imported")?;
                obstacles.iter().try_for_each(|remark| write!(f, "\n{folder}/{remark}"))
            }
            ImportError::Taken { folder, missing } => {
                write!(f, "{folder} has migrations, but not all of those to import")?;
                missing.iter().try_for_each(|name| write!(f, "\n  {name} is missing"))?;
                f.write_str("\n  help: name a new folder with -dir; files are never overwritten")
            }
            ImportError::Table { tool, table, source } => {
                let reason = match source.as_db_error() {
                    Some(error) => error.message().to_owned(),
                    None => source.to_string(),
                };
                write!(
                    f,
                    "{table} cannot be read as the table of {tool}: {reason}\n  help: name its \
                     table with -table, such as app.{table}"
                )
            }
            ImportError::Partial { table, failed } => {
                write!(f, "{table} has migrations that failed half-way; nothing was changed")?;
                failed.iter().try_for_each(|text| write!(f, "\n{text}"))
            }
            ImportError::Mismatches { table, mismatches } => {
                write!(f, "{table} and the folder disagree; nothing was changed")?;
                mismatches.iter().try_for_each(|mismatch| write!(f, "\n  {mismatch}"))?;
                f.write_str(
                    "\n  help: import the files that ran; or, if the folder matches the database, \
                     use -force, which leaves out what has no file",
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
