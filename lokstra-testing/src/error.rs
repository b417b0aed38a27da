//! Why a test has no database.

use std::fmt;

use lokstra_core::{Snippet, one_line, write_text};
use lokstra_runtime::postgres;

/// Why a test has no database, and what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum TestError {
    /// No server is named, and no throw-away server can be started.
    NoServer {
        /// Why none can be started.
        reason: String,
    },
    /// The server cannot be reached.
    Connect {
        /// The variable that names it, or "the throw-away server".
        named_by: &'static str,
        /// What the client said.
        source: lokstra_runtime::ConnectError,
    },
    /// The role may not create databases.
    NoCreateDb {
        /// The role.
        role: String,
    },
    /// A connection pooler stands before the server, which keeps sessions that are not a test's.
    Pooler {
        /// The variable that names it.
        named_by: &'static str,
    },
    /// The server is a standby, which creates nothing.
    Standby,
    /// The set has several databases and none is chosen, or it has none of this name.
    UnknownDatabase {
        /// The name that was looked for, if one was.
        name: Option<String>,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The migrations fail on an empty database.
    Migrate(Box<lokstra_runtime::Error>),
    /// The rows of a file are refused.
    Rows {
        /// The file.
        path: String,
        /// Its text, to show the place.
        text: String,
        /// What the server said.
        source: postgres::Error,
    },
    /// The server refuses a statement, such as `CREATE DATABASE`.
    Server {
        /// What was to be done, as in "create a database".
        action: &'static str,
        /// What the server said.
        source: postgres::Error,
    },
}

impl TestError {
    pub(crate) fn server(action: &'static str) -> impl FnOnce(postgres::Error) -> TestError {
        move |source| TestError::Server { action, source }
    }

    /// The SQLSTATE, where the server refused something.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            TestError::Server { source, .. } => source.code().map(postgres::error::SqlState::code),
            _ => None,
        }
    }
}

/// Without what a terminal obeys: `{:#}` is exact.
impl fmt::Display for TestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(f, &|f| self.write(f))
    }
}

impl TestError {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TestError::NoServer { reason } => write!(
                f,
                "there is no server for the tests: {reason}\n  help: install PostgreSQL, or name a \
                 server in LOKSTRA_TEST_URL or DATABASE_URL"
            ),
            TestError::Connect { named_by, source } => {
                write!(f, "cannot connect to the server of the tests ({named_by}): {source}")?;
                match source {
                    lokstra_runtime::ConnectError::Failed { source, .. } => {
                        help(f, remedy_of(source))
                    }
                    _ => Ok(()),
                }
            }
            TestError::NoCreateDb { role } => {
                let role = one_line(f, role);
                write!(
                    f,
                    "the role `{role}` may not create databases, and each test has one of its own\n  \
                     help: ALTER ROLE \"{role}\" CREATEDB; or name another server in LOKSTRA_TEST_URL"
                )
            }
            TestError::Pooler { named_by } => write!(
                f,
                "{named_by} leads to a connection pooler, which keeps sessions open on a \
                 database after its test has ended\n  help: name the server itself in LOKSTRA_TEST_URL"
            ),
            TestError::Standby => f.write_str(
                "the server is a standby, where no database can be created\n  help: name the primary \
                 in LOKSTRA_TEST_URL",
            ),
            TestError::UnknownDatabase { name, known } => {
                match name {
                    Some(name) => write!(f, "the set has no database `{}`", one_line(f, name))?,
                    None => f.write_str("the set has several databases, and the test names none")?,
                }
                let first = known.first().map_or("", String::as_str);
                write!(
                    f,
                    "\n  databases: {}\n  help: #[lokstra::test(MIGRATIONS, database = \"{}\")]",
                    one_line(f, &known.join(", ")),
                    one_line(f, first)
                )
            }
            TestError::Migrate(error) => match error.failure() {
                Some(failure) => write_failure(f, failure),
                None => write!(f, "the template cannot be migrated: {error}"),
            },
            TestError::Rows { path, text, source } => {
                let path = one_line(f, path);
                let Some(error) = source.as_db_error() else {
                    return write!(f, "the rows of {path} cannot be loaded: {source}");
                };
                let place = match error.position() {
                    Some(postgres::error::ErrorPosition::Original(at)) => {
                        let offset = text.char_indices().nth((*at as usize).saturating_sub(1));
                        offset.map(|(offset, _)| Snippet::new(text, offset))
                    }
                    _ => None,
                };
                let line = place.as_ref().map(|it| format!(":{}", it.position()));
                let line = line.unwrap_or_default();
                write!(f, "{path}{line}: the rows are refused: {}", said(source))?;
                if let Some(detail) = error.detail() {
                    write!(f, "\n  detail: {}", one_line(f, detail))?;
                }
                place.map_or(Ok(()), |it| write!(f, "\n{it}"))?;
                write!(f, "\n  help: correct the file: it is loaded after the last migration")
            }
            TestError::Server { action, source } => {
                write!(f, "cannot {action}: {}", said(source))?;
                help(f, remedy_of(source))
            }
        }
    }
}

