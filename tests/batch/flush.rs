//! A run waits for the disk once. What it has reported is there after a crash all the same.

use std::process::Command;
use std::thread::JoinHandle;

use insta::assert_snapshot;
use lokstra::postgres::Client;
use lokstra::report::Warning;
use lokstra::{Error, Event, Goal, Migrations, Report, Stop};
use lokstra_scratch::{Database, PrivateServer, Server, ServerOptions};

use lokstra_test_support::{build_set_unchecked, column, database, set, wait_until};

/// A server whose log is only written by those who wait for it: its own writer is stopped.
fn lazy_server() -> PrivateServer {
    let server = Server::start(&ServerOptions::new().setting("autovacuum", "off")).unwrap();
    let writer = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'";
    let mut client = server.client().unwrap();
    wait_until(|| !column(&mut client, writer).is_empty());
    let pid = column(&mut client, writer);
    assert!(Command::new("kill").args(["-STOP", &pid]).status().unwrap().success());
    server
}

/// An immediate shutdown loses what is in the memory of the server alone, as a crash does.
fn crash(server: &PrivateServer) {
    server.kill().unwrap();
    server.restart().unwrap();
}

/// Migrations that each make a table `t1`, and whatever this adds to one of them.
fn tables(count: i64, at: i64, sql: &str) -> Migrations {
    build_set_unchecked(count, |nth| {
        format!("CREATE TABLE t{nth} (); {}", if nth == at { sql } else { "" })
    })
}

fn recorded(client: &mut Client) -> String {
    column(client, "SELECT version FROM lokstra_core.schema_migrations ORDER BY version")
}

fn made(client: &mut Client) -> String {
    let tables = "SELECT substr(tablename, 2)::int FROM pg_tables WHERE schemaname = 'public'
                  ORDER BY 1";
    column(client, tables)
}

/// The first so many are recorded, and what they made is there.
fn assert_there(client: &mut Client, count: i64) {
    let versions: Vec<_> = (1..=count).map(|version| version.to_string()).collect();
    assert_eq!(recorded(client), versions.join(" "));
    assert_eq!(made(client), versions.join(" "));
}

#[test]
fn only_the_last_commit_of_a_run_waits_for_the_disk() {
    let database = database();
    let mut client = database.client().unwrap();
    client
        .batch_execute(&format!(
            "ALTER DATABASE {} SET synchronous_commit = 'local';
             CREATE TABLE seen (setting text)",
            database.name()
        ))
        .unwrap();
    let sql = "INSERT INTO seen SELECT current_setting('synchronous_commit')";
    let ask = |count| build_set_unchecked(count, |_| sql.to_owned());
    let seen = "SELECT setting FROM seen ORDER BY ctid";
    ask(3).up_url(database.url()).unwrap();
    assert_eq!(column(&mut client, seen), "off off local");
    // One alone is the last; and a run that counts must find the database where it was.
    ask(4).up_url(database.url()).unwrap();
    let mut lent = database.client().unwrap();
    ask(6).migrator().run(&mut lent, lokstra::Goal::Up(2.try_into().unwrap())).unwrap();
    assert_eq!(column(&mut client, seen), "off off local local local local");
    assert_eq!(column(&mut lent, "SHOW synchronous_commit"), "local");
}

#[test]
fn a_no_transaction_script_and_a_rollback_wait_for_the_disk_at_each_step() {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE TABLE seen (setting text)").unwrap();
    let sql = "INSERT INTO seen SELECT current_setting('synchronous_commit');";
    let alone = format!("-- lokstra: no-transaction\n{sql}");
    let set = set(&[("001_a", sql, sql), ("002_b", &alone, sql), ("003_c", sql, sql)]);
    set.up_url(database.url()).unwrap();
    set.migrator().down(&mut client, 3.try_into().unwrap()).unwrap();
    let seen = "SELECT setting FROM seen ORDER BY ctid";
    assert_eq!(column(&mut client, seen), "off on on on on on");
}

