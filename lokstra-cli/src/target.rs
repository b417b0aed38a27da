use std::path::Path;

use lokstra_runtime::{Migrations, Migrator, Pool, Pools};

use crate::args::Arguments;
use crate::error::Error;
use crate::output;

/// The migrations of a folder and the pools that their databases name.
pub(crate) struct Target {
    pub(crate) migrations: Migrations,
    pub(crate) pools: Pools,
    /// A database that `migration.yaml` disables runs if the command line names it.
    include_disabled: bool,
}

impl Target {
    /// Reads and checks the folder, then looks for the pools.
    pub(crate) fn read(arguments: &Arguments) -> Result<Target, Error> {
        let dir = arguments.dir();
        let loaded = lokstra_source::load(Path::new(""), dir)?;
        for warning in &loaded.warnings {
            output::talk(warning);
        }
        let migrations = Migrations::from(loaded.set);
        let databases: Vec<_> =
            migrations.databases().map(|database| database.name().to_owned()).collect();
        let pools = match &arguments.db {
            Some(_) if databases.len() > 1 => {
                return Err(Error::OneTarget { dir: dir.to_owned(), databases });
            }
            Some(url) if is_connection_string(url) => named(&migrations, Pool::from_url(url)),
            Some(name) => named(&migrations, defined(arguments)?.get(name)?.clone()),
            None => defined(arguments)?,
        };
        let is_named = arguments.db.is_some() || arguments.dir.is_some() && databases.len() == 1;
        Ok(Target { migrations, pools, include_disabled: is_named })
    }

    /// The one way in, as for every other caller.
    pub(crate) fn migrator(&self) -> Migrator<'_> {
        self.migrations.migrator().include_disabled(self.include_disabled)
    }

    /// Whether lines have to say which database they are about.
    pub(crate) fn has_several(&self) -> bool {
        self.migrations.databases().len() > 1
    }
}

/// Pools in which this one stands for the only database, whatever name its `migration.yaml` gives.
fn named(migrations: &Migrations, pool: Pool) -> Pools {
    let pools = Pools::new().with_default(pool.clone());
    match migrations.databases().next().and_then(|database| database.pool()) {
        Some(name) => pools.with(name, pool),
        None => pools,
    }
}

/// From `-config`, `config.yaml` or the folder `config`, and from the environment, which wins.
fn defined(arguments: &Arguments) -> Result<Pools, Error> {
    let path = match &arguments.config {
        Some(path) => Some(path.as_str()),
        None => ["config.yaml", "config"].into_iter().find(|path| Path::new(path).exists()),
    };
    let file = path.map(Pools::from_config).transpose()?.unwrap_or_default();
    Ok(file.merge(Pools::from_env()?))
}

/// `postgres://…` or `host=… dbname=…`; the name of a pool has neither.
fn is_connection_string(text: &str) -> bool {
    text.contains("://") || text.contains('=')
}
