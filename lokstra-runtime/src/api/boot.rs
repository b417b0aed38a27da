//! The start of a program by the names of the Lokstra framework for Go.

use lokstra_connect::Pools;
use lokstra_connect::stop::Stop;

use crate::api::migrations::Migrations;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::model::run::report::{Report, Summary};
use crate::model::run::step::Goal;

/// What [`check_db_migration`] uses instead of the settings of `migration.yaml`.
#[derive(Clone, Debug, Default)]
pub struct MigrationConfig {
    database: Option<String>,
    pool: Option<String>,
    table: Option<String>,
    stop: Option<Stop>,
}

impl MigrationConfig {
    /// Overrides nothing.
    pub fn new() -> MigrationConfig {
        MigrationConfig::default()
    }

    /// Chooses the database of the set, by its folder: `migrations/01_main-db` or `01_main-db`.
    #[must_use]
    #[doc(alias = "MigrationsDir")]
    pub fn database(mut self, folder: &str) -> MigrationConfig {
        self.database = Some(folder.to_owned());
        self
    }

    /// Uses this pool instead of `dbpool-name`.
    #[must_use]
    #[doc(alias = "DbPoolName")]
    pub fn pool(mut self, name: &str) -> MigrationConfig {
        self.pool = Some(name.to_owned());
        self
    }

    /// Uses this tracking table instead of `schema-table`: `table` or `schema.table`.
    #[must_use]
    #[doc(alias = "SchemaTable")]
    pub fn table(mut self, name: &str) -> MigrationConfig {
        self.table = Some(name.to_owned());
        self
    }

    /// Gives the run a handle that ends it, such as `Stop::on_signals`. See [`Migrator::stop`](crate::Migrator::stop).
    #[must_use]
    pub fn stop(mut self, stop: Stop) -> MigrationConfig {
        self.stop = Some(stop);
        self
    }
}

/// Applies what is pending in one database, over a connection of its own: for the start of a
/// program.
///
/// The pool is the one of `config`, or else `dbpool-name` of `migration.yaml`, or else the default
/// of `pools`. A database with `enabled: false` is skipped, and the report says so.
///
/// # Errors
///
/// As [`Migrator::run`](crate::Migrator::run); also if the set has several databases and `config` names none.
#[doc(alias = "CheckDbMigration")]
pub fn check_db_migration(
    migrations: &Migrations,
    pools: &Pools,
    config: &MigrationConfig,
) -> Result<Report, Error> {
    let mut migrator = migrations.migrator();
    if let Some(stop) = &config.stop {
        migrator = migrator.stop(stop.clone());
    }
    if let Some(folder) = &config.database {
        migrator = migrator.database(folder);
    }
    if let Some(name) = &config.table {
        let table = name
            .parse()
            .map_err(|reason| Error::new(ErrorKind::BadTable { name: name.clone(), reason }))?;
        migrator = migrator.table(table);
    }
    let databases = migrator.databases()?;
    let [database] = databases.as_slice() else {
        let names = databases.iter().map(|database| database.name().to_owned()).collect();
        return Err(Error::new(ErrorKind::SeveralDatabases { names }));
    };
    if let Some(skipped) = migrator.skipped(*database, &migrator.table_of(*database)) {
        return migrator.report_skipped(skipped);
    }
    let pool = match &config.pool {
        Some(name) => pools.get(name)?,
        None => pools.of(*database, migrator.is_of_one_database())?,
    };
    migrator.run_pool(&pool, Goal::Latest)
}

/// Applies what is pending in every enabled database: [`Migrations::up_pools`].
///
/// # Errors
///
/// [`ErrorKind::Databases`] with every cause and the counts if one failed.
#[doc(alias = "CheckDbMigrationsAuto")]
pub fn check_db_migrations_auto(migrations: &Migrations, pools: &Pools) -> Result<Summary, Error> {
    migrations.up_pools(pools)
}
