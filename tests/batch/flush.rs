//! A run waits for the disk once. What it has reported is there after a crash all the same.

use std::process::Command;

use insta::assert_snapshot;
use lokstra::postgres::Client;
use lokstra::{Event, Migrations};
use lokstra_scratch::{PrivateServer, Server, ServerOptions};

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
pub(crate) fn crash(server: &PrivateServer) {
    server.kill().unwrap();
    server.restart().unwrap();
}

/// Migrations that each make a table `t1`, and whatever this adds to one of them.
pub(crate) fn tables(count: i64, at: i64, sql: &str) -> Migrations {
    build_set_unchecked(count, |nth| {
        format!("CREATE TABLE t{nth} (); {}", if nth == at { sql } else { "" })
    })
}

pub(crate) fn recorded(client: &mut Client) -> String {
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
    let mut borrowed = database.client().unwrap();
    ask(6).migrator().run(&mut borrowed, lokstra::Goal::Up(2.try_into().unwrap())).unwrap();
    assert_eq!(column(&mut client, seen), "off off local local local local");
    assert_eq!(column(&mut borrowed, "SHOW synchronous_commit"), "local");
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
