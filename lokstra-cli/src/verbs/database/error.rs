//! Why a database is not created or dropped.

use std::fmt;

use lokstra_core::printable_line;
use lokstra_runtime::{ConnectError, ConnectionTarget, ServerError, postgres};

use crate::output::{CommandError, Exit};

#[derive(Debug)]
pub(super) enum DatabaseError {
    /// PostgreSQL would cut the name, silently.
    LongName { name: String },
    /// A connection pooler is between.
    Pooler,
    /// No database of the server can be connected to.
    NoMaintenance { source: ConnectError },
    /// What an interrupted `DROP DATABASE` leaves.
    Invalid { name: String },
    /// The role may not create what it is about to drop.
    #[cfg(feature = "folder")]
    NoCreateDb { role: String },
    /// A database that belongs to the server.
    #[cfg(feature = "folder")]
    Protected { name: String },
    /// It is on another machine and not named.
    #[cfg(feature = "folder")]
    NotOnThisMachine { name: String, place: String },
    /// `-yes-drop` names another database.
    #[cfg(feature = "folder")]
    AnotherName { given: String, name: String, place: String },
    /// Other sessions use it.
    #[cfg(feature = "folder")]
    InUse { name: String, sessions: Vec<String> },
    /// The server refuses.
    Refused { action: &'static str, name: String, user: String, source: Box<ServerError> },
    /// The server did not answer.
    Lost { action: &'static str, name: String, source: postgres::Error },
}

impl DatabaseError {
    pub(super) fn server(
        action: &'static str,
        connection: &ConnectionTarget,
        source: postgres::Error,
    ) -> DatabaseError {
        let (name, user) = (connection.database.clone(), connection.user.clone());
        match source.as_db_error() {
            Some(said) => {
                let source = Box::new(ServerError::new(said));
                DatabaseError::Refused { action, name, user, source }
            }
            None => DatabaseError::Lost { action, name, source },
        }
    }

    pub(super) fn code(source: &postgres::Error) -> &str {
        source.code().map_or("", postgres::error::SqlState::code)
    }

    /// Whether a connection to another database of the server may be accepted: this one does not exist, or is
    /// not open to the role. PgBouncer has words of its own for it.
    pub(super) fn is_about_the_database(error: &ConnectError) -> bool {
        matches!(error, ConnectError::Failed { source, .. }
        if matches!(
            DatabaseError::code(source),
            "3D000" | "42501" | "28000" | "55000" | "08P01"
        ))
    }

    fn word(&self) -> &'static str {
        match self {
            DatabaseError::LongName { .. } => "bad-database-name",
            DatabaseError::Pooler | DatabaseError::NoMaintenance { .. } => "no-server-connection",
            DatabaseError::Invalid { .. } => "invalid-database",
            #[cfg(feature = "folder")]
            DatabaseError::NoCreateDb { .. } => "missing-privileges",
            #[cfg(feature = "folder")]
            DatabaseError::Protected { .. } => "protected-database",
            #[cfg(feature = "folder")]
            DatabaseError::NotOnThisMachine { .. } => "not-on-this-machine",
            #[cfg(feature = "folder")]
            DatabaseError::AnotherName { .. } => "usage",
            #[cfg(feature = "folder")]
            DatabaseError::InUse { .. } => "database-in-use",
            DatabaseError::Refused { source, .. } => match source.sqlstate.as_str() {
                "42501" => "missing-privileges",
                "55006" => "database-in-use",
                "25006" => "read-only",
                _ => "server",
            },
            DatabaseError::Lost { .. } => "connection-lost",
        }
    }

    fn help(&self) -> Option<String> {
        let DatabaseError::Refused { action, name, user, source } = self else { return None };
        let detail = source.detail.as_deref().unwrap_or_default();
        Some(match (source.sqlstate.as_str(), *action) {
            ("42501", "create") => format!("ALTER ROLE {} CREATEDB", quoted(user)),
            ("42501", _) if source.message.contains("terminate") => {
                let said = format!("{} {detail}", source.message).to_lowercase();
                if said.contains("superuser") {
                    "end the sessions of the superuser as a superuser".to_owned()
                } else {
                    format!("GRANT pg_signal_backend TO {}", quoted(user))
                }
            }
            ("42501", _) => {
                let (name, user) = (quoted(name), quoted(user));
                format!("connect as its owner, or ALTER DATABASE {name} OWNER TO {user}")
            }
            ("55006", "create") => {
                "end the sessions that use the template, and run again".to_owned()
            }
            ("55006", _) if detail.contains("session") => {
                "end them, or run the command again with -force".to_owned()
            }
            ("55006", _) => String::from(
                "finish what uses it (a prepared transaction, a replication slot, a \
                 subscription), and run again",
            ),
            ("25006", _) => String::from("connect to the primary server"),
            _ => return source.hint.clone(),
        })
    }
}

/// For SQL that a person types.
fn quoted(name: &str) -> String {
    format!("\"{}\"", printable_line(name).replace('"', "\"\""))
}

/// For a shell: as it is, or in quotes.
#[cfg(feature = "folder")]
fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':');
    if word.chars().all(is_plain) && !word.starts_with('-') {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DatabaseError::LongName { name } => write!(
                f,
                "the name of a database has at most 63 bytes: `{}` has {}\n  help: shorten it in the \
                 connection string",
                printable_line(name),
                name.len()
            ),
            DatabaseError::Pooler => f.write_str(
                "a connection pooler is in front of the server, and a database cannot be created or \
                 dropped through it\n  help: name the server itself: DATABASE_URL_DIRECT, `direct-dsn` in config.yaml, or \
                 -db",
            ),
            DatabaseError::NoMaintenance { source } => {
                let ConnectError::Failed { source, target, .. } = source else {
                    return source.fmt(f);
                };
                let said = source.as_db_error().map_or("", postgres::error::DbError::message);
                write!(
                    f,
                    "no connection to the server: it refuses its databases `postgres` and `template1`\n  \
                     {}: {}\n  help: GRANT CONNECT ON DATABASE postgres to this role, or allow it in \
                     pg_hba.conf; for a connection pooler, name the server itself: DATABASE_URL_DIRECT, or \
                     `direct-dsn` in config.yaml",
                    printable_line(target),
                    printable_line(said)
                )
            }
            DatabaseError::Invalid { name } => write!(
                f,
                "an interrupted DROP DATABASE left the database `{}`, which can now only be dropped\n  help: \
                 finish it: lokstra database drop",
                printable_line(name)
            ),
            #[cfg(feature = "folder")]
            DatabaseError::NoCreateDb { role } => write!(
                f,
                "nothing was changed: the role `{}` may not create the database again\n  help: ALTER ROLE {} \
                 CREATEDB",
                printable_line(role),
                quoted(role)
            ),
            #[cfg(feature = "folder")]
            DatabaseError::Protected { name } => write!(
                f,
                "nothing was changed: `{}` belongs to the server, and is never dropped\n  help: name another \
                 database in the connection string",
                printable_line(name)
            ),
            #[cfg(feature = "folder")]
            DatabaseError::NotOnThisMachine { name, place } => write!(
                f,
                "nothing was changed: {place} is not on this machine\n  help: to lose its data all the same, \
                 name the database: -yes-drop {}",
                shell_word(&printable_line(name))
            ),
            #[cfg(feature = "folder")]
            DatabaseError::AnotherName { given, name, place } => write!(
                f,
                "nothing was changed: -yes-drop names `{}`, and the database is `{}` ({place})",
                printable_line(given),
                printable_line(name)
            ),
            #[cfg(feature = "folder")]
            DatabaseError::InUse { name, sessions } => {
                let (count, plural) = (sessions.len(), if sessions.len() == 1 { "" } else { "s" });
                write!(
                    f,
                    "nothing was changed: the database `{}` is in use by {count} other session{plural}",
                    printable_line(name)
                )?;
                sessions.iter().take(10).try_for_each(|line| write!(f, "\n  {line}"))?;
                f.write_str("\n  help: end them, or run the command again with -force")
            }
            DatabaseError::Refused { action, name, source, .. } => {
                write!(
                    f,
                    "cannot {action} the database `{}`: {} (SQLSTATE {})",
                    printable_line(name),
                    printable_line(&source.message),
                    source.sqlstate
                )?;
                if let Some(detail) = &source.detail {
                    write!(f, "\n  detail: {}", printable_line(detail))?;
                }
                self.help().map_or(Ok(()), |help| write!(f, "\n  help: {help}"))
            }
            DatabaseError::Lost { action, name, source } => write!(
                f,
                "cannot {action} the database `{}`: the server did not respond: {source}\n  help: run \
                 the command again, which continues where it ended",
                printable_line(name)
            ),
        }
    }
}

impl From<DatabaseError> for CommandError {
    fn from(error: DatabaseError) -> CommandError {
        let exit = match &error {
            DatabaseError::LongName { .. } => Exit::Usage,
            #[cfg(feature = "folder")]
            DatabaseError::Protected { .. }
            | DatabaseError::NotOnThisMachine { .. }
            | DatabaseError::AnotherName { .. } => Exit::Usage,
            _ => Exit::Failed,
        };
        CommandError::new(error.word(), exit, error.to_string())
    }
}
