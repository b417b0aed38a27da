//! The verbs that change the history and run no script.

use lokstra_connect::backoff::Wait;
use lokstra_connect::blocking;
use lokstra_connect::client;
use lokstra_connect::{ConnectError, ConnectionTarget, Pool, Stop};
use lokstra_core::{Database, TableName, Version};
use postgres::Client;

use crate::api::migrator::Migrator;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::event::{Event, emit};
use crate::inspect::{partial, privileges, snapshot};
use crate::maintain::edit::{EditResult, HistoryEdit, edit_history};
use crate::maintain::repair::RepairContext;
use crate::maintain::{baseline, import};
use crate::model::change::baseline::Baseline;
use crate::model::change::import::{ImportedRun, RecordedRuns};
use crate::model::change::repair::{Repair, Repaired};
use crate::session::Session;
use crate::sql::guard::Guard;
use crate::sql::lock::LockKey;

/// For a database that has the schema already, and for a history that has to be repaired.
impl Migrator<'_> {
    /// Records everything up to this version, included, as applied, without running it: for a
    /// database that has the schema already. One transaction, under the lock.
    ///
    /// It takes your word that the schema is that of this version. It refuses a history that says
    /// something else: a version above it, one that is not embedded, one that was edited, or a
    /// partial script.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoBaseline`](crate::ErrorKind::NoBaseline) with every such row;
    /// `UnknownVersion` if the version is not embedded; and as [`run`](Migrator::run).
    pub fn baseline(&mut self, client: &mut Client, version: Version) -> Result<Baseline, Error> {
        self.edit_history(client, |client, guard, database| {
            baseline::edit(client, guard, database, version)
        })
    }

    /// Reads what [`baseline`](Migrator::baseline) would record, without recording it.
    ///
    /// # Errors
    ///
    /// As [`baseline`](Migrator::baseline).
    pub fn plan_baseline(
        &mut self,
        client: &mut Client,
        version: Version,
    ) -> Result<Baseline, Error> {
        self.planned_edit(client, |client, guard, database| {
            baseline::edit(client, guard, database, version).map(|edit| edit.result)
        })
    }

    /// Records what another tool has run in this database as applied, without running it, and with what
    /// that tool knows of each run. One transaction, under the lock. What is recorded already is let
    /// alone, so that a second call changes nothing.
    ///
    /// It takes your word that those runs were of these scripts. It refuses a history that says
    /// something else about one of them: a version that was edited, or a partial script.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ImportConflict`](crate::ErrorKind::ImportConflict) with every such row; `UnknownVersion` if a
    /// version is not embedded; and as [`run`](Migrator::run).
    pub fn record_imported_runs(
        &mut self,
        client: &mut Client,
        runs: &[ImportedRun],
    ) -> Result<RecordedRuns, Error> {
        self.edit_history(client, |client, guard, database| {
            import::edit(client, guard, database, runs)
        })
    }

    /// Reads what [`record_imported_runs`](Migrator::record_imported_runs) would record, without recording it.
    ///
    /// # Errors
    ///
    /// As [`record_imported_runs`](Migrator::record_imported_runs).
    pub fn plan_imported_runs(
        &mut self,
        client: &mut Client,
        runs: &[ImportedRun],
    ) -> Result<RecordedRuns, Error> {
        self.planned_edit(client, |client, guard, database| {
            import::edit(client, guard, database, runs).map(|edit| edit.result)
        })
    }

    /// Repairs one migration, if it is in the state that the repair is for. One transaction, under
    /// the lock.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotRepairable`](crate::ErrorKind::NotRepairable) if it is not in that state; and
    /// as [`run`](Migrator::run).
    pub fn repair(&mut self, client: &mut Client, repair: Repair) -> Result<Repaired, Error> {
        self.edit_history(client, |client, guard, database| {
            let partial_scripts = partial::read(client, guard.snapshot, guard.table)?;
            RepairContext { guard, database, partial_scripts: &partial_scripts }.edit(repair)
        })
    }

    /// Reads what [`repair`](Migrator::repair) would change, without changing it.
    ///
    /// # Errors
    ///
    /// As [`repair`](Migrator::repair).
    pub fn plan_repair(&mut self, client: &mut Client, repair: Repair) -> Result<Repaired, Error> {
        self.planned_edit(client, |client, guard, database| {
            let partial_scripts = partial::read(client, guard.snapshot, guard.table)?;
            Ok(RepairContext { guard, database, partial_scripts: &partial_scripts }
                .edit(repair)?
                .result)
        })
    }

    /// Repairs what was planned and confirmed, or nothing if the history changed meanwhile.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAsConfirmed`](crate::ErrorKind::NotAsConfirmed) if it would change something
    /// else than [`plan_repair`](Migrator::plan_repair) said; and as [`repair`](Migrator::repair).
    pub fn repair_as_planned(
        &mut self,
        client: &mut Client,
        planned: &Repaired,
    ) -> Result<Repaired, Error> {
        self.edit_history(client, |client, guard, database| {
            let partial_scripts = partial::read(client, guard.snapshot, guard.table)?;
            let edit = RepairContext { guard, database, partial_scripts: &partial_scripts }
                .edit(planned.repair)?;
            let confirmed = |repaired: &Repaired| vec![repaired.before.clone()];
            as_planned(confirmed(planned), confirmed(&edit.result), edit)
        })
    }

    /// Records the baseline that was planned and confirmed, or nothing if the history changed
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAsConfirmed`](crate::ErrorKind::NotAsConfirmed) if it would record something
    /// else than [`plan_baseline`](Migrator::plan_baseline) said; and as
    /// [`baseline`](Migrator::baseline).
    pub fn baseline_as_planned(
        &mut self,
        client: &mut Client,
        planned: &Baseline,
    ) -> Result<Baseline, Error> {
        self.edit_history(client, |client, guard, database| {
            let edit = baseline::edit(client, guard, database, planned.version)?;
            let confirmed = |baseline: &Baseline| {
                let recorded = baseline.recorded.iter();
                recorded.map(|(version, name)| format!("{version}_{name}")).collect()
            };
            as_planned(confirmed(planned), confirmed(&edit.result), edit)
        })
    }

    /// Lists everything that could be repaired, without changing it.
    ///
    /// # Errors
    ///
    /// As [`status`](Migrator::status).
    pub fn repairs(&mut self, client: &mut Client) -> Result<Vec<Repaired>, Error> {
        self.planned_edit(client, |client, guard, database| {
            let partial_scripts = partial::read(client, guard.snapshot, guard.table)?;
            Ok(RepairContext { guard, database, partial_scripts: &partial_scripts }.possible())
        })
    }

    /// Connects to a pool for these verbs. Over this client they report what the server warns of, such as
    /// a wait for the synchronous standby that an operator cancels.
    ///
    /// # Errors
    ///
    /// As [`Pool::connect`].
    ///
    /// # Panics
    ///
    /// As [`Pool::connect`].
    pub fn connect(&mut self, pool: &Pool) -> Result<(Client, ConnectionTarget), ConnectError> {
        let connector = pool.connector()?;
        let (client, notices) = connector.connect(&Stop::never())?;
        let connection = connector.connection();
        self.notices = notices;
        connection.map(|it| (client, it)).ok_or(ConnectError::EmptyResponse)
    }

    fn edit_history<T: EditResult + Send>(
        &mut self,
        client: &mut Client,
        edit: impl Fn(&mut client::Client, &Guard<'_>, Database<'_>) -> Result<HistoryEdit<T>, Error>
        + Sync,
    ) -> Result<T, Error> {
        let (database, table) = self.target()?;
        let (options, listener) = (&self.options, &mut self.listener);
        let notices = self.notices.clone();
        blocking::run(|| {
            let edited = edit_history(
                &mut Session::with_notices(client, notices),
                &table,
                options,
                |holder, wait| {
                    let database = database.name();
                    let Wait { waited, limit, is_due } = wait;
                    emit(listener, &Event::Waiting { database, holder, waited, limit, is_due });
                },
                |client, guard| edit(client, guard, database),
            );
            privileges::with_missing_grants(client, &table, edited)
        })
    }

    fn planned_edit<T: Send>(
        &mut self,
        client: &mut Client,
        edit: impl Fn(&mut client::Client, &Guard<'_>, Database<'_>) -> Result<T, Error> + Sync,
    ) -> Result<T, Error> {
        let (database, table): (_, TableName) = self.target()?;
        blocking::run(|| {
            let snapshot = snapshot::read(client, &table)?;
            let key = LockKey::of(&table);
            edit(
                client,
                &Guard {
                    table: &table,
                    key,
                    snapshot: &snapshot,
                    defers_flush: false,
                    probes_lock: false,
                },
                database,
            )
        })
    }
}

fn as_planned<T>(
    confirmed: Vec<String>,
    now: Vec<String>,
    edit: HistoryEdit<T>,
) -> Result<HistoryEdit<T>, Error> {
    if confirmed == now {
        return Ok(edit);
    }
    Err(Error::new(ErrorKind::NotAsConfirmed { confirmed, now, is_begun: false }))
}
