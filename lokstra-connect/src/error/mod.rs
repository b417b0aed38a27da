//! Why there is no connection.

#[cfg(feature = "config")]
pub(crate) mod config;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use lokstra_core::text::join;
use lokstra_core::{one_line, write_text};

use crate::dsn::DsnError;
#[cfg(feature = "config")]
pub use crate::error::config::{ConfigError, PoolProblem};
use crate::error_chain::chain;
use crate::hints::connect_help;
use crate::host::PasswordFrom;

/// Why there is no connection. `Display` says it in full, with what to do.
#[non_exhaustive]
pub enum ConnectError {
    /// No pool is named, neither by `migration.yaml` nor by the program, and none is the default.
    NoPool {
        /// The folder's name.
        database: String,
    },
    /// A pool that is not defined.
    UnknownPool {
        /// The name that was looked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
        /// The environment variable that would define it.
        variable: String,
    },
    /// The connection string cannot be used.
    InvalidConnectionString(DsnError),
    /// A file of pools cannot be used.
    #[cfg(feature = "config")]
    Config(Box<ConfigError>),
    /// The server refused the connection, or cannot be reached.
    Failed {
        /// Host, port and database; never a password.
        target: String,
        /// The file of passwords, if it is not used because others may read it.
        open_password_file: Option<PathBuf>,
        /// Where the password came from; `None` if there was none.
        password_from: Option<PasswordFrom>,
        /// Why.
        source: postgres::Error,
    },
    /// The server, or what is in its place, accepted the connection and did not respond.
    Timeout {
        /// Host, port and database; never a password.
        target: String,
        /// How long the response was awaited, as `connect_timeout` says.
        limit: Duration,
    },
    /// A [`Stop`](crate::Stop) ended the wait for the server.
    Stopped,
    /// The connection was made, and a question over it failed.
    Query(postgres::Error),
    /// The server answered nothing.
    EmptyResponse,
}

impl ConnectError {
    /// Returns a word for programs that look at an error without this type. It stays the same from release to
    /// release.
    pub fn code(&self) -> &'static str {
        match self {
            ConnectError::NoPool { .. } => "no-pool",
            ConnectError::UnknownPool { .. } => "unknown-pool",
            ConnectError::InvalidConnectionString(_) => "bad-url",
            #[cfg(feature = "config")]
            ConnectError::Config(_) => "config",
            ConnectError::Failed { .. } => "connect",
            ConnectError::Timeout { .. } => "connect-timeout",
            ConnectError::Stopped => "stopped",
            ConnectError::Query(_) => "client",
            ConnectError::EmptyResponse => "empty-response",
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectError::NoPool { database } => write!(
                f,
                "database pool must be specified: {} names none\n  \
                 help: write `dbpool-name: …` into its migration.yaml, or set DATABASE_URL",
                one_line(f, database)
            ),
            ConnectError::UnknownPool { name, known, variable } => {
                let known = if known.is_empty() { "none" } else { &*join(known, ", ") };
                write!(
                    f,
                    "database pool not found: `{}`\n  pools: {}\n  \
                     help: define it under `service-definitions` of config.yaml, or set {}",
                    one_line(f, name),
                    one_line(f, known),
                    one_line(f, variable)
                )
            }
            ConnectError::InvalidConnectionString(error) => fmt::Display::fmt(error, f),
            #[cfg(feature = "config")]
            ConnectError::Config(error) => fmt::Display::fmt(error, f),
            ConnectError::Failed { target, open_password_file, password_from, source } => {
                write!(f, "no connection to {}: {}", one_line(f, target), chain(source))?;
                if let Some(help) = connect_help(source, *password_from) {
                    write!(f, "\n  help: {help}")?;
                }
                if let Some(path) = open_password_file {
                    let path = one_line(f, &path.display().to_string());
                    write!(
                        f,
                        "\n  help: {path} was ignored: other users may read it; run chmod 600 {path}"
                    )?;
                }
                Ok(())
            }
            ConnectError::Timeout { target, limit } => write!(
                f,
                "no connection to {}: the server accepted the connection and did not respond within \
                 {} s\n  help: set `connect_timeout` in the connection string to wait longer",
                one_line(f, target),
                limit.as_secs()
            ),
            ConnectError::Stopped => {
                f.write_str("stopped as requested before there was a connection")
            }
            ConnectError::Query(source) => write!(f, "the client failed: {}", chain(source)),
            ConnectError::EmptyResponse => f.write_str("the server sent no response"),
        }
    }
}

/// Without what a terminal obeys: `{:#}` is exact.
impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(f, &|f| self.write(f))
    }
}

impl fmt::Debug for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `fn main() -> Result<(), ConnectError>` prints this one: it has to be fit for a person.
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ConnectError::Failed { source, .. } | ConnectError::Query(source) => Some(source),
            ConnectError::InvalidConnectionString(source) => Some(source),
            #[cfg(feature = "config")]
            ConnectError::Config(source) => Some(&**source),
            _ => None,
        }
    }
}

impl From<DsnError> for ConnectError {
    fn from(error: DsnError) -> ConnectError {
        ConnectError::InvalidConnectionString(error)
    }
}
