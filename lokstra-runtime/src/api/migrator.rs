//! A migrator: the migrations with options, and the verbs.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use lokstra_connect::Pools;
use lokstra_connect::backoff::Backoff;
use lokstra_connect::blocking;
use lokstra_connect::connector::Connector;
use lokstra_connect::notices::Notices;
use lokstra_core::{Database, TableName, Version};
use postgres::Client;

use crate::api::migrations::Migrations;
use crate::apply::engine::{Engine, emit_end};
use crate::apply::options::Options;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::event::{Event, connecting, emit};
use crate::model::run::report::{Outcome, Report, Summary};
use crate::model::run::step::Goal;
use crate::session::{Session, ignored_keywords};

type Listener<'m> = Box<dyn FnMut(&Event<'_>) + Send + 'm>;

/// Runs migrations with options: the one way in for the library, the command line and the tests.
///
/// Made by [`Migrations::migrator`]. Options are given by value, verbs take `&mut self`:
///
/// ```no_run
/// # use std::time::Duration;
/// # fn run(migrations: &lokstra_runtime::Migrations, client: &mut lokstra_runtime::postgres::Client)
/// #     -> Result<(), lokstra_runtime::Error> {
/// let report = migrations
///     .migrator()
///     .lock_wait(Duration::from_secs(30))
///     .on_event(|event| eprintln!("{event:?}"))
///     .up(client)?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a migrator does nothing until a verb is called, such as `up`"]
pub struct Migrator<'m> {
    migrations: &'m Migrations,
    pub(crate) options: Options,
    pub(crate) listener: Listener<'m>,
    /// Of the last client that [`connect`](Migrator::connect) has opened.
    pub(crate) notices: Notices,
}

