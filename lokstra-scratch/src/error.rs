//! Why there is no throw-away PostgreSQL.

use std::{fmt, io, path::PathBuf, process::ExitStatus};

/// Why there is no throw-away PostgreSQL.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// There is no PostgreSQL on this machine and no way to fetch one.
    NotFound,
    /// `LOKSTRA_SCRATCH_BIN` names a directory whose programs cannot be used.
    Unusable {
        /// The directory that the variable names.
        dir: PathBuf,
        /// The program that is not there, or not for the user that runs the server.
        program: &'static str,
    },
    /// `LOKSTRA_SCRATCH_VERSION` is not a major version that can be fetched.
    NoVersion {
        /// What the variable says.
        wanted: String,
        /// The versions that there are for this system.
        known: Vec<u32>,
    },
    /// Run as root on a system with neither a `postgres` nor a `nobody` user.
    NoAccount,
    /// The directory of a server, or of what is fetched, belongs to another user.
    NotOurs {
        /// The directory.
        dir: PathBuf,
    },
    /// No directory for the server is writable for the user that runs it.
    NoRoom,
    /// An operation on a file or directory failed.
    File {
        /// What was to be done, as in "create".
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A program could not be run.
    Run {
        /// The program.
        program: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Fetching PostgreSQL failed.
    Fetch {
        /// The command that failed.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// The last lines that it printed.
        output: String,
    },
    /// The fetched package is not laid out as this crate expects, or its programs do not run.
    Package {
        /// The directory it was put into.
        dir: PathBuf,
    },
    /// The server did not do as it was told.
    Server {
        /// What it was told, as in "start".
        verb: &'static str,
        /// The last lines of its log.
        log: String,
    },
    /// There is no PgBouncer on this machine and no way to install one.
    NoPgBouncer,
    /// PgBouncer did not do as it was told.
    PgBouncer {
        /// What it was told, as in "start".
        verb: &'static str,
        /// The last lines of its log.
        log: String,
    },
    /// The server's watchdog has gone, and the server with it.
    Lost {
        /// Where the server was.
        dir: PathBuf,
    },
    /// The shared server neither became ready nor went away.
    Timeout {
        /// Where the server is.
        dir: PathBuf,
    },
    /// The server refused a statement or a connection.
    Sql {
        /// What was to be done, as in "create a database".
        doing: &'static str,
        /// What the server said.
        source: postgres::Error,
    },
}

impl Error {
    pub(crate) fn file(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { doing, path: path.into(), source }
    }

    pub(crate) fn run(program: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Run { program: program.into(), source }
    }

    pub(crate) fn sql(doing: &'static str) -> impl FnOnce(postgres::Error) -> Self {
        move |source| Self::Sql { doing, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str(
                "there is no PostgreSQL on this machine: install one (Debian: `apt-get install \
                 postgresql`, macOS: `brew install postgresql`), or npm to fetch one, or name the \
                 `bin` directory of one in LOKSTRA_SCRATCH_BIN",
            ),
            Self::Unusable { dir, program } => write!(
                f,
                "LOKSTRA_SCRATCH_BIN is {}, but the user that runs the server finds no program \
                 `{program}` there: name a directory that holds initdb, pg_ctl and postgres, \
                 outside of private home directories if you are root",
                dir.display()
            ),
            Self::NoVersion { wanted, known } => write!(
                f,
                "LOKSTRA_SCRATCH_VERSION is `{wanted}`: what can be fetched for this system is \
                 {known:?}"
            ),
            Self::NoAccount => f.write_str(
                "PostgreSQL refuses to run as root, and /etc/passwd has neither a `postgres` nor a \
                 `nobody` user: run as another user, or add one of these",
            ),
            Self::NotOurs { dir } => write!(
                f,
                "{} belongs to another user, so the PostgreSQL in it cannot be trusted: remove it",
                dir.display()
            ),
            Self::NoRoom => f.write_str(
                "neither /dev/shm nor the directory for temporary files is writable for the user \
                 that runs the server: set TMPDIR to one that is",
            ),
            Self::File { doing, path, source } => {
                write!(f, "cannot {doing} {}: {source}", path.display())
            }
            Self::Run { program, source } => {
                write!(f, "cannot run {}: {source}", program.display())
            }
            Self::Fetch { command, status, output } => write!(
                f,
                "fetching PostgreSQL failed ({status}): `{command}`; install PostgreSQL, or name \
                 the `bin` directory of one in LOKSTRA_SCRATCH_BIN\n{output}"
            ),
            Self::Package { dir } => write!(
                f,
                "the PostgreSQL fetched into {} lacks a program or does not run on this system: \
                 install PostgreSQL, or name the `bin` directory of one in LOKSTRA_SCRATCH_BIN",
                dir.display()
            ),
            Self::Server { verb, log } => {
                write!(f, "the PostgreSQL server did not {verb}; its log ends with\n{log}")
            }
            Self::NoPgBouncer => f.write_str(
                "there is no PgBouncer on this machine: install one (Debian: `apt-get install \
                 pgbouncer`, macOS: `brew install pgbouncer`)",
            ),
            Self::PgBouncer { verb, log } => {
                write!(f, "PgBouncer did not {verb}; its log ends with\n{log}")
            }
            Self::Lost { dir } => write!(
                f,
                "the watchdog of the server in {} has gone: something killed it",
                dir.display()
            ),
            Self::Timeout { dir } => write!(
                f,
                "the shared server in {} neither became ready nor went away: see the file `log` \
                 there",
                dir.display()
            ),
            Self::Sql { doing, source } => {
                write!(f, "cannot {doing}: ")?;
                // The `Display` of a server's error is only "db error".
                match source.as_db_error() {
                    Some(error) => write!(f, "{error}"),
                    None => write!(f, "{source}"),
                }
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } | Self::Run { source, .. } => Some(source),
            Self::Sql { source, .. } => Some(source),
            _ => None,
        }
    }
}
