use std::path::Path;

use lokstra_runtime::{Database, Migrations, Migrator, Pool, Pools};

use crate::args::{Arguments, Manner, Verb};
use crate::command::Wait;
use crate::error::Error;
use crate::output;

/// The migrations of a folder and the pools that their databases name.
pub(crate) struct Target {
    dir: String,
    pub(crate) migrations: Migrations,
    pub(crate) pools: Pools,
    /// The only database to work on, if `-db` chooses one of several by its pool.
    only: Option<String>,
    /// A database that `migration.yaml` disables runs if the command line names it.
    include_disabled: bool,
    manner: Manner,
    /// `-stored`
    stored: bool,
    /// What leads a command that is printed to the same place; a URL may hold a password.
    pub(crate) flags: String,
}

impl Target {
    /// Reads and checks the folder, then looks for the pools.
    pub(crate) fn read(arguments: &Arguments) -> Result<Target, Error> {
        Target::of(checked(arguments)?, arguments)
    }

    /// Looks for the pools of these migrations.
    pub(crate) fn of(migrations: Migrations, arguments: &Arguments) -> Result<Target, Error> {
        let dir = arguments.dir();
        let databases: Vec<_> =
            migrations.databases().map(|database| database.name().to_owned()).collect();
        let chosen: Vec<_> = migrations
            .databases()
            .filter(|database| arguments.db.is_some() && database.pool() == arguments.db.as_deref())
            .map(|database| database.name().to_owned())
            .collect();
        let only = (databases.len() > 1 && chosen.len() == 1).then(|| chosen[0].clone());
        let pools = match &arguments.db {
            Some(_) if only.is_some() => defined(arguments)?,
            Some(_) if databases.len() > 1 => {
                return Err(Error::OneTarget { dir: dir.to_owned(), databases });
            }
            Some(url) if is_connection_string(url) => named(&migrations, Pool::from_url(url)),
            Some(name) => named(&migrations, defined(arguments)?.get(name)?),
            None => defined(arguments)?,
        };
        let is_named = arguments.db.is_some() || arguments.dir.is_some() && databases.len() == 1;
        Ok(Target {
            dir: dir.to_owned(),
            migrations,
            pools,
            only,
            include_disabled: is_named,
            manner: arguments.manner,
            stored: matches!(arguments.verb, Verb::Down { stored: true, .. }),
            flags: flags(arguments),
        })
    }

    /// The one way in, as for every other caller.
    pub(crate) fn migrator(&self) -> Migrator<'_> {
        let mut migrator = self
            .migrations
            .migrator()
            .include_disabled(self.include_disabled)
            .out_of_order(self.manner.out_of_order)
            .allow_missing(self.manner.allow_missing)
            .strict(self.manner.strict)
            .stored_down(self.stored)
            .rebuild_invalid_indexes(self.manner.rebuild_invalid);
        if let Some(Wait(limit)) = self.manner.lock_wait {
            migrator = migrator.lock_wait(limit);
        }
        if let Some(wait) = self.manner.connect_wait {
            migrator = migrator.connect_wait(wait);
        }
        match &self.only {
            Some(database) => migrator.database(database),
            None => migrator,
        }
    }

    /// The one database that the command is about.
    pub(crate) fn only(&self) -> Result<Database<'_>, Error> {
        let mut asked_for =
            self.migrations.databases().filter(|database| self.is_asked_for(database.name()));
        if let (Some(only), None) = (asked_for.next(), asked_for.next()) {
            return Ok(only);
        }
        let databases = self.migrations.databases().map(|database| database.name().to_owned());
        Err(Error::SeveralFolders { dir: self.dir.clone(), databases: databases.collect() })
    }

    /// The pool of a database, or the default where it is the only one.
    pub(crate) fn pool(&self, database: Database<'_>) -> Result<Pool, Error> {
        Ok(self.pools.of(database, self.migrations.databases().len() == 1)?)
    }

    /// Whether the command is about this database.
    pub(crate) fn is_asked_for(&self, database: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == database)
    }

    /// Whether lines have to say which database they are about.
    pub(crate) fn has_several(&self) -> bool {
        self.only.is_none() && self.migrations.databases().len() > 1
    }
}

fn flags(arguments: &Arguments) -> String {
    let dir = arguments.dir.as_ref().map(|dir| format!(" -dir {dir}"));
    let db = arguments.db.as_ref().map(|db| {
        let db = if is_connection_string(db) { "…" } else { db };
        format!(" -db {db}")
    });
    let config = arguments.config.as_ref().map(|path| format!(" -config {path}"));
    [dir, db, config].into_iter().flatten().collect()
}

fn checked(arguments: &Arguments) -> Result<Migrations, Error> {
    let load = match arguments.verb {
        Verb::Status | Verb::Version | Verb::Repair { .. } => lokstra_source::load_despite_lock,
        _ => lokstra_source::load,
    };
    let loaded = load(Path::new(""), arguments.dir())?;
    for warning in &loaded.warnings {
        output::talk(format_args!("warning: {warning}"));
    }
    Ok(Migrations::from(loaded.set))
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
    let pools = file.merge(Pools::from_env()?);
    // As psql, where libpq's own variables say where to go.
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let says_where = ["PGHOST", "PGDATABASE", "PGSERVICE"].iter().any(is_set);
    if says_where && std::env::var_os("DATABASE_URL").is_none_or(|url| url.is_empty()) {
        return Ok(pools.with_default(Pool::from_url("")));
    }
    Ok(pools)
}

/// `postgres://…` or `host=… dbname=…`, also one that is written wrongly: told as the name of a pool,
/// it would show its password.
fn is_connection_string(text: &str) -> bool {
    text.contains(['=', '@', ':', '/'])
}
