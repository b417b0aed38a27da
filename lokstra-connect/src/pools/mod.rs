//! The connection targets of a program, by name.

#[cfg(feature = "config")]
mod config_file;
mod env;
mod place;
pub(crate) mod pool;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

use lokstra_core::Database;

#[cfg(feature = "config")]
use crate::error::ConfigError;
use crate::error::ConnectError;
pub use crate::pools::pool::Pool;

/// Connection targets by name, as `dbpool-name` of `migration.yaml` refers to them.
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
    others: BTreeMap<String, ConfigError>,
    default: Option<Pool>,
    /// The default where there is no other.
    implied: Option<Pool>,
}

/// Before the name of a pool in the environment.
const PREFIX: &str = "LOKSTRA_DSN_";

/// After the name of a pool: the direct connection of that pool.
const DIRECT: &str = "_direct";

impl Pools {
    /// Makes a set without pools.
    pub fn new() -> Pools {
        Pools::default()
    }

    /// Reads the pools that environment variables define: `LOKSTRA_DSN_DB_MAIN` defines the pool
    /// `db_main`, and `DATABASE_URL` the default, for a set that works on one database. With
    /// `_DIRECT` behind it, a variable defines the [direct connection](Pool::direct) of that pool.
    /// Without `DATABASE_URL` the default is where `PGHOST`, `PGDATABASE` or `PGSERVICE` lead, if one of
    /// them is set.
    ///
    /// # Errors
    ///
    /// None today: what is wrong with a variable, such as one that is not UTF-8, is an error when its pool is
    /// used. The signature leaves room for more.
    pub fn from_env() -> Result<Pools, ConnectError> {
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
    pub(crate) fn with_other(mut self, name: &str, why: ConfigError) -> Pools {
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

    /// Returns the names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.named.keys().map(String::as_str)
    }

    /// Returns the pool of this name. In the environment, capital letters and `_` stand for it. A pool
    /// `db_main_direct` is the direct connection of `db_main`.
    ///
    /// # Errors
    ///
    /// [`ConnectError::UnknownPool`] with the names that there are.
    pub fn get(&self, name: &str) -> Result<Pool, ConnectError> {
        let Some(mut pool) = self.find(name).cloned() else {
            #[cfg(feature = "config")]
            if let Some(other) = self.others.get(name) {
                return Err(ConnectError::Config(Box::new(other.clone())));
            }
            return Err(ConnectError::UnknownPool {
                name: name.to_owned(),
                known: self.names().map(str::to_owned).collect(),
                variable: format!("{PREFIX}{}", in_environment(name).to_ascii_uppercase()),
            });
        };
        // The environment can add to a pool of any source.
        if let Some(direct) = self.find(&format!("{name}{DIRECT}")) {
            pool = pool.direct(direct.clone());
        }
        Ok(pool)
    }

    fn find(&self, name: &str) -> Option<&Pool> {
        self.named.get(name).or_else(|| self.named.get(&in_environment(name)))
    }

    /// Returns the pool of a database of a set. The default stands in for it only if the set works on
    /// one database: several must not end up in the same by mistake.
    #[doc(hidden)]
    pub fn of(&self, database: Database<'_>, alone: bool) -> Result<Pool, ConnectError> {
        match (database.pool(), self.default.as_ref().or(self.implied.as_ref())) {
            (Some(name), Some(default)) if alone => match self.get(name) {
                Err(ConnectError::UnknownPool { .. }) => Ok(default.clone()),
                found => found,
            },
            (Some(name), _) => self.get(name),
            (None, Some(default)) if alone => Ok(default.clone()),
            (None, _) => Err(ConnectError::NoPool { database: database.name().to_owned() }),
        }
    }
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
