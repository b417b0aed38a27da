//! The migrations that a program carries.

use std::ops::Deref;
use std::path::Path;

use lokstra_connect::Pools;
use lokstra_connect::connector::Connector;
use lokstra_core::{Database, Set, Version};
use postgres::Client;

use crate::api::migrator::Migrator;
use crate::api::stale;
use crate::apply::attempt::NoTransaction;
use crate::apply::no_transaction;
use crate::error::Error;
use crate::model::run::report::{Report, Summary};
use crate::model::run::step::Goal;
use crate::model::run::warning::Warning;
use crate::model::state::history::History;
use crate::model::state::status::Status;

/// The migrations that are embedded in a program: what `embed_migrations!` yields.
///
/// The methods here do the common thing with the defaults that are right in production;
/// [`migrator`](Migrations::migrator) has the options. Dereferences to [`Set`], to look at what is
/// embedded.
#[derive(Clone, Debug)]
pub struct Migrations {
    set: Set,
    /// The folder of the crate, in a debug build; else empty.
    built_in: &'static str,
    /// What runs no-transaction scripts. `None` where there are none, which is known while compiling:
    /// a program without them does not link it.
    pub(crate) no_transaction: Option<NoTransaction>,
}

impl Migrations {
    /// Holds no migrations.
    pub const EMPTY: Migrations = Migrations::new(Set::EMPTY, "");

    const fn new(set: Set, built_in: &'static str) -> Migrations {
        let no_transaction: Option<NoTransaction> =
            if set.has_no_transaction() { Some(no_transaction::NO_TRANSACTION) } else { None };
        Migrations { set, built_in, no_transaction }
    }

    /// Creates the migrations; called by the macro.
    #[doc(hidden)]
    pub const fn from_static(
        text: &'static str,
        index: &'static [u8],
        built_in: &'static str,
    ) -> Migrations {
        Migrations::new(Set::from_static(text, index), built_in)
    }

    /// Returns how the folder of a crate differs from what is embedded. Without a folder, the one in
    /// which this was built; `None` if that is not known, as in a release build, or not there any more.
    #[doc(hidden)]
    pub fn differences(&self, root: Option<&Path>) -> Option<Vec<String>> {
        self.built_in().or(root).map(|root| stale::differences(self.databases(), root))
    }

    /// What is to be said of this database before anything is done: in a debug build, that the
    /// binary is older than the folder.
    pub(crate) fn staleness(&self, database: Database<'_>) -> Option<Warning> {
        let differences = stale::differences(std::iter::once(database), self.built_in()?);
        let folder = database.folder().to_owned();
        (!differences.is_empty()).then_some(Warning::Stale { folder, differences })
    }

    /// The folder in which this was built, if it is known and still there.
    fn built_in(&self) -> Option<&'static Path> {
        // Known while compiling: nothing of the comparison is in a release build.
        (cfg!(debug_assertions) && !self.built_in.is_empty())
            .then(|| Path::new(self.built_in))
            .filter(|path| path.is_dir())
    }

    /// Applies everything that is pending over a connection of its own to this URL
    /// (`postgres://user:password@host:5432/database`) or `key=value` string.
    ///
    /// Inside an async runtime it runs on a thread of its own, and so works there too.
    ///
    /// # Errors
    ///
    /// As [`Migrator::up`]; also if there is no connection, or if the set has several databases.
    pub fn up_url(&self, url: &str) -> Result<Report, Error> {
        let mut migrator = self.migrator();
        let connect_wait = migrator.options.connect_wait;
        migrator.run_connector(&Connector::from_url(url)?, Goal::Latest, connect_wait)
    }

    /// Applies everything that is pending.
    ///
    /// # Errors
    ///
    /// As [`Migrator::up`].
    pub fn up(&self, client: &mut Client) -> Result<Report, Error> {
        self.migrator().up(client)
    }

    /// Rolls back the newest migration.
    ///
    /// # Warning: data loss
    ///
    /// What the down script drops is gone.
    ///
    /// # Errors
    ///
    /// As [`Migrator::run`].
    pub fn down(&self, client: &mut Client) -> Result<Report, Error> {
        self.migrator().down(client, std::num::NonZeroU32::MIN)
    }

    /// Reads where every migration stands, without changing anything.
    ///
    /// # Errors
    ///
    /// If the history cannot be read, or if the set has several databases.
    pub fn status(&self, client: &mut Client) -> Result<Status, Error> {
        self.migrator().status(client)
    }

    /// Reads the newest applied version; `None` where no migration is applied.
    ///
    /// # Errors
    ///
    /// As [`status`](Migrations::status).
    pub fn version(&self, client: &mut Client) -> Result<Option<Version>, Error> {
        self.migrator().version(client)
    }

    /// Reads the applied migrations, as the tracking table has them.
    ///
    /// # Errors
    ///
    /// As [`status`](Migrations::status).
    pub fn history(&self, client: &mut Client) -> Result<History, Error> {
        self.migrator().history(client)
    }

    /// Applies everything that is pending in every enabled database, in folder order, each over a
    /// connection of its own from its pool.
    ///
    /// All pools are looked up and all histories compared before the first script runs; then a database
    /// that fails does not keep the next from running.
    ///
    /// ```no_run
    /// # use lokstra_runtime::{Migrations, Pools};
    /// # static MIGRATIONS: Migrations = Migrations::EMPTY;
    /// println!("{}", MIGRATIONS.up_pools(&Pools::from_env()?)?);
    /// # Ok::<(), lokstra_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Migrator::run_pools`].
    pub fn up_pools(&self, pools: &Pools) -> Result<Summary, Error> {
        self.migrator().run_pools(pools, Goal::Latest)
    }

    /// Makes a [`Migrator`], which has the options and all verbs.
    pub fn migrator(&self) -> Migrator<'_> {
        Migrator::new(self)
    }
}

/// By what is embedded, wherever it was built.
impl PartialEq for Migrations {
    fn eq(&self, other: &Migrations) -> bool {
        self.set == other.set
    }
}

impl Eq for Migrations {}

impl Deref for Migrations {
    type Target = Set;

    fn deref(&self) -> &Set {
        &self.set
    }
}

impl From<Set> for Migrations {
    fn from(set: Set) -> Migrations {
        Migrations::new(set, "")
    }
}
