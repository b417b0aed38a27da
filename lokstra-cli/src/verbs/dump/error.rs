//! Errors of `dump`.

use std::fmt;
use std::path::PathBuf;

use crate::output::{CommandError, Exit};

#[derive(Debug)]
pub(crate) enum DumpError {
    /// The program does not exist, or cannot be started.
    Start { program: String, source: std::io::Error },
    /// It prints no version.
    Version { program: String },
    /// It refuses a server that is newer.
    Older { program: String, version: u32, server: u32 },
    /// It failed.
    Failed { program: String, stderr: String },
    /// Its output is not in the requested encoding.
    NotUtf8 { program: String, byte: u8, line: usize },
    /// The file to compare with, or to write, cannot be used.
    File { path: PathBuf, source: std::io::Error },
}

/// The remedy for a database without an encoding (`SQL_ASCII`), whose server converts nothing.
const NOT_UTF8: &str = "rename the name, comment or default that is not UTF-8 (the encoding of the \
                        database converts nothing, see SHOW server_encoding), or run pg_dump yourself";

impl fmt::Display for DumpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DumpError::Start { program, source } => write!(
                f,
                "{program} cannot be started: {source}\n  help: install the PostgreSQL client \
                 (apt-get install postgresql-client, dnf install postgresql, apk add \
                 postgresql-client, brew install libpq), or name the program with -pg-dump"
            ),
            DumpError::Version { program } => {
                write!(
                    f,
                    "{program} --version prints no version\n  help: name another program with -pg-dump"
                )
            }
            DumpError::Older { program, version, server } => write!(
                f,
                "{program} is version {version} and refuses a server of version {server}\n  help: \
                 install the client of PostgreSQL {server} (apt-get install postgresql-client-{server}) \
                 and name it with -pg-dump"
            ),
            DumpError::Failed { program, stderr } => {
                // The query of pg_dump is long, and nothing follows it.
                let what = stderr.split("\npg_dump: detail: Query was:").next().unwrap_or_default();
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
