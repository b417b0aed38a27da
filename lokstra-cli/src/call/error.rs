//! The error of a command for one database, over a folder of several.

use std::fmt;

use crate::output::{CommandError, Exit};

#[derive(Debug)]
pub(crate) enum TargetError {
    /// The command works on one database, and the folder has several.
    SeveralFolders { dir: String, databases: Vec<String> },
    /// `-db` names one target and the folder has several databases.
    OneTarget { dir: String, databases: Vec<String> },
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dir, databases) = match self {
            TargetError::SeveralFolders { dir, databases } => {
                write!(f, "{dir} has several databases")?;
                (dir, databases)
            }
            TargetError::OneTarget { dir, databases } => {
                write!(f, "-db is not the pool of any database in {dir}")?;
                (dir, databases)
            }
        };
        let first = databases.first().map_or("…", String::as_str);
        let all = databases.join(", ");
        write!(f, "\n  databases: {all}\n  help: choose one: -dir {dir}/{first}")
    }
}

impl From<TargetError> for CommandError {
    fn from(error: TargetError) -> CommandError {
        CommandError::new("several-databases", Exit::Usage, error.to_string())
    }
}