impl<'m> Migrator<'m> {
    pub(crate) fn new(migrations: &'m Migrations) -> Migrator<'m> {
        let no_transaction = migrations.no_transaction;
        let options = Options { no_transaction, ..Options::default() };
        let (listener, notices): (Listener<'m>, _) = (Box::new(|_| ()), Notices::default());
        Migrator { migrations, options, listener, notices }
    }

    /// Applies everything that is pending.
    ///
    /// # Errors
    ///
    /// As [`run`](Migrator::run).
    pub fn up(&mut self, client: &mut Client) -> Result<Report, Error> {
        self.run(client, Goal::Latest)
    }

    /// Applies everything that is pending up to this version, included.
    ///
    /// # Errors
    ///
    /// As [`run`](Migrator::run); also if the version is unknown or below the newest applied one.
    pub fn up_to(&mut self, client: &mut Client, version: Version) -> Result<Report, Error> {
        self.run(client, Goal::To(version))
    }

    /// Rolls back that many migrations, the newest first.
    ///
    /// # Warning: data loss
    ///
    /// What the down scripts drop is gone.
    ///
    /// # Errors
    ///
    /// As [`run`](Migrator::run).
    pub fn down(&mut self, client: &mut Client, count: NonZeroU32) -> Result<Report, Error> {
        self.run(client, Goal::Down(count))
    }

    /// Rolls back everything above this version, which stays applied.
    ///
    /// # Warning: data loss
    ///
    /// What the down scripts drop is gone.
    ///
    /// # Errors
    ///
    /// As [`run`](Migrator::run); also if the version is unknown.
    pub fn down_to(&mut self, client: &mut Client, version: Version) -> Result<Report, Error> {
        self.run(client, Goal::DownTo(version))
    }

    /// Works towards the goal: reads the history, plans, and runs one step at a time, each of them
    /// atomic with its record. Safe to call from many processes at once.
    ///
    /// With nothing to do it costs one round trip and writes nothing.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]. What was done before the error is in [`Error::report`] and stays done.
    pub fn run(&mut self, client: &mut Client, goal: Goal) -> Result<Report, Error> {
        let (database, table) = self.target()?;
        if let Some(skipped) = self.skipped(database, &table) {
            return self.report_skipped(skipped);
        }
        blocking::run(|| self.work(database, table, Session::borrowed(client), goal))
    }

    pub(crate) fn run_connector(
        &mut self,
        connector: &Connector,
        goal: Goal,
        connect_wait: Option<Duration>,
    ) -> Result<Report, Error> {
        let (database, table) = self.target()?;
        if let Some(skipped) = self.skipped(database, &table) {
            return self.report_skipped(skipped);
        }
        blocking::run(|| {
            let mut wait = Backoff::new(connect_wait);
            let opened = {
                let mut report = connecting(database.name(), &mut self.listener);
                connector.connect_patiently(&mut wait, &self.options.stop, &mut report)?
            };
            let session = Session::owned(connector, opened, &self.options.stop);
            self.work(database, table, session, goal)
        })
    }

    fn work(
        &mut self,
        database: Database<'_>,
        table: TableName,
        session: Session<'_>,
        goal: Goal,
    ) -> Result<Report, Error> {
        let (stale, ignored) = (self.migrations.staleness(database), session.warning());
        Engine::new(database, table, &self.options, session, &mut self.listener)
            .with_warning(stale)
            .with_warning(ignored)
            .run(goal)
    }

    /// The report of a run whose history equals the embedded migrations.
    pub(crate) fn report_current(
        &mut self,
        database: Database<'_>,
        table: TableName,
        connector: &Connector,
    ) -> Report {
        let stale = self.migrations.staleness(database);
        let report = Report {
            outcome: Outcome::Done,
            current: database.newest(),
            connection: connector.connection(),
            warnings: stale.into_iter().chain(ignored_keywords(connector)).collect(),
            ..Report::new(database.name(), table)
        };
        emit_end(&mut self.listener, &report, None);
        report
    }

    /// Works towards the goal over a connection of its own from this pool.
    ///
    /// # Errors
    ///
    /// As [`run`](Migrator::run); also if there is no connection.
    pub fn run_pool(&mut self, pool: &crate::Pool, goal: Goal) -> Result<Report, Error> {
        let connect_wait = self.options.connect_wait;
        self.run_connector(&pool.connector()?, goal, connect_wait)
    }

    /// Works towards the goal in every enabled database, or in the chosen one, each over a
    /// connection of its own from its pool.
    ///
    /// All pools are looked up and all histories compared before the first script runs. Then the
    /// databases run in folder order; one that fails does not keep the next from running.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Databases`] with every cause if one failed; its summary counts them.
    pub fn run_pools(&mut self, pools: &Pools, goal: Goal) -> Result<Summary, Error> {
        crate::api::several::run_pools(self, pools, goal)
    }

    /// The databases that the options leave.
    pub(crate) fn databases(&self) -> Result<Vec<Database<'m>>, Error> {
        let all: Vec<_> = self.migrations.databases().collect();
        let Some(name) = &self.options.database else { return Ok(all) };
        if let Some(database) = all.iter().find(|database| matches_folder(**database, name)) {
            return Ok(vec![*database]);
        }
        let (name, known) = (name.clone(), names(&all));
        Err(Error::new(ErrorKind::UnknownDatabase { name, known }))
    }

    /// Whether the whole set works on one database, so that a default pool can stand for its own.
    pub(crate) fn is_of_one_database(&self) -> bool {
        self.migrations.databases().len() == 1
    }

    pub(crate) fn table_of(&self, database: Database<'_>) -> TableName {
        self.options.table.clone().unwrap_or_else(|| database.table())
    }

    /// The report of a database that is not to be looked at.
    pub(crate) fn skipped(&self, database: Database<'_>, table: &TableName) -> Option<Report> {
        (!database.enabled() && !self.options.include_disabled).then(|| Report {
            outcome: Outcome::Skipped,
            ..Report::new(database.name(), table.clone())
        })
    }

    pub(crate) fn report_skipped(&mut self, skipped: Report) -> Result<Report, Error> {
        self.emit(&Event::Skipped { database: &skipped.database });
        if !self.options.stop.is_asked() {
            return Ok(skipped);
        }
        let (done, cancelled, left, is_reached) = (Vec::new(), None, Vec::new(), true);
        let kind = ErrorKind::Stopped { done, cancelled, left, is_reached };
        Err(Error::new(kind).with_report(skipped))
    }

    pub(crate) fn emit(&mut self, event: &Event<'_>) {
        emit(&mut self.listener, event);
    }

    /// The same migrator for one database of the set.
    pub(crate) fn for_database<T>(
        &mut self,
        database: Database<'_>,
        work: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.options.database.replace(database.folder().to_owned());
        let result = work(self);
        self.options.database = before;
        result
    }

    pub(crate) fn target(&self) -> Result<(Database<'m>, TableName), Error> {
        match self.databases()?.as_slice() {
            [only] => Ok((*only, self.table_of(*only))),
            several => {
                let names = names(several);
                Err(Error::new(ErrorKind::SeveralDatabases { names }))
            }
        }
    }
}

/// For messages.
pub(crate) fn names(databases: &[Database<'_>]) -> Vec<String> {
    databases.iter().map(|database| database.name().to_owned()).collect()
}

/// By the folder's name, or by its path: `01_main-db`, `migrations/01_main-db`.
fn matches_folder(database: Database<'_>, name: &str) -> bool {
    let name = name.strip_prefix("./").unwrap_or(name);
    let name = name.strip_suffix('/').unwrap_or(name);
    database.name() == name || database.folder() == name
}

impl fmt::Debug for Migrator<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migrator").field("options", &self.options).finish_non_exhaustive()
    }
}
