mod variables;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

use lokstra_core::{Database, Identifier};
use postgres::Config;

use crate::connect::Connector;
use crate::connection_target::ConnectionTarget;
use crate::dsn::{self, Dsn, DsnError, Keyword};
use crate::error::{Error, ErrorKind};
use crate::off_runtime::off_runtime;
use crate::stop::Stop;

/// A named connection target.
#[derive(Clone)]
pub struct Pool {
    target: Target,
    direct: Option<Box<Pool>>,
    session_pooler: bool,
    #[cfg(feature = "config")]
    origin: Option<crate::config::Origin>,
}

#[derive(Clone)]
enum Target {
    Dsn(Result<Dsn, DsnError>),
    Config(Box<Config>),
    /// Defined in a file with something that is missing: an error only for who wants this pool.
    #[cfg(feature = "config")]
    Broken(crate::config::ConfigError),
}

impl Pool {
    /// The database behind a URL (`postgres://user:password@host:5432/database`) or a `key=value`
    /// string, as libpq writes them. What it leaves out comes from the `PG*` variables of the
    /// environment, the password also from `~/.pgpass`. What is wrong with it is an error when it is
    /// used.
    pub fn from_url(url: impl Into<String>) -> Pool {
        Pool::new(Target::Dsn(Dsn::parse(&url.into())))
    }

    fn from_variable(variable: String, url: OsString) -> Pool {
        match url.into_string() {
            Ok(url) => Pool::from_url(url),
            Err(_) => Pool::new(Target::Dsn(Err(DsnError::NotUtf8 { variable }))),
        }
    }

    /// The database behind a configuration of the client, as it is: the environment adds nothing.
    pub fn from_config(config: Config) -> Pool {
        Pool::new(Target::Config(Box::new(config)))
    }