#[test]
fn what_a_run_has_reported_is_there_after_a_crash() {
    let server = lazy_server();
    let database = server.database().unwrap();
    let report = tables(20, 0, "").up_url(database.url()).unwrap();
    crash(&server);
    assert_eq!(report.steps.len(), 20);
    assert_there(&mut database.client().unwrap(), 20);
}

#[test]
fn what_a_failed_run_has_reported_is_there_after_a_crash() {
    let server = lazy_server();
    let database = server.database().unwrap();
    let error = tables(20, 15, "SELECT 1/0").up_url(database.url()).unwrap_err();
    crash(&server);
    assert_eq!(error.report().unwrap().steps.len(), 14);
    assert_there(&mut database.client().unwrap(), 14);
}

#[test]
fn a_run_repeats_what_a_crash_undid_and_reports_each_step_once() {
    let server = lazy_server();
    let database = server.database().unwrap();
    tables(1, 0, "").up_url(database.url()).unwrap();
    let mut has_crashed = false;
    let report = {
        let set = tables(20, 0, "");
        let mut migrator = set.migrator().on_event(|event| {
            if let Event::StepFinished { step, .. } = event
                && step.version.get() == 12
                && !std::mem::replace(&mut has_crashed, true)
            {
                crash(&server);
                let mut client = database.client().unwrap();
                // Of what was finished, the end may be gone: the rest is whole.
                let left = recorded(&mut client);
                let versions = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17";
                assert!(versions.starts_with(&left) && left != versions, "{left}");
                assert_eq!(left, made(&mut client));
            }
        });
        migrator.run_pool(&database.url().into(), lokstra::Goal::Latest).unwrap()
    };
    let steps: Vec<_> = report.steps.iter().map(|step| step.version.get()).collect();
    assert_eq!(steps, (2..=20).collect::<Vec<_>>());
    let mut client = database.client().unwrap();
    assert_eq!(recorded(&mut client), made(&mut client));
}

