//! The migrations of a call, and the pools that their databases name.

use std::collections::BTreeSet;
use std::path::Path;

use lokstra_runtime::postgres::Client;
use lokstra_runtime::{
    ConnectError, ConnectionTarget, Database, Migrations, Migrator, Pool, Pools, Warning,
};

use super::context::CommandContext;
use super::error::TargetError;
use super::flags::{self, Wait, is_connection_string};
use crate::output::{CommandError, Tone};

/// The migrations and the pools that their databases name.
pub(crate) struct Target {
    /// The folder, as messages show it.
    dir: String,
    pub(crate) migrations: Migrations,
    pub(crate) pools: Pools,
    /// The only database to work on, if `-db` or `-dir` chooses one of several.
    only: Option<String>,
    /// A database that `migration.yaml` disables runs if the command line names it.
    pub(crate) include_disabled: bool,
    /// The files of migrations that cannot be run, where they do not stop the command.
    pub(crate) broken: Vec<String>,
    options: RunOptions,
    /// The flags with which a printed command has the same target, without a URL, which may contain a
    /// password.
    pub(crate) flags: String,
}

/// The options of a run.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag by itself")]
struct RunOptions {
    connect_wait: Option<std::time::Duration>,
    lock_wait: Option<Wait>,
    lock_timeout: Option<std::time::Duration>,
    out_of_order: bool,
    allow_missing: bool,
    strict: bool,
    rebuild_invalid: bool,
    unsupported_server: bool,
    stored: bool,
}

impl RunOptions {
    fn of(context: &CommandContext<'_>) -> RunOptions {
        RunOptions {
            connect_wait: context.get(&flags::CONNECT_WAIT),
            lock_wait: context.get(&flags::LOCK_WAIT),
            lock_timeout: context.get(&flags::LOCK_TIMEOUT),
            out_of_order: context.has(&flags::OUT_OF_ORDER),
            allow_missing: context.has(&flags::ALLOW_MISSING),
            strict: context.has(&flags::STRICT),
            rebuild_invalid: context.has(&flags::REBUILD_INVALID),
            unsupported_server: context.has(&flags::UNSUPPORTED_SERVER),
            stored: context.has(&flags::STORED),
        }
    }
}

impl Target {
    /// Finds the pools of these migrations.
    pub(crate) fn of(
        migrations: Migrations,
        context: &CommandContext<'_>,
    ) -> Result<Target, CommandError> {
        #[cfg(feature = "folder")]
        super::dotenv::load(context)?;
        let (dir, db) = (context.get(&flags::DIR), context.get(&flags::DB));
        let names = || migrations.databases().map(|database| database.name().to_owned()).collect();
        let has_several = migrations.databases().len() > 1;
        // Over a folder, `-dir` was applied when the folder was read.
        let chosen = dir.clone().filter(|_| !context.program.is_over_a_folder());
        let of_pool: Vec<_> = migrations
            .databases()
            .filter(|database| db.is_some() && database.pool() == db.as_deref())
            .map(|database| database.name().to_owned())
            .collect();
        let only = match (chosen, of_pool.as_slice()) {
            (Some(folder), _) => Some(folder),
            (None, [one]) if has_several => Some(one.clone()),
            _ => None,
        };
        let shown = dir.clone().unwrap_or_else(|| "migrations".to_owned());
        let pools = match &db {
            Some(_) if of_pool.len() == 1 && has_several => configured_pools(context)?,
            Some(_) if has_several && only.is_none() => {
                return Err(TargetError::OneTarget { dir: shown, databases: names() }.into());
            }
            Some(url) if is_connection_string(url) => {
                pools_for_database(&migrations, only.as_deref(), Pool::from_url(url))
            }
            Some(name) => pools_for_database(
                &migrations,
                only.as_deref(),
                configured_pools(context)?.get(name)?,
            ),
            None => configured_pools(context)?,
        };
        let is_named = db.is_some() || only.is_some() || dir.is_some() && !has_several;
        Ok(Target {
            dir: shown,
            pools,
            only,
            include_disabled: is_named,
            broken: Vec::new(),
            options: RunOptions::of(context),
            flags: context.same_target_flags(),
            migrations,
        })
    }

