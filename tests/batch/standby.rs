//! A run that waits for a synchronous standby: a stop, an ended session, a cancelled wait.

use std::thread::JoinHandle;

use insta::assert_snapshot;
use lokstra::postgres::Client;
use lokstra::report::Warning;
use lokstra::{Error, Goal, Migrations, Migrator, Report, Stop};
use lokstra_scratch::{Database, PrivateServer, Server, ServerOptions};

use crate::flush::{recorded, tables};
use lokstra_test_support::{build_set_unchecked, column, wait_until};

/// A server whose commits wait for a standby that is not there.
struct Waiting {
    admin: Client,
    database: Database,
    _server: PrivateServer,
}

const WAITS: &str = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

impl Waiting {
    /// With a first migration, before they wait.
    fn start(setup: &str) -> Waiting {
        let server = Server::start(&ServerOptions::new()).unwrap();
        let database = server.database().unwrap();
        tables(1, 0, "").up_url(database.url()).unwrap();
        let mut admin = database.client().unwrap();
        admin.batch_execute(&setup.replace("<database>", database.name())).unwrap();
        admin.batch_execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'").unwrap();
        admin.batch_execute("SELECT pg_reload_conf()").unwrap();
        wait_until(|| column(&mut admin, "SHOW synchronous_standby_names") == "nobody");
        Waiting { admin, database, _server: server }
    }

    fn run(&self, set: Migrations, stop: &Stop) -> JoinHandle<Result<Report, Error>> {
        let (url, stop) = (self.database.url().to_owned(), stop.clone());
        std::thread::spawn(move || {
            set.migrator().stop(stop).run_pool(&url.as_str().into(), Goal::Latest)
        })
    }

    /// Does this to the session that waits, and waits until another one does.
    fn disturb(&mut self, sql: &str) {
        wait_until(|| !column(&mut self.admin, WAITS).is_empty());
        let pid = column(&mut self.admin, WAITS);
        column(&mut self.admin, &format!("{sql}({pid})"));
        if sql == "SELECT pg_terminate_backend" {
            wait_until(|| column(&mut self.admin, WAITS) != pid);
        }
    }

    /// The standby that is waited for need not be there any more.
    fn end(&mut self) {
        self.admin.batch_execute("ALTER SYSTEM RESET synchronous_standby_names").ok();
        self.admin.batch_execute("SELECT pg_reload_conf()").ok();
    }
}

impl Drop for Waiting {
    /// Or the database could not be dropped.
    fn drop(&mut self) {
        self.end();
    }
}

