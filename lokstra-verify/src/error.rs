//! Why a verification did not come to a result.

use std::fmt;

use lokstra_core::{Version, one_line, write_text};

use crate::cluster::Outside;

/// Why nothing could be verified. What a verification finds is no error: see
/// [`Verification`](crate::Verification).
#[derive(Debug)]
#[non_exhaustive]
pub enum VerifyError {
    /// There is no server to work on.
    NoServer {
        /// Why no throw-away server could be started.
        reason: String,
    },
    /// The scratch database cannot be created.
    Create {
        /// What the server said.
        source: lokstra_runtime::postgres::Error,
    },
    /// Statements would change what the other databases of the server use too.
    Outside(Vec<Outside>),
    /// A version that no migration has.
    UnknownVersion(Version),
    /// A database that the set does not have.
    UnknownDatabase {
        /// The name that was looked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The rows that [`Verifier::rows`](crate::Verifier::rows) puts in are refused.
    Rows {
        /// The version behind which they were put in.
        version: Version,
        /// What the server said.
        source: lokstra_runtime::postgres::Error,
    },
    /// The connection, or a migration that had run once already.
    Run(lokstra_runtime::Error),
    /// The catalog cannot be read.
    Read(lokstra_runtime::postgres::Error),
    /// A [`Stop`](lokstra_runtime::Stop) ended it.
    Stopped,
}

impl From<lokstra_runtime::Error> for VerifyError {
    fn from(error: lokstra_runtime::Error) -> VerifyError {
        VerifyError::Run(error)
    }
}

impl From<lokstra_runtime::ConnectError> for VerifyError {
    fn from(error: lokstra_runtime::ConnectError) -> VerifyError {
        VerifyError::Run(error.into())
    }
}

impl From<lokstra_runtime::postgres::Error> for VerifyError {
    fn from(error: lokstra_runtime::postgres::Error) -> VerifyError {
        VerifyError::Read(error)
    }
}

/// Without what a terminal obeys: `{:#}` is exact.
impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(f, &|f| self.write(f))
    }
}

impl VerifyError {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VerifyError::NoServer { reason } => write!(
                f,
                "there is no server to verify on: {reason}\n  help: install PostgreSQL, or name a \
                 server with LOKSTRA_TEST_URL (a database is created beside the one that it names, \
                 and dropped again)"
            ),
            VerifyError::Create { source } => write!(
                f,
                "cannot create the scratch database: {}\n  help: use a role that has CREATEDB, over \
                 a direct connection, or use a throw-away server",
                said(source)
            ),
            VerifyError::Outside(statements) => {
                write!(
                    f,
                    "on the server of the target, scripts must not change what other databases use"
                )?;
                statements.iter().try_for_each(|statement| write!(f, "\n  {statement}"))?;
                write!(
                    f,
                    "\n  help: verify on a throw-away server, where all roles and databases are its own"
                )
            }
            VerifyError::UnknownVersion(version) => write!(f, "there is no migration {version}"),
            VerifyError::UnknownDatabase { name, known } => {
                let (name, known) = (one_line(f, name), one_line(f, &known.join(", ")));
                write!(f, "there is no database `{name}`\n  databases: {known}")
            }
            VerifyError::Rows { version, source } => write!(
                f,
                "the server refused the rows to insert after {version}: {}\n  help: correct the SQL that \
                 was given for this version",
                said(source)
            ),
            VerifyError::Run(error) => fmt::Display::fmt(error, f),
            VerifyError::Read(error) => write!(f, "cannot read the catalog: {}", said(error)),
            VerifyError::Stopped => f.write_str("stopped; the scratch database is dropped"),
        }
    }
}

/// The `Display` of a server's error is only "db error".
pub(crate) fn said(error: &lokstra_runtime::postgres::Error) -> String {
    match error.as_db_error() {
        Some(server) => format!("{} (SQLSTATE {})", server.message(), server.code().code()),
        None => error.to_string(),
    }
}

impl std::error::Error for VerifyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            VerifyError::Create { source }
            | VerifyError::Rows { source, .. }
            | VerifyError::Read(source) => Some(source),
            VerifyError::Run(source) => Some(source),
            _ => None,
        }
    }
}