    /// Creates a migrator with the options of the command line.
    pub(crate) fn migrator(&self) -> Migrator<'_> {
        let options = &self.options;
        let mut migrator = self
            .migrations
            .migrator()
            .include_disabled(self.include_disabled)
            .out_of_order(options.out_of_order)
            .allow_missing(options.allow_missing)
            .strict(options.strict)
            .stored_down(options.stored)
            .rebuild_invalid_indexes(options.rebuild_invalid)
            .unsupported_server(options.unsupported_server);
        if let Some(Wait(limit)) = options.lock_wait {
            migrator = migrator.lock_wait(limit);
        }
        if let Some(limit) = options.lock_timeout {
            migrator = migrator.lock_timeout(limit);
        }
        if let Some(wait) = options.connect_wait {
            migrator = migrator.connect_wait(wait);
        }
        match &self.only {
            Some(database) => migrator.database(database),
            None => migrator,
        }
    }

    /// The databases that the command is about, in folder order.
    pub(crate) fn databases(&self) -> impl Iterator<Item = Database<'_>> {
        self.migrations.databases().filter(|database| self.is_asked_for(*database))
    }

    /// The one database that the command is about.
    pub(crate) fn only(&self) -> Result<Database<'_>, CommandError> {
        let mut asked_for = self.databases();
        if let (Some(only), None) = (asked_for.next(), asked_for.next()) {
            return Ok(only);
        }
        let databases = self.migrations.databases().map(|database| database.name().to_owned());
        let (dir, databases) = (self.dir.clone(), databases.collect());
        Err(TargetError::SeveralFolders { dir, databases }.into())
    }

    /// The pool of a database, or the default where it is the only one.
    pub(crate) fn pool(&self, database: Database<'_>) -> Result<Pool, ConnectError> {
        self.pools.of(database, self.migrations.databases().len() == 1)
    }

    /// Connects to the one database.
    pub(crate) fn connect_only(&self) -> Result<(Migrator<'_>, Client), CommandError> {
        let (migrator, client, _) = self.connect(self.only()?)?;
        Ok((migrator, client))
    }

    /// Connects to a database; also returns which server and database it is.
    pub(crate) fn connect(
        &self,
        database: Database<'_>,
    ) -> Result<(Migrator<'_>, Client, ConnectionTarget), ConnectError> {
        let mut migrator = self.migrator().database(database.name());
        let (client, connection) = migrator.connect(&self.pool(database)?)?;
        Ok((migrator, client, connection))
    }

    /// Warns once about keywords in connection strings that have no effect.
    pub(crate) fn warn_of_ignored(&self, context: &CommandContext<'_>) {
        let pools = self.databases().filter_map(|database| self.pool(database).ok());
        let warnings: BTreeSet<_> = pools
            .map(|pool| pool.ignored_keywords())
            .filter(|keywords| !keywords.is_empty())
            .map(|keywords| Warning::IgnoredKeywords { keywords }.to_string())
            .collect();
        for warning in warnings {
            let word = context.console.on_stderr(Tone::Warning, "warning:");
            context.console.status(format_args!("{word} {warning}"));
        }
    }

    /// Whether the command is about this database.
    pub(crate) fn is_asked_for(&self, database: Database<'_>) -> bool {
        self.only.as_deref().is_none_or(|only| is_folder(database, only))
    }

    /// Whether lines need the name of their database.
    pub(crate) fn has_several(&self) -> bool {
        self.only.is_none() && self.migrations.databases().len() > 1
    }
}

/// Whether this is the name or the path of the database's folder.
fn is_folder(database: Database<'_>, name: &str) -> bool {
    let name = name.trim_start_matches("./").trim_end_matches('/');
    database.name() == name || database.folder() == name
}

/// Pools in which this one serves the chosen database, whatever pool its `migration.yaml` names.
fn pools_for_database(migrations: &Migrations, only: Option<&str>, pool: Pool) -> Pools {
    let pools = Pools::new().with_default(pool.clone());
    let mut databases = migrations.databases();
    let database = databases.find(|it| only.is_none_or(|only| is_folder(*it, only)));
    match database.and_then(|database| database.pool()) {
        Some(name) => pools.with(name, pool),
        None => pools,
    }
}

/// The pools of `-config`, `config.yaml` or the folder `config`; the environment wins over them, and the
/// program over both.
fn configured_pools(context: &CommandContext<'_>) -> Result<Pools, CommandError> {
    let path = context.get(&flags::CONFIG).or_else(|| {
        let found = ["config.yaml", "config"].into_iter().find(|path| Path::new(path).exists());
        found.map(str::to_owned)
    });
    let pools = match path {
        Some(path) => Pools::from_config(path)?,
        None => Pools::from_env()?,
    };
    Ok(pools.merge(context.program.pools.clone()))
}