    #[cfg(feature = "config")]
    pub(crate) fn from_dsn(dsn: Dsn, origin: crate::config::Origin) -> Pool {
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

    /// The same database past its connection pooler. A run that has no-transaction migrations to do
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
    pub fn session_pooler(mut self, yes: bool) -> Pool {
        self.session_pooler = yes;
        self
    }

    /// The [direct connection](Pool::direct), if there is one.
    pub fn direct_connection(&self) -> Option<&Pool> {
        self.direct.as_deref()
    }

    /// Whether its pooler is [said](Pool::session_pooler) to be in session mode.
    pub fn has_session_pooler(&self) -> bool {
        self.session_pooler
    }

    /// Host, port and database of each host, in the order in which they are tried; no password.
    ///
    /// # Errors
    ///
    /// If the definition is wrong.
    pub fn targets(&self) -> Result<Vec<String>, Error> {
        Ok(self.connector()?.targets().map(str::to_owned).collect())
    }

    /// Another database of the same server: with the same host, user and password, past the
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

    /// The same database with this schema as its whole `search_path`, past the connection pooler if
    /// this pool has a [direct connection](Pool::direct). It is an option of the connection, so a
    /// script cannot leave another one behind. Sets of many tenants give each a schema, and a
    /// [tracking table](crate::Migrator::table) in it.
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

    /// Which server, database and user it leads to, without a connection: of several hosts the first.
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
    pub fn connect_and_name(&self) -> Result<(postgres::Client, ConnectionTarget), Error> {
        let connector = self.connector()?;
        let (client, _) = connector.connect(&Stop::nobodys())?;
        let connection = connector.connection();
        connection.map(|it| (client, it)).ok_or_else(|| Error::new(ErrorKind::NoAnswer))
    }

    /// `host:port/database` of the first host, for messages; `None` if the definition is wrong.
    pub fn location(&self) -> Option<String> {
        self.connector().ok().and_then(|connector| connector.location().map(str::to_owned))
    }

    #[cfg(feature = "config")]
    pub(crate) fn broken(error: crate::config::ConfigError) -> Pool {
        Pool::new(Target::Broken(error))
    }

    pub(crate) fn connector(&self) -> Result<Connector, Error> {
        let mut connector = match &self.target {
            Target::Dsn(dsn) => {
                Connector::from_dsn(dsn.clone()).map_err(|error| self.with_place(error))?
            }
            Target::Config(config) => Connector::from_config((**config).clone())?,
            #[cfg(feature = "config")]
            Target::Broken(error) => return Err(Error::new(ErrorKind::Config(error.clone()))),
        };
        connector.session_pooler = self.session_pooler;
        connector.direct =
            self.direct.as_ref().map(|it| it.connector().map(Box::new)).transpose()?;
        Ok(connector)
    }

    /// Names the line of the file that defines what is wrong.
    fn with_place(&self, error: Error) -> Error {
        #[cfg(feature = "config")]
        if let (Target::Dsn(Ok(dsn)), Some(origin)) = (&self.target, &self.origin)
            && let ErrorKind::BadUrl(wrong) = error.kind()
            && let Some(placed) = origin.error(dsn, wrong)
        {
            return Error::new(ErrorKind::Config(placed));
        }
        error
    }

    /// Connects once and reports whether a connection pooler, of whatever kind and mode, is between
    /// this program and the server.
    ///
    /// # Errors
    ///
    /// If the definition is wrong, there is no connection, or the server cannot be asked.
    pub fn has_pooler(&self) -> Result<bool, Error> {
        let connector = self.connector()?;
        off_runtime(|| connector.is_direct(&Stop::nobodys())).map(|is_direct| !is_direct)
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
    pub fn connect(&self) -> Result<postgres::Client, Error> {
        self.connector()?.connect(&Stop::nobodys()).map(|(client, _)| client)
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

/// The connection targets by name, as `dbpool-name` of `migration.yaml` refers to them.
///
/// They come from the environment ([`from_env`](Pools::from_env)), from `config.yaml`
/// (`from_config`, feature `config`) or from code ([`with`](Pools::with)).
#[derive(Clone, Default)]
pub struct Pools {
    named: BTreeMap<String, Pool>,
    /// The names of those that come from variables.
    from_env: Vec<String>,
    /// What a file defines and is no pool: an error only for who wants a pool of this name.
    #[cfg(feature = "config")]
    others: BTreeMap<String, crate::config::ConfigError>,
    default: Option<Pool>,
    /// The default where there is no other.
    implied: Option<Pool>,
}

/// Before the name of a pool in the environment.
const PREFIX: &str = "LOKSTRA_DSN_";

/// After the name of a pool: the direct connection of that pool.
const DIRECT: &str = "_direct";

impl Pools {
    /// No pools.
    pub fn new() -> Pools {
        Pools::default()
    }

    /// The pools that environment variables define: `LOKSTRA_DSN_DB_MAIN` defines the pool
    /// `db_main`, and `DATABASE_URL` the default, for a set that works on one database. With
    /// `_DIRECT` behind it, a variable defines the [direct connection](Pool::direct) of that pool.
    /// Without `DATABASE_URL` the default is where `PGHOST`, `PGDATABASE` or `PGSERVICE` lead, if one of
    /// them is set.
    ///
    /// # Errors
    ///
    /// None today: what is wrong with a variable, such as one that is not UTF-8, is an error when its pool is
    /// used. The signature leaves room for more.
    pub fn from_env() -> Result<Pools, Error> {
        Ok(Pools::from_variables(std::env::vars_os()))
    }

    fn from_variables(variables: impl Iterator<Item = (OsString, OsString)>) -> Pools {
        let mut pools = Pools::new();
        let (mut default_direct, mut says_where) = (None, false);
        for (name, value) in variables.filter(|(_, value)| !value.is_empty()) {
            let Ok(name) = name.into_string() else { continue };
            if name == "DATABASE_URL" {
                pools.default = Some(Pool::from_variable(name, value));
            } else if name == "DATABASE_URL_DIRECT" {
                default_direct = Some(Pool::from_variable(name, value));
            } else if let Some(pool) = name.strip_prefix(PREFIX) {
                let pool = pool.to_ascii_lowercase();
                pools.from_env.push(pool.clone());
                pools.named.insert(pool, Pool::from_variable(name, value));
            } else {
                says_where |= matches!(name.as_str(), "PGHOST" | "PGDATABASE" | "PGSERVICE");
            }
        }
        // As psql, where libpq's own variables say where to go.
        pools.implied = says_where.then(|| Pool::from_url(""));
        if let Some(direct) = default_direct {
            pools.default = pools.default.map(|pool| pool.direct(direct.clone()));
            pools.implied = pools.implied.map(|pool| pool.direct(direct));
        }
        pools
    }

    /// Adds a pool, or replaces the one of this name.
    #[must_use]
    pub fn with(mut self, name: &str, pool: impl Into<Pool>) -> Pools {
        self.named.insert(name.to_owned(), pool.into());
        self
    }

    /// Remembers what has this name and is no pool.
    #[cfg(feature = "config")]
    pub(crate) fn with_other(mut self, name: &str, why: crate::config::ConfigError) -> Pools {
        self.others.insert(name.to_owned(), why);
        self
    }

    /// Sets the pool for a set that works on one database, if its own name is not defined.
    #[must_use]
    pub fn with_default(mut self, pool: impl Into<Pool>) -> Pools {
        self.default = Some(pool.into());
        self
    }

    /// Adds the pools of `other`, which win where both define one.
    #[must_use]
    pub fn merge(mut self, other: Pools) -> Pools {
        // A variable stands for every name that is written like it.
        for name in &other.from_env {
            self.named.retain(|known, _| in_environment(known) != *name);
        }
        self.from_env.extend(other.from_env);
        self.named.extend(other.named);
        #[cfg(feature = "config")]
        self.others.extend(other.others);
        self.default = other.default.or(self.default);
        self.implied = other.implied.or(self.implied);
        self
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.named.keys().map(String::as_str)
    }

    /// The pool of this name. In the environment, capital letters and `_` stand for it. A pool
    /// `db_main_direct` is the direct connection of `db_main`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownPool`] with the names that there are.
    pub fn get(&self, name: &str) -> Result<Pool, Error> {
        let Some(mut pool) = self.find(name).cloned() else {
            #[cfg(feature = "config")]
            if let Some(other) = self.others.get(name) {
                return Err(Error::new(ErrorKind::Config(other.clone())));
            }
            return Err(Error::new(ErrorKind::UnknownPool {
                name: name.to_owned(),
                known: self.names().map(str::to_owned).collect(),
                variable: format!("{PREFIX}{}", in_environment(name).to_ascii_uppercase()),
            }));
        };
        // Whoever defined the pool, the environment can add to it.
        if let Some(direct) = self.find(&format!("{name}{DIRECT}")) {
            pool = pool.direct(direct.clone());
        }
        Ok(pool)
    }

    fn find(&self, name: &str) -> Option<&Pool> {
        self.named.get(name).or_else(|| self.named.get(&in_environment(name)))
    }

    /// The pool of a database of a set. The default stands in for it only if the set works on one
    /// database: several must not end up in the same by mistake.
    #[doc(hidden)]
    pub fn of(&self, database: Database<'_>, alone: bool) -> Result<Pool, Error> {
        match (database.pool(), self.default.as_ref().or(self.implied.as_ref())) {
            (Some(name), Some(default)) if alone => match self.get(name) {
                Err(error) if matches!(error.kind(), ErrorKind::UnknownPool { .. }) => {
                    Ok(default.clone())
                }
                found => found,
            },
            (Some(name), _) => self.get(name),
            (None, Some(default)) if alone => Ok(default.clone()),
            (None, _) => {
                Err(Error::new(ErrorKind::NoPool { database: database.name().to_owned() }))
            }
        }
    }
}

/// The options of a connection, the last of which wins.
pub(crate) fn with_search_path(options: Option<&str>, schema: &Identifier) -> String {
    format!("{} -c search_path={schema}", options.unwrap_or_default()).trim_start().to_owned()
}

fn in_environment(name: &str) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    name.chars().map(legal).collect()
}

impl fmt::Debug for Pools {
    /// The names alone: connection strings hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pools")
            .field("names", &self.named.keys())
            .field("default", &self.default.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
