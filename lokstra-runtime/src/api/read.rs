//! The verbs that read a database and change nothing.

use lokstra_connect::{Pools, blocking};
use lokstra_core::Version;
use postgres::Client;

use crate::api::migrator::Migrator;
use crate::apply::options::Options;
use crate::apply::precheck;
use crate::apply::probe;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::inspect::fingerprint::SessionOwner::Borrowed;
use crate::inspect::lock::activity;
use crate::inspect::status::{self, is_denied};
use crate::inspect::{fingerprint, privileges, snapshot, table_fault};
use crate::model::run::step::{Goal, Plan};
use crate::model::state::activity::Activity;
use crate::model::state::history::History;
use crate::model::state::status::Status;
use crate::model::table::server::ServerCheck;
use crate::model::table::table_fault::TableFault;
use crate::plan;
use crate::sql::lock::LockKey;

/// What a database has, without changing it.
impl<'m> Migrator<'m> {
    /// Reads where every migration stands, without changing anything.
    ///
    /// # Errors
    ///
    /// If the history cannot be read, or if the set has several databases and none was chosen.
    pub fn status(&mut self, client: &mut Client) -> Result<Status, Error> {
        let (database, table) = self.target()?;
        blocking::run(|| status::read(client, database, table))
    }

    /// Reads the newest applied version; `None` where no migration is applied.
    ///
    /// # Errors
    ///
    /// As [`status`](Migrator::status).
    pub fn version(&mut self, client: &mut Client) -> Result<Option<Version>, Error> {
        let (database, table) = self.target()?;
        let snapshot = blocking::run(|| {
            fingerprint::snapshot_unless_current(client, Borrowed, &table, database)
        })?;
        Ok(match snapshot {
            Some(snapshot) => snapshot.history.newest(),
            None => database.newest(),
        })
    }

    /// Reads the applied migrations, as the tracking table has them.
    ///
    /// # Errors
    ///
    /// As [`status`](Migrator::status).
    pub fn history(&mut self, client: &mut Client) -> Result<History, Error> {
        let (_, table) = self.target()?;
        blocking::run(|| {
            let snapshot = snapshot::read(client, &table);
            privileges::with_missing_grants(client, &table, snapshot)
        })
        .map(|snapshot| snapshot.history)
    }

    /// Reads which other session is migrating now, and how far it is; `None` if there is none, or none that this
    /// role may see.
    ///
    /// # Errors
    ///
    /// If the server cannot be asked, or if the set has several databases and none was chosen.
    pub fn activity(&mut self, client: &mut Client) -> Result<Option<Activity>, Error> {
        let (_, table) = self.target()?;
        blocking::run(|| activity::read(client, LockKey::of(&table)))
    }

    /// Returns the GRANTs that the role lacks to write the history; none where the server does not report it.
    ///
    /// # Errors
    ///
    /// If the set has several databases and none was chosen.
    pub fn missing_privileges(&mut self, client: &mut Client) -> Result<Vec<String>, Error> {
        let (_, table) = self.target()?;
        Ok(blocking::run(|| privileges::missing(client, &table)).unwrap_or_default())
    }

    /// Reads what is wrong with the tracking table, so that a run with something to do would be refused;
    /// empty where there is no table yet.
    ///
    /// # Errors
    ///
    /// As [`status`](Migrator::status).
    pub fn table_faults(&mut self, client: &mut Client) -> Result<Vec<TableFault>, Error> {
        let (_, table) = self.target()?;
        let snapshot = blocking::run(|| snapshot::read(client, &table));
        match snapshot.and_then(|snapshot| table_fault::refuse(&snapshot, &table, &[])) {
            Ok(()) => Ok(Vec::new()),
            Err(error) => match error.kind() {
                ErrorKind::UnfitTable { faults, .. } => Ok(faults.clone()),
                _ => Err(error),
            },
        }
    }

    /// Asks the server what it is, and checks whether it does what migrations need, as far as that can be
    /// detected without a change: by an advisory lock of its own, and by a temporary table that is
    /// rolled back.
    ///
    /// # Errors
    ///
    /// As [`status`](Migrator::status).
    pub fn check_server(&mut self, client: &mut Client) -> Result<ServerCheck, Error> {
        let (_, table) = self.target()?;
        blocking::run(|| {
            let snapshot = snapshot::read(client, &table)?;
            probe::check_server(client, &snapshot.facts)
        })
    }

    /// Computes the steps that [`run`](Migrator::run) would take, without taking them.
    ///
    /// # Errors
    ///
    /// If the history cannot be read, or if it disagrees with what is embedded; and where the run
    /// would be refused before its first script, as past a partial one.
    pub fn plan(&mut self, client: &mut Client, goal: Goal) -> Result<Plan<'m>, Error> {
        let (database, table) = self.target()?;
        let Options { policy, no_transaction, .. } = self.options;
        blocking::run(|| {
            let snapshot =
                fingerprint::snapshot_unless_reached(client, Borrowed, &table, database, goal);
            let Some(snapshot) = privileges::with_missing_grants(client, &table, snapshot)? else {
                return Ok(Plan { steps: Vec::new(), warnings: Vec::new() });
            };
            let plan = plan::plan(database, &snapshot.history, goal, policy)?;
            if !plan.steps.is_empty() {
                snapshot::refuse_user_schema(&snapshot, &table)?;
            }
            match precheck::refuse(client, &snapshot, &table, &plan.steps, no_transaction) {
                // A role that may only read the history sees what would run, as in the status.
                Err(error) if !is_denied(&error) => Err(error),
                _ => Ok(plan),
            }
        })
    }

    /// Reads where every migration of every database, or of the chosen one, stands.
    ///
    /// # Errors
    ///
    /// As [`status`](Migrator::status); also if there is no pool or no connection. The error has the
    /// others: [`Error::statuses`].
    pub fn status_pools(&mut self, pools: &Pools) -> Result<Vec<Status>, Error> {
        crate::api::several::status_pools(self, pools)
    }
}
