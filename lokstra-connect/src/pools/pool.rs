//! One connection target.

use std::ffi::OsString;
use std::fmt;

use lokstra_core::Identifier;
use postgres::Config;

use crate::blocking;
use crate::connector::Connector;
use crate::dsn::{self, Dsn, DsnError, Keyword};
#[cfg(feature = "config")]
use crate::error::ConfigError;
use crate::error::ConnectError;
#[cfg(feature = "config")]
use crate::pools::config_file::Origin;
use crate::stop::Stop;
use crate::target::ConnectionTarget;

/// A named connection target.
#[derive(Clone)]
pub struct Pool {
    pub(super) target: Target,
    pub(super) direct: Option<Box<Pool>>,
    session_pooler: bool,
    #[cfg(feature = "config")]
    origin: Option<Origin>,
}

#[derive(Clone)]
pub(super) enum Target {
    Dsn(Result<Dsn, DsnError>),
    Config(Box<Config>),
    /// Defined in a file with something that is missing: an error only for who wants this pool.
    #[cfg(feature = "config")]
    Broken(Box<ConfigError>),
}

impl Pool {
    /// Names the database behind a URL (`postgres://user:password@host:5432/database`) or a `key=value`
    /// string, as libpq writes them. What it leaves out comes from the `PG*` variables of the
    /// environment, the password also from `~/.pgpass`. What is wrong with it is an error when it is
    /// used.
    pub fn from_url(url: impl Into<String>) -> Pool {
        Pool::new(Target::Dsn(Dsn::parse(&url.into())))
    }

    pub(super) fn from_variable(variable: String, url: OsString) -> Pool {
        match url.into_string() {
            Ok(url) => Pool::from_url(url),
            Err(_) => Pool::new(Target::Dsn(Err(DsnError::NotUtf8 { variable }))),
        }
    }

    /// Names the database behind a configuration of the client, as it is: the environment adds nothing.
    pub fn from_config(config: Config) -> Pool {
        Pool::new(Target::Config(Box::new(config)))
    }

    #[cfg(feature = "config")]
    pub(crate) fn from_dsn(dsn: Dsn, origin: Origin) -> Pool {
        Pool { origin: Some(origin), ..Pool::new(Target::Dsn(Ok(dsn))) }
    }

    fn new(target: Target) -> Pool {
        Pool {
            target,
            direct: None,
            session_pooler: false,
            #[cfg(feature = "config")]
            origin: None,
        }
    }

    /// Names the same database past its connection pooler. A run that has no-transaction migrations to do
    /// uses it from there to its end: they need a session, which a pooler in transaction mode does
    /// not keep.
    #[must_use]
    pub fn direct(mut self, pool: impl Into<Pool>) -> Pool {
        self.direct = Some(Box::new(pool.into()));
        self
    }

    /// Says that the connection pooler on the way is in session mode, so that no-transaction
    /// migrations can run through it. Default: no.
    #[must_use]
    pub fn session_pooler(mut self, enabled: bool) -> Pool {
        self.session_pooler = enabled;
        self
    }

    /// Returns the [direct connection](Pool::direct), if there is one.
    pub fn direct_connection(&self) -> Option<&Pool> {
        self.direct.as_deref()
    }

    /// Reports whether its pooler is [said](Pool::session_pooler) to be in session mode.
    pub fn has_session_pooler(&self) -> bool {
        self.session_pooler
    }

    /// Returns host, port and database of each host, in the order in which they are tried; no password.
    ///
    /// # Errors
    ///
    /// If the definition is wrong.
    pub fn targets(&self) -> Result<Vec<String>, ConnectError> {
        Ok(self.connector()?.targets().map(str::to_owned).collect())
    }

    /// Names another database of the same server: with the same host, user and password, past the
    /// connection pooler if this pool has a [direct connection](Pool::direct).
    #[must_use]
    pub fn sibling(&self, database: &str) -> Pool {
        let mut sibling = self.direct.as_deref().unwrap_or(self).clone();
        match &mut sibling.target {
            Target::Dsn(Ok(dsn)) => dsn.set(Keyword::Dbname, database),
            Target::Config(config) => _ = config.dbname(database),
            Target::Dsn(Err(_)) => {}
            #[cfg(feature = "config")]
            Target::Broken(_) => {}
        }
        sibling
    }

    /// Names the same database with this schema as its whole `search_path`, past the connection pooler if
    /// this pool has a [direct connection](Pool::direct). It is an option of the connection, so a
    /// script cannot leave another one behind. Sets of many tenants give each a schema, and a
    /// tracking table in it.
    ///
    /// PostgreSQL documentation: *20.1.4. Parameter Interaction via the Shell*, `options`.
    #[must_use]
    pub fn in_schema(&self, schema: &Identifier) -> Pool {
        let mut pool = self.direct.as_deref().unwrap_or(self).clone();
        match &mut pool.target {
            Target::Dsn(Ok(dsn)) => {
                let before = dsn.get(Keyword::Options).map(str::to_owned);
                let before =
                    before.map_or_else(|| dsn::variable(Keyword::Options), |it| Ok(Some(it)));
                match before {
                    Ok(before) => {
                        dsn.set(Keyword::Options, &with_search_path(before.as_deref(), schema));
                    }
                    Err(error) => pool.target = Target::Dsn(Err(error)),
                }
            }
            Target::Config(config) => {
                let options = with_search_path(config.get_options(), schema);
                config.options(&options);
            }
            Target::Dsn(Err(_)) => {}
            #[cfg(feature = "config")]
            Target::Broken(_) => {}
        }
        pool
    }

