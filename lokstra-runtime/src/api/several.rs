//! Runs, and reads the status of, the databases of a set, each over its pool.

use std::time::Duration;

use lokstra_connect::Pools;
use lokstra_connect::backoff::Backoff;
use lokstra_connect::blocking;
use lokstra_connect::client::OwnClient;
use lokstra_connect::connector::Connector;
use lokstra_connect::transient::is_transient;
use lokstra_core::{Database, Direction, TableName};

use crate::api::migrator::Migrator;
use crate::error::kind::ErrorKind;
use crate::error::{Error, is_given_up, stopped};
use crate::event::{Event, connecting};
use crate::inspect::fingerprint::{self, SessionOwner};
use crate::inspect::status;
use crate::model::run::report::{Outcome, Report, Summary};
use crate::model::run::step::Goal;
use crate::model::state::status::Status;
use crate::plan::{self, NoPlan};

/// A database of a run with what it takes to reach it.
struct Job<'m> {
    database: Database<'m>,
    table: TableName,
    target: Target,
    /// Its history was found to be what is embedded: nothing to do.
    is_current: bool,
    /// False once it was waited for in vain.
    is_reachable: bool,
}

enum Target {
    Skipped(Report),
    Pool(Connector),
}

/// The databases that can be worked on, and why the others cannot.
type Databases<'m> = (Vec<Job<'m>>, Vec<(String, Error)>);

fn jobs<'m>(migrator: &Migrator<'m>, pools: &Pools) -> Result<Databases<'m>, Error> {
    let databases = migrator.databases()?;
    let mut causes = Vec::new();
    let mut jobs = Vec::with_capacity(databases.len());
    for &database in &databases {
        let table = migrator.table_of(database);
        if let Some(skipped) = migrator.skipped(database, &table) {
            let target = Target::Skipped(skipped);
            jobs.push(Job { database, table, target, is_current: false, is_reachable: true });
            continue;
        }
        let pool = pools.of(database, migrator.is_of_one_database());
        match pool.and_then(|pool| pool.connector()) {
            Ok(connector) => {
                let target = Target::Pool(connector);
                jobs.push(Job { database, table, target, is_current: false, is_reachable: true });
            }
            Err(error) => causes.push((database.name().to_owned(), error.into())),
        }
    }
    Ok((jobs, causes))
}

