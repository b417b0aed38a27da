use std::fmt;
use std::path::PathBuf;

/// Why there is no dump.
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
    /// The file to compare with, or to write.
    File { path: PathBuf, source: std::io::Error },
}

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
            DumpError::Failed { program, told } => write!(f, "{program} failed: {}", told.trim()),
            DumpError::File { path, source } => write!(f, "{}: {source}", path.display()),
        }
    }
}