    /// Returns which server, database and user it leads to, without a connection: of several hosts the first.
    /// `None` if the definition is wrong.
    pub fn connection(&self) -> Option<ConnectionTarget> {
        self.connector().ok()?.connection()
    }

    /// Connects as [`connect`](Pool::connect) does, and says which of the hosts answered.
    ///
    /// # Errors
    ///
    /// As [`connect`](Pool::connect).
    ///
    /// # Panics
    ///
    /// As [`connect`](Pool::connect).
    pub fn connect_and_name(&self) -> Result<(postgres::Client, ConnectionTarget), ConnectError> {
        let connector = self.connector()?;
        let (client, _) = connector.connect(&Stop::never())?;
        let connection = connector.connection();
        connection.map(|it| (client, it)).ok_or(ConnectError::EmptyResponse)
    }

    /// Returns the keywords of its connection string that belong to other programs and have no effect.
    pub fn ignored_keywords(&self) -> Vec<String> {
        self.connector().map_or_else(|_| Vec::new(), |it| it.ignored_keywords().to_vec())
    }

    /// Returns `host:port/database` of the first host, for messages; `None` if the definition is wrong.
    pub fn location(&self) -> Option<String> {
        self.connector().ok().and_then(|connector| connector.location().map(str::to_owned))
    }

    #[cfg(feature = "config")]
    pub(crate) fn broken(error: ConfigError) -> Pool {
        Pool::new(Target::Broken(Box::new(error)))
    }

    #[doc(hidden)]
    pub fn connector(&self) -> Result<Connector, ConnectError> {
        let mut connector = match &self.target {
            Target::Dsn(dsn) => {
                Connector::from_dsn(dsn.clone()).map_err(|error| self.with_place(error))?
            }
            Target::Config(config) => Connector::from_config((**config).clone())?,
            #[cfg(feature = "config")]
            Target::Broken(error) => return Err(ConnectError::Config(error.clone())),
        };
        connector.session_pooler = self.session_pooler;
        connector.direct =
            self.direct.as_ref().map(|it| it.connector().map(Box::new)).transpose()?;
        Ok(connector)
    }

    /// Names the line of the file that defines what is wrong.
    #[cfg_attr(not(feature = "config"), expect(clippy::unused_self, reason = "no file, no line"))]
    pub(super) fn with_place(&self, error: ConnectError) -> ConnectError {
        #[cfg(feature = "config")]
        if let (Target::Dsn(Ok(dsn)), Some(origin)) = (&self.target, &self.origin)
            && let ConnectError::InvalidConnectionString(wrong) = &error
            && let Some(placed) = origin.error(dsn, wrong)
        {
            return ConnectError::Config(Box::new(placed));
        }
        error
    }

    /// Connects once and reports whether a connection pooler, of whatever kind and mode, is between
    /// this program and the server.
    ///
    /// # Errors
    ///
    /// If the definition is wrong, there is no connection, or the server cannot be asked.
    pub fn has_pooler(&self) -> Result<bool, ConnectError> {
        let connector = self.connector()?;
        blocking::run(|| connector.is_direct(&Stop::never())).map(|is_direct| !is_direct)
    }

    /// Opens a connection as a run does, with keepalives and an `application_name` that says who is
    /// migrating. Tries once, and does not wait for a server that is not there yet.
    ///
    /// # Errors
    ///
    /// If the definition is wrong or there is no connection.
    ///
    /// # Panics
    ///
    /// Inside an async runtime, as the blocking client does.
    pub fn connect(&self) -> Result<postgres::Client, ConnectError> {
        self.connector()?.connect(&Stop::never()).map(|(client, _)| client)
    }
}

impl fmt::Debug for Pool {
    /// Without the connection string, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pool")
    }
}

impl From<Config> for Pool {
    fn from(config: Config) -> Pool {
        Pool::from_config(config)
    }
}

impl From<&str> for Pool {
    fn from(url: &str) -> Pool {
        Pool::from_url(url)
    }
}

impl From<String> for Pool {
    fn from(url: String) -> Pool {
        Pool::from_url(url)
    }
}

/// The options of a connection, the last of which wins.
pub(crate) fn with_search_path(options: Option<&str>, schema: &Identifier) -> String {
    format!("{} -c search_path={schema}", options.unwrap_or_default()).trim_start().to_owned()
}