/// Nothing ran: the reports say so of every database.
fn all_failed(
    databases: &[Database<'_>],
    migrator: &Migrator<'_>,
    causes: Vec<(String, Error)>,
) -> Error {
    failed_but(databases, migrator, causes, Vec::new())
}

/// The same, but for those that could be read.
fn failed_but(
    databases: &[Database<'_>],
    migrator: &Migrator<'_>,
    mut causes: Vec<(String, Error)>,
    read: Vec<Status>,
) -> Error {
    if databases.len() == 1 && causes.len() == 1 {
        return causes.remove(0).1;
    }
    let mut summary = Summary::default();
    for database in databases {
        let table = migrator.table_of(*database);
        let skipped = migrator.skipped(*database, &table);
        let mut report = skipped.unwrap_or_else(|| Report::new(database.name(), table));
        let has_cause = causes.iter().any(|(name, _)| name == database.name());
        if let Some(status) = read.iter().find(|status| status.database == database.name()) {
            (report.outcome, report.current) = (Outcome::Done, status.current());
        } else if report.outcome == Outcome::Failed && !has_cause {
            report.outcome = Outcome::NotTried;
        }
        summary.reports.push(report);
    }
    Error::new(ErrorKind::Databases { summary, causes }).with_statuses(read)
}

pub(crate) fn run_pools(
    migrator: &mut Migrator<'_>,
    pools: &Pools,
    goal: Goal,
) -> Result<Summary, Error> {
    let (mut jobs, causes) = jobs(migrator, pools)?;
    if !causes.is_empty() {
        return Err(all_failed(&migrator.databases()?, migrator, causes));
    }
    if jobs.len() > 1 {
        compare_all(migrator, &mut jobs, goal)?;
    }
    if goal.direction() == Direction::Down {
        // What was built last is taken down first.
        jobs.reverse();
    }
    let mut summary = Summary::default();
    let mut causes = Vec::new();
    let (mut is_stopped, mut reached) = (false, None);
    for job in jobs {
        let connector = match job.target {
            Target::Skipped(report) => {
                migrator.emit(&Event::Skipped { database: job.database.name() });
                summary.reports.push(report);
                continue;
            }
            Target::Pool(_) if migrator.options.stop.is_asked() => {
                let report = Report::new(job.database.name(), job.table);
                summary.reports.push(Report { outcome: Outcome::NotTried, ..report });
                is_stopped = true;
                continue;
            }
            Target::Pool(connector) if job.is_current => {
                let report = migrator.report_current(job.database, job.table, &connector);
                summary.reports.push(report);
                continue;
            }
            Target::Pool(connector) => connector,
        };
        let run = migrator.for_database(job.database, |one| {
            let wait = one.options.connect_wait;
            let wait = if job.is_reachable { wait } else { Some(Duration::ZERO) };
            one.run_connector(&connector, goal, wait)
        });
        match run {
            Ok(report) => summary.reports.push(report),
            Err(error) if matches!(error.kind(), ErrorKind::Stopped { is_reached: true, .. }) => {
                summary.reports.push(report_of(&error, job.database.name(), job.table));
                if let Some(report) = summary.reports.last_mut() {
                    report.outcome = Outcome::Done;
                }
                reached = Some((job.database.name().to_owned(), error));
            }
            Err(error) => {
                summary.reports.push(report_of(&error, job.database.name(), job.table));
                causes.push((job.database.name().to_owned(), error));
            }
        }
    }
    // Also where every database was skipped or had nothing to do.
    is_stopped |= migrator.options.stop.is_asked();
    if causes.is_empty() && !is_stopped {
        return Ok(summary);
    }
    let is_reported = |(_, error): &(_, Error)| matches!(error.kind(), ErrorKind::Stopped { .. });
    if is_stopped && !causes.iter().any(is_reported) {
        // Between two databases: the history of the next was not read.
        let next = summary.reports.iter().find(|report| report.outcome == Outcome::NotTried);
        let is_reached = next.is_none();
        let next = next.or(summary.reports.last());
        let name = next.map(|report| report.database.clone()).unwrap_or_default();
        let (done, cancelled, left) = (Vec::new(), None, Vec::new());
        let kind = ErrorKind::Stopped { done, cancelled, left, is_reached };
        let reached = reached.filter(|_| is_reached);
        causes.push(reached.unwrap_or_else(|| (name, Error::new(kind))));
    }
    if summary.reports.len() == 1 {
        return Err(causes.remove(0).1);
    }
    Err(Error::new(ErrorKind::Databases { summary, causes }))
}

/// Reads and compares every history before the first script of any database runs. A server that
/// cannot be reached is left to the run itself, which continues with the others.
fn compare_all(migrator: &mut Migrator<'_>, jobs: &mut [Job<'_>], goal: Goal) -> Result<(), Error> {
    let mut causes = Vec::new();
    let (policy, stored_down) = (migrator.options.policy, migrator.options.load_stored.is_some());
    let mut wait = Backoff::new(migrator.options.connect_wait);
    for job in jobs.iter_mut() {
        let Target::Pool(connector) = &job.target else { continue };
        let mut report = connecting(job.database.name(), &mut migrator.listener);
        let stop = &migrator.options.stop;
        let snapshot = blocking::run(|| {
            let (client, _) = connector.connect_patiently(&mut wait, stop, &mut report)?;
            let mut client = OwnClient::asking(client, stop);
            fingerprint::snapshot_unless_reached(
                &mut client,
                SessionOwner::Own,
                &job.table,
                job.database,
                goal,
            )
        });
        let snapshot = match snapshot {
            Ok(Some(snapshot)) => snapshot,
            Ok(None) => {
                job.is_current = true;
                continue;
            }
            Err(error) => {
                job.is_reachable =
                    !matches!(error.kind(), ErrorKind::Connect(error) if is_transient(error));
                continue;
            }
        };
        let (options, name) = (&migrator.options, job.database.name());
        if let Err(error) = options.refuse_unconfirmed(name, &snapshot.history, goal, 0) {
            causes.push((name.to_owned(), error));
        } else if let Err(reason) = plan::plan(job.database, &snapshot.history, goal, policy)
            && !(stored_down && matches!(reason, NoPlan::NotEmbedded(_)))
        {
            causes.push((job.database.name().to_owned(), Error::from(reason)));
        }
    }
    if causes.is_empty() {
        return Ok(());
    }
    let databases: Vec<_> = jobs.iter().map(|job| job.database).collect();
    Err(all_failed(&databases, migrator, causes))
}

pub(crate) fn status_pools(
    migrator: &mut Migrator<'_>,
    pools: &Pools,
) -> Result<Vec<Status>, Error> {
    let (jobs, mut causes) = jobs(migrator, pools)?;
    let mut statuses = Vec::new();
    let mut wait = Backoff::new(migrator.options.connect_wait);
    for Job { database, table, target, .. } in jobs {
        let Target::Pool(connector) = target else { continue };
        let mut report = connecting(database.name(), &mut migrator.listener);
        let stop = &migrator.options.stop;
        let status = blocking::run(|| {
            let (client, _) = connector.connect_patiently(&mut wait, stop, &mut report)?;
            status::read(&mut OwnClient::asking(client, stop), database, table)
                .map_err(|error| if is_given_up(&error) { stopped() } else { error })
        });
        match status {
            Ok(mut status) => {
                status.connection = connector.connection();
                statuses.push(status);
            }
            Err(error) => causes.push((database.name().to_owned(), error)),
        }
    }
    if causes.is_empty() {
        return Ok(statuses);
    }
    Err(failed_but(&migrator.databases()?, migrator, causes, statuses))
}

/// What was done before the error.
fn report_of(error: &Error, database: &str, table: TableName) -> Report {
    error.report().cloned().unwrap_or_else(|| Report::new(database, table))
}
