//! Why there is no dump.

use std::fmt;
use std::path::PathBuf;

use crate::output::{CommandError, Exit};

#[derive(Debug)]
pub(crate) enum DumpError {
    /// The program is not there, or cannot be started.
    Start { program: String, source: std::io::Error },
    /// It says no version.
    Version { program: String },
    /// It refuses a server that is newer.
    Older { program: String, version: u32, server: u32 },
    /// It failed.
    Failed { program: String, told: String },
    /// What it writes is in another encoding than the one that was asked for.
    NotUtf8 { program: String, byte: u8, line: usize },
    /// The file to compare with, or to write.
    File { path: PathBuf, source: std::io::Error },
}

/// Of a database without an encoding (`SQL_ASCII`), whose server converts nothing.
const NOT_UTF8: &str = "a name, comment or default in the database is not UTF-8, and its encoding \
     converts nothing: see SHOW server_encoding; rename it, or dump with pg_dump itself";

impl fmt::Display for DumpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DumpError::Start { program, source } => write!(
                f,
                "{program} cannot be started: {source}\n  help: it comes with the PostgreSQL client: \
                 apt-get install postgresql-client, dnf install postgresql, apk add postgresql-client, \
                 brew install libpq; or name it with -pg-dump"
            ),
            DumpError::Version { program } => {
                write!(
                    f,
                    "{program} --version does not tell a version\n  help: -pg-dump names another"
                )
            }
            DumpError::Older { program, version, server } => write!(
                f,
                "{program} is version {version} and refuses a server of version {server}\n  help: \
                 install the client of PostgreSQL {server} (apt-get install postgresql-client-{server}) \
                 and name it with -pg-dump"
            ),
            DumpError::Failed { program, told } => {
                // The query of pg_dump is long, and behind it comes nothing.
                let what = told.split("\npg_dump: detail: Query was:").next().unwrap_or_default();
                write!(f, "{program} failed: {}", what.trim())?;
                if what.contains("invalid byte sequence for encoding") {
                    write!(f, "\n  help: {NOT_UTF8}")?;
                }
                Ok(())
            }
            DumpError::NotUtf8 { program, byte, line } => write!(
                f,
                "{program} writes the byte {byte:#04x}, which is not UTF-8, in line {line}\n  state: no \
                 dump was written\n  help: {NOT_UTF8}"
            ),
            DumpError::File { path, source } => write!(f, "{}: {source}", path.display()),
        }
    }
}

impl From<DumpError> for CommandError {
    fn from(error: DumpError) -> CommandError {
        CommandError::new("dump", Exit::Failed, error.to_string())
    }
}