#[test]
fn a_stop_ends_the_wait_for_a_standby_and_says_that_nothing_is_known() {
    let mut waiting = Waiting::start("");
    let stop = Stop::new();
    let run = waiting.run(tables(4, 3, "SELECT pg_sleep(60)"), &stop);
    let sleeps = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    wait_until(|| !column(&mut waiting.admin, sleeps).is_empty());
    stop.cancel();
    let started = std::time::Instant::now();
    while !run.is_finished() && started.elapsed().as_secs() < 20 {
        std::thread::yield_now();
    }
    let has_ended = run.is_finished();
    waiting.end();
    assert!(has_ended, "it waits on");
    assert_snapshot!(run.join().unwrap().unwrap_err(), @"
    stopped as requested
      state: 002 is done; 003 and 004 are left
      cancelled: 003 was rolled back; the database is at 002
      help: run again to continue; a count (`-steps`) starts again from here
      durability: 002 is committed, and it is unknown whether this survives a crash or a failover: the wait for the disk or the synchronous standby was interrupted
    ");
}

#[test]
fn a_session_ended_while_its_commit_waits_for_a_standby_has_another_wait() {
    let mut waiting = Waiting::start("");
    let run = waiting.run(tables(2, 0, ""), &Stop::new());
    waiting.disturb("SELECT pg_terminate_backend");
    wait_until(|| !column(&mut waiting.admin, WAITS).is_empty());
    assert!(!run.is_finished());
    waiting.end();
    assert_snapshot!(lokstra_test_support::without_times(&run.join().unwrap().unwrap()), @"
    migrations: 1 applied, now at version 002
      up   002_a (… ms)
    ");
}

#[test]
fn the_flush_of_a_failed_run_whose_session_is_ended_is_done_again() {
    let mut waiting = Waiting::start("");
    let run = waiting.run(tables(4, 3, "SELECT 1/0"), &Stop::new());
    waiting.disturb("SELECT pg_terminate_backend");
    wait_until(|| !column(&mut waiting.admin, WAITS).is_empty());
    assert!(!run.is_finished());
    waiting.end();
    assert!(!run.join().unwrap().unwrap_err().to_string().contains("durability"));
}

#[test]
fn a_wait_for_a_standby_cancelled_twice_is_reported_as_unknown() {
    let quiet = "ALTER DATABASE <database> SET client_min_messages = error";
    for script in ["", "-- lokstra: no-transaction\n"] {
        let mut waiting = Waiting::start(quiet);
        let set = build_set_unchecked(2, |nth| {
            let marker = if nth == 2 { script } else { "" };
            format!("{marker}CREATE TABLE t{nth} (); ")
        });
        let run = waiting.run(set, &Stop::new());
        while !run.is_finished() {
            let cancel = WAITS.replace("SELECT pid", "SELECT pg_cancel_backend(pid)");
            column(&mut waiting.admin, &cancel);
        }
        let report = run.join().unwrap().unwrap();
        waiting.end();
        let warned = matches!(report.warnings.as_slice(), [Warning::NotDurable { .. }]);
        assert!(warned, "{script}: {report}");
    }
}

type Change = fn(&mut Migrator<'_>, &mut Client) -> Result<String, Error>;

/// What changes the history and runs no script, over a client that the migrator has opened.
fn changes(waiting: &mut Waiting, sql: &str) -> Vec<String> {
    let changes: [Change; 3] = [
        |migrator, client| {
            let repair = lokstra::maintenance::Repair::Accept(lokstra_test_support::version(1));
            migrator.repair(client, repair).map(|done| done.to_string())
        },
        |migrator, client| {
            migrator.baseline(client, lokstra_test_support::version(2)).map(|done| done.to_string())
        },
        |migrator, client| {
            let run = lokstra::maintenance::ImportedRun::new(lokstra_test_support::version(3));
            migrator.record_imported_runs(client, &[run]).map(|done| done.to_string())
        },
    ];
    let mut shown = Vec::new();
    let edit = "SET synchronous_commit = local; \
                UPDATE lokstra_core.schema_migrations SET checksum = repeat('a', 64) WHERE version = 1";
    waiting.admin.batch_execute(edit).unwrap();
    for change in changes {
        let url = waiting.database.url().to_owned();
        let set = tables(3, 0, "");
        let work = std::thread::spawn(move || {
            let mut migrator = set.migrator();
            let (mut client, _) = migrator.connect(&url.as_str().into()).unwrap();
            change(&mut migrator, &mut client).unwrap_or_else(|error| error.to_string())
        });
        while !work.is_finished() {
            column(&mut waiting.admin, &WAITS.replace("SELECT pid", sql));
        }
        shown.push(work.join().unwrap());
    }
    shown
}

#[test]
fn a_baseline_whose_wait_is_cancelled_says_that_nothing_is_known() {
    let quiet = "ALTER DATABASE <database> SET client_min_messages = error";
    let mut waiting = Waiting::start(quiet);
    let shown = changes(&mut waiting, "SELECT pg_cancel_backend(pid)");
    waiting.end();
    assert_snapshot!(shown.join("\n"), @"
    accept 001 as it is now
      before: `a`, checksum aaaaaaaaaaaa, of the down SQL ffffffffffff
      after:  `a`, checksum 010000000000, of the down SQL ffffffffffff
      warning: 001 is committed, and it is unknown whether this survives a crash or a failover: the wait for the disk or the synchronous standby was interrupted
        help: wait until the standby has caught up (pg_stat_replication), and check the status after a failover
    migrations: 1 recorded in lokstra_core.schema_migrations as applied without running, now at version 002
      002_a
      warning: 002 is committed, and it is unknown whether this survives a crash or a failover: the wait for the disk or the synchronous standby was interrupted
        help: wait until the standby has caught up (pg_stat_replication), and check the status after a failover
    migrations: 1 recorded in lokstra_core.schema_migrations as applied without running
      003_a
      warning: 003 is committed, and it is unknown whether this survives a crash or a failover: the wait for the disk or the synchronous standby was interrupted
        help: wait until the standby has caught up (pg_stat_replication), and check the status after a failover
    ");
}

#[test]
fn one_whose_session_is_ended_in_that_wait_says_so_too() {
    let mut waiting = Waiting::start("");
    let shown = changes(&mut waiting, "SELECT pg_terminate_backend(pid)");
    waiting.end();
    assert_snapshot!(shown.join("\n"), @"
    the connection was lost: connection closed
      help: run again
      durability: 001 is committed, and it is unknown whether this survives a crash or a failover: the wait for the disk or the synchronous standby was interrupted
    the connection was lost: connection closed
      help: run again
      durability: 002 is committed, and it is unknown whether this survives a crash or a failover: the wait for the disk or the synchronous standby was interrupted
    the connection was lost: connection closed
      help: run again
      durability: 003 is committed, and it is unknown whether this survives a crash or a failover: the wait for the disk or the synchronous standby was interrupted
    ");
}

#[test]
fn a_baseline_whose_second_commit_has_waited_says_nothing() {
    let mut waiting = Waiting::start("");
    let url = waiting.database.url().to_owned();
    let work = std::thread::spawn(move || {
        let set = tables(2, 0, "");
        let mut migrator = set.migrator();
        let (mut client, _) = migrator.connect(&url.as_str().into()).unwrap();
        migrator.baseline(&mut client, lokstra_test_support::version(2)).unwrap()
    });
    wait_until(|| !column(&mut waiting.admin, WAITS).is_empty());
    column(&mut waiting.admin, &WAITS.replace("SELECT pid", "SELECT pg_cancel_backend(pid)"));
    // The row is there, and the second commit waits.
    wait_until(|| {
        recorded(&mut waiting.admin) == "1 2" && !column(&mut waiting.admin, WAITS).is_empty()
    });
    assert!(!work.is_finished());
    waiting.end();
    assert!(work.join().unwrap().warnings.is_empty());
}