#[test]
fn a_role_that_may_not_lock_the_rows_waits_at_each_step() {
    let database = database();
    build_set_unchecked(1, |_| "CREATE TABLE seen (setting text)".to_owned())
        .up_url(database.url())
        .unwrap();
    let mut client = database.client().unwrap();
    client
        .batch_execute(
            "CREATE ROLE inserts; GRANT USAGE ON SCHEMA lokstra_core TO inserts;
             GRANT SELECT, INSERT ON lokstra_core.schema_migrations TO inserts;
             GRANT INSERT ON seen TO inserts; SET ROLE inserts",
        )
        .unwrap();
    let sql = "INSERT INTO seen SELECT current_setting('synchronous_commit')";
    let set = build_set_unchecked(3, |nth| {
        if nth == 1 { "CREATE TABLE seen (setting text)" } else { sql }.into()
    });
    let report = set.up(&mut client);
    client.batch_execute("RESET ROLE; DROP OWNED BY inserts; DROP ROLE inserts").unwrap();
    assert_snapshot!(lokstra_test_support::without_times(&report.unwrap()), @r#"
    migrations: 2 applied, now at version 003
      up   002_a (… ms)
      up   003_a (… ms)
      warning: the down SQL of 002 and 003 is not stored in the database: inserts may not write to "lokstra_core"."lokstra_down" (GRANT SELECT, INSERT, UPDATE, DELETE ON "lokstra_core"."lokstra_down" TO "inserts";)
    "#);
    assert_eq!(column(&mut client, "SELECT setting FROM seen"), "on on");
}

#[test]
fn a_last_script_that_does_not_wait_for_the_disk_takes_nothing_back() {
    let server = lazy_server();
    let database = server.database().unwrap();
    let report = tables(20, 20, "SET synchronous_commit = off").up_url(database.url()).unwrap();
    crash(&server);
    assert_eq!(report.steps.len(), 20);
    assert_there(&mut database.client().unwrap(), 20);
}

#[test]
fn nor_does_a_last_no_transaction_script_that_does_not_wait() {
    let server = lazy_server();
    let database = server.database().unwrap();
    let alone = "-- lokstra: no-transaction\nSET synchronous_commit = off;\nCREATE TABLE t3 ();";
    let set = set(&[
        ("001_a", "CREATE TABLE t1 ();", "DROP TABLE t1;"),
        ("002_b", "CREATE TABLE t2 ();", "DROP TABLE t2;"),
        ("003_c", alone, "DROP TABLE t3;"),
    ]);
    set.up_url(database.url()).unwrap();
    crash(&server);
    assert_there(&mut database.client().unwrap(), 3);
}

/// A failed run of a role that may lock the history at first, and not once this is done to it.
fn failed_run_without_a_row_to_lock(change: &str) -> String {
    let server = lazy_server();
    let database = server.database().unwrap();
    tables(1, 0, "").up_url(database.url()).unwrap();
    let mut admin = database.client().unwrap();
    admin
        .batch_execute(
            "CREATE ROLE app; GRANT CREATE ON SCHEMA public TO app;
             GRANT USAGE ON SCHEMA lokstra_core TO app;
             GRANT ALL ON ALL TABLES IN SCHEMA lokstra_core TO app",
        )
        .unwrap();
    let mut client = database.client().unwrap();
    client.batch_execute("SET ROLE app").unwrap();
    let error = {
        let set = tables(20, 15, "SELECT 1/0");
        let mut migrator = set.migrator().on_event(|event| {
            if let Event::StepFinished { step, .. } = event
                && step.version.get() == 8
            {
                admin.batch_execute(change).unwrap();
            }
        });
        migrator.up(&mut client).unwrap_err()
    };
    crash(&server);
    assert_eq!(error.report().unwrap().steps.len(), 13, "{error}");
    let mut client = database.client().unwrap();
    assert_eq!(recorded(&mut client), made(&mut client));
    recorded(&mut client)
}

#[test]
fn what_is_reported_is_there_where_row_security_hides_the_row_to_lock() {
    let left = failed_run_without_a_row_to_lock(
        "ALTER TABLE lokstra_core.schema_migrations ENABLE ROW LEVEL SECURITY;
         CREATE POLICY reads ON lokstra_core.schema_migrations FOR SELECT USING (true);
         CREATE POLICY adds ON lokstra_core.schema_migrations FOR INSERT WITH CHECK (true)",
    );
    assert_eq!(left.split(' ').count(), 14, "{left}");
}

#[test]
fn what_is_reported_is_there_where_the_right_to_lock_is_taken_away() {
    let left = failed_run_without_a_row_to_lock(
        "REVOKE UPDATE ON lokstra_core.schema_migrations FROM app",
    );
    assert_eq!(left.split(' ').count(), 14, "{left}");
}

#[test]
fn an_older_build_that_boots_meanwhile_reports_what_a_crash_may_take_back() {
    let server = lazy_server();
    let database = server.database().unwrap();
    tables(1, 0, "").up_url(database.url()).unwrap();
    let mut seen = None;
    // The word has 13 sent by itself, and not behind 12 in one message.
    let set = tables(20, 13, "/* reset */");
    set.migrator()
        .on_event(|event| {
            if let Event::StepFinished { step, .. } = event
                && step.version.get() == 12
                && seen.is_none()
            {
                seen = Some(tables(12, 0, "").up_url(database.url()).unwrap());
                crash(&server);
                let left = recorded(&mut database.client().unwrap());
                assert_ne!(left, "1 2 3 4 5 6 7 8 9 10 11 12");
            }
        })
        .run_pool(&database.url().into(), lokstra::Goal::Latest)
        .unwrap();
    assert_snapshot!(seen.unwrap(), @"migrations: nothing to do, at version 012");
}

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

type Change = fn(&mut lokstra::Migrator<'_>, &mut Client) -> Result<String, lokstra::Error>;

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