/// Without what a run advises for a database that is in use.
fn write_failure(f: &mut fmt::Formatter<'_>, failure: &lokstra_runtime::Failure) -> fmt::Result {
    let (server, path) = (&failure.server, one_line(f, &failure.path));
    write!(f, "the template cannot be migrated\n{path}")?;
    failure.position.map_or(Ok(()), |position| write!(f, ":{position}"))?;
    write!(f, ": {}", server.headline())?;
    failure.snippet.as_ref().map_or(Ok(()), |snippet| write!(f, "\n{snippet}"))?;
    server.write_rest(f)?;
    let remedy = remedy(&server.sqlstate, &server.message);
    help(f, remedy.or(Some("correct the script: a test begins with an empty database")))
}

fn help(f: &mut fmt::Formatter<'_>, remedy: Option<&str>) -> fmt::Result {
    remedy.map_or(Ok(()), |remedy| write!(f, "\n  help: {remedy}"))
}

/// What to do about what a server lacks, by SQLSTATE, and by the message where that says too little.
fn remedy(code: &str, message: &str) -> Option<&'static str> {
    Some(match code {
        "42501" => "grant it to the role of the tests, or name another server in LOKSTRA_TEST_URL",
        "53300" => {
            "run fewer tests at once (`cargo test -- --test-threads 4`), or raise max_connections \
             of the server"
        }
        "53100" => {
            "free space on the disk of the server, also by DROP DATABASE of what LOKSTRA_TEST_KEEP \
             kept (lokstra_kept_…)"
        }
        "0A000" | "58P01" if message.contains("extension") => {
            "install the extension on the server of the tests, or name a server that has it in \
             LOKSTRA_TEST_URL"
        }
        "42704" if message.starts_with("role ") => {
            "a role belongs to the server and not to a database: CREATE ROLE there, or let a \
             migration create it where it is missing"
        }
        "42710" if message.starts_with("role ") => {
            "a role outlives the database, so create it only \
             where it is missing: DO $$ BEGIN CREATE ROLE …; EXCEPTION WHEN duplicate_object THEN \
             NULL; END $$;"
        }
        _ => return None,
    })
}

fn remedy_of(source: &postgres::Error) -> Option<&'static str> {
    let error = source.as_db_error()?;
    remedy(error.code().code(), error.message())
}

/// The `Display` of a server's error is only "db error".
fn said(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(server) => format!("{} (SQLSTATE {})", server.message(), server.code().code()),
        None => error.to_string(),
    }
}

impl std::error::Error for TestError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            TestError::Connect { source, .. } => Some(source),
            TestError::Migrate(error) => Some(error),
            TestError::Rows { source, .. } | TestError::Server { source, .. } => Some(source),
            _ => None,
        }
    }
}
