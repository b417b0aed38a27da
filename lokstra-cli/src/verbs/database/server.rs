//! The server of a database, reached through a database that every server has.

use lokstra_connect::{Stop, backoff::Backoff, transient::is_transient};
use lokstra_core::printable_line;
use lokstra_runtime::postgres::Client;
use lokstra_runtime::{ConnectError, ConnectionTarget, Pool};

use super::error::DatabaseError;
use crate::call::{CommandContext, flags};
use crate::output::CommandError;
use crate::run::query::{self, Row};

/// Databases to be connected to while another one is created or dropped.
const MAINTENANCE: [&str; 2] = ["postgres", "template1"];

const DEFAULT_WAIT: std::time::Duration = std::time::Duration::from_secs(30);

/// The server of a database.
pub(super) struct DatabaseServer {
    client: Client,
    /// The database itself, which need not exist.
    pub(super) connection: ConnectionTarget,
}

/// Connects as a run does: waits for a server that is starting.
pub(super) fn connect_patiently(
    context: &CommandContext<'_>,
    pool: &Pool,
) -> Result<Client, ConnectError> {
    let mut wait = Backoff::new(context.get(&flags::CONNECT_WAIT).or(Some(DEFAULT_WAIT)));
    let mut is_reported = false;
    loop {
        match pool.connect() {
            Err(error) if is_transient(&error) && !wait.is_over() => {
                if wait.report().is_due && !std::mem::replace(&mut is_reported, true) {
                    let error = error.to_string();
                    let first = error.lines().next().unwrap_or_default();
                    context.console.status(format_args!("waiting for the server: {first}"));
                }
                wait.sleep(&Stop::never());
            }
            done => return done,
        }
    }
}

/// The pool past a connection pooler, if it has one, and where it leads.
pub(super) fn direct(pool: &Pool) -> Result<(&Pool, ConnectionTarget), CommandError> {
    let pool = pool.direct_connection().unwrap_or(pool);
    // Fails with what is wrong with the definition.
    pool.targets()?;
    let connection = pool.connection().ok_or(ConnectError::EmptyResponse)?;
    if connection.database.len() > 63 {
        return Err(DatabaseError::LongName { name: connection.database }.into());
    }
    Ok((pool, connection))
}

/// `localhost:5432/app`
pub(super) fn place(connection: &ConnectionTarget) -> String {
    let ConnectionTarget { host, port, database, .. } = connection;
    printable_line(&format!("{host}:{port}/{database}"))
}

impl DatabaseServer {
    /// Connects to the server of this pool, past a pooler if there is a direct connection.
    pub(super) fn reach(
        context: &CommandContext<'_>,
        pool: &Pool,
    ) -> Result<DatabaseServer, CommandError> {
        let (pool, connection) = direct(pool)?;
        let mut first = None;
        for name in MAINTENANCE {
            let sibling = pool.sibling(name);
            match connect_patiently(context, &sibling) {
                Ok(client) => {
                    if sibling.has_pooler()? {
                        return Err(DatabaseError::Pooler.into());
                    }
                    return Ok(DatabaseServer { client, connection });
                }
                // The other may be allowed, if this one is not.
                Err(error) if DatabaseError::is_about_the_database(&error) => {
                    first.get_or_insert(error);
                }
                Err(error) => return Err(error.into()),
            }
        }
        let source = first.unwrap_or(ConnectError::EmptyResponse);
        Err(DatabaseError::NoMaintenance { source }.into())
    }

    pub(super) fn name(&self) -> &str {
        &self.connection.database
    }

    pub(super) fn place(&self) -> String {
        place(&self.connection)
    }

    pub(super) fn created(&self) -> String {
        format!("Created the database {}", self.place())
    }

    /// Creates the database; returns whether it was missing.
    pub(super) fn create(&mut self) -> Result<bool, DatabaseError> {
        if let Some(row) = self.row()? {
            return if row.is("is_invalid") {
                Err(DatabaseError::Invalid { name: self.name().to_owned() })
            } else {
                Ok(false)
            };
        }
        let sql = format!("CREATE DATABASE {}", query::identifier(self.name()));
        match self.client.batch_execute(&sql) {
            Ok(()) => Ok(true),
            // Another session created it meanwhile: known early, or at the unique index.
            Err(source) if matches!(DatabaseError::code(&source), "42P04" | "23505") => Ok(false),
            Err(source) => Err(DatabaseError::server("create", &self.connection, source)),
        }
    }

    fn row(&mut self) -> Result<Option<Row>, DatabaseError> {
        let select = format!(
            "SELECT d.datistemplate AS is_template, d.datconnlimit = -2 AS is_invalid \
             FROM pg_catalog.pg_database d WHERE d.datname = {}",
            query::literal(self.name())
        );
        self.rows(&select).map(|rows| rows.into_iter().next())
    }

    fn rows(&mut self, select: &str) -> Result<Vec<Row>, DatabaseError> {
        query::rows(&mut self.client, select)
            .map_err(|source| DatabaseError::server("look up", &self.connection, source))
    }
}

#[cfg(feature = "folder")]
impl DatabaseServer {
    /// Whether the database exists; fails if it is a template.
    pub(super) fn exists(&mut self) -> Result<bool, DatabaseError> {
        match self.row()? {
            Some(row) if row.is("is_template") => {
                Err(DatabaseError::Protected { name: self.name().to_owned() })
            }
            row => Ok(row.is_some()),
        }
    }

    /// Fails if the role may not create databases, before anything is dropped.
    pub(super) fn check_may_create(&mut self) -> Result<(), DatabaseError> {
        let select = "SELECT rolcreatedb OR rolsuper AS may_create FROM pg_catalog.pg_roles \
                      WHERE rolname = CURRENT_USER";
        match self.rows(select)?.first() {
            Some(row) if row.is("may_create") => Ok(()),
            _ => Err(DatabaseError::NoCreateDb { role: self.connection.user.clone() }),
        }
    }

    /// The sessions that use the database, a line each.
    pub(super) fn sessions(&mut self) -> Result<Vec<String>, DatabaseError> {
        // Of a session of another role, only its role and its name can be seen.
        let select = format!(
            "SELECT a.pid, a.usename, a.application_name AS app, a.client_addr AS address \
             FROM pg_catalog.pg_stat_activity a WHERE a.datname = {} \
             AND coalesce(a.backend_type, 'client backend') = 'client backend' ORDER BY a.pid",
            query::literal(self.name())
        );
        let line = |row: &Row| {
            let text = |word, column| match row.text(column) {
                "" => String::new(),
                text => format!(", {word}{text}"),
            };
            let (pid, user) = (row.text("pid"), row.text("usename"));
            let (app, from) = (text("", "app"), text("from ", "address"));
            printable_line(&format!("pid {pid}, user {user}{app}{from}"))
        };
        Ok(self.rows(&select)?.iter().map(line).collect())
    }

    /// Drops the database, which exists or did a moment ago.
    pub(super) fn drop_database(&mut self, force: bool) -> Result<(), DatabaseError> {
        let force = if force { " WITH (FORCE)" } else { "" };
        let sql = format!("DROP DATABASE IF EXISTS {}{force}", query::identifier(self.name()));
        let dropped = self.client.batch_execute(&sql);
        dropped.map_err(|source| DatabaseError::server("drop", &self.connection, source))
    }
}
