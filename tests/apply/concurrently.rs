//! `CREATE INDEX CONCURRENTLY` beside replicas that wait and an application that works.

use std::time::Duration;

use insta::assert_snapshot;
use lokstra::postgres::Client;
use lokstra::{ErrorKind, Event, Goal, Migrations, Pool};
use lokstra_scratch::Database;

use super::scripts::script;
use lokstra_test_support::cutting::{Cut, cutting};
use lokstra_test_support::{advisory_locks, column, database, set, versions, wait_until};

fn index(sql: &str) -> Migrations {
    let up = format!("-- lokstra: no-transaction\n{sql};\n");
    set(&[("001_index", up.as_str(), "DROP INDEX t_n;")])
}

fn indexes(client: &mut Client) -> String {
    column(
        client,
        "SELECT indexrelid::regclass || ' ' || indisvalid FROM pg_index
         WHERE indrelid = 't'::regclass ORDER BY 1",
    )
}

/// Waits until the build of an index waits for a transaction to end.
fn until_the_build_waits(client: &mut Client) {
    let query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                 AND wait_event_type = 'Lock' AND query ~ 'CREATE (UNIQUE )?INDEX CONCURRENTLY'
                 AND pid <> pg_backend_pid()";
    wait_until(|| column(client, query) != "0");
}

#[test]
fn an_index_is_built_while_ten_replicas_wait() {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n").unwrap();
    // A build waits for writers of the table: long enough for all replicas to come.
    let mut application = database.client().unwrap();
    application.batch_execute("BEGIN; INSERT INTO t VALUES (0)").unwrap();
    let set = index("CREATE INDEX CONCURRENTLY t_n ON t (n)");
    let applied = std::thread::scope(|scope| {
        let replica = || set.up_url(database.url()).unwrap().steps.len();
        let replicas: Vec<_> = (0..10).map(|_| scope.spawn(replica)).collect();
        until_the_build_waits(&mut client);
        // Longer than deadlock_timeout, after which a blocking lock would have had a victim.
        std::thread::sleep(Duration::from_millis(1500));
        application.batch_execute("COMMIT").unwrap();
        replicas.into_iter().map(|replica| replica.join().unwrap()).sum::<usize>()
    });
    assert_eq!(applied, 1);
    assert_eq!((indexes(&mut client), versions(&mut client)), ("t_n true".into(), "1".into()));
}

#[test]
fn a_build_that_is_the_victim_of_a_deadlock_drops_its_index_and_retries() {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE TABLE t (n int)").unwrap();
    let mut application = database.client().unwrap();
    // Not the application is to be the victim.
    application.batch_execute("SET deadlock_timeout = '1min'").unwrap();
    application.batch_execute("BEGIN; INSERT INTO t VALUES (1)").unwrap();
    // Without a name of its own, so that a left-over would be a second index.
    let set = index("CREATE INDEX CONCURRENTLY ON t (n)");
    let mut retries = Vec::new();
    let mut migrator = set.migrator().on_event(|event| {
        if let Event::Retrying { failure, .. } = event {
            retries.push(failure.server.sqlstate.clone());
        }
    });
    std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            migrator.run_pool(&Pool::from_url(database.url()), Goal::Latest).unwrap();
        });
        until_the_build_waits(&mut client);
        let lock = "LOCK TABLE t IN SHARE MODE; SELECT pg_sleep(0.3); COMMIT";
        application.batch_execute(lock).unwrap();
        run.join().unwrap();
    });
    drop(migrator);
    assert_eq!(retries, ["40P01"]);
    assert_eq!((indexes(&mut client), versions(&mut client)), ("t_n_idx true".into(), "1".into()));
    assert_eq!(advisory_locks(&mut client), "0");
}

/// The build of an index whose session ends while it waits: neither done nor known to have failed.
fn cut_off(database: &Database, set: &Migrations) {
    let (mut client, mut borrowed) = (database.client().unwrap(), database.client().unwrap());
    let mut application = database.client().unwrap();
    application.batch_execute("CREATE TABLE t (n int)").unwrap();
    application.batch_execute("BEGIN; INSERT INTO t VALUES (1)").unwrap();
    std::thread::scope(|scope| {
        let run = scope.spawn(|| set.up(&mut borrowed).unwrap_err());
        until_the_build_waits(&mut client);
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND query LIKE 'CREATE INDEX%'";
        client.batch_execute(end).unwrap();
        run.join().unwrap();
    });
    application.batch_execute("COMMIT").unwrap();
    assert_eq!(indexes(&mut client), "t_n false");
}

#[test]
fn a_build_that_was_cut_off_is_begun_again() {
    let database = database();
    let set = index("CREATE INDEX CONCURRENTLY t_n ON t (n)");
    cut_off(&database, &set);
    let mut client = database.client().unwrap();
    set.up(&mut client).unwrap();
    assert_eq!((indexes(&mut client), versions(&mut client)), ("t_n true".into(), "1".into()));
}

#[test]
fn a_build_that_was_done_and_only_not_recorded_is_not_done_again() {
    let database = database();
    let set = index("CREATE INDEX CONCURRENTLY t_n ON t (n)");
    cut_off(&database, &set);
    let mut client = database.client().unwrap();
    client.batch_execute("REINDEX INDEX t_n").unwrap();
    let oid = column(&mut client, "SELECT 't_n'::regclass::oid");
    set.up(&mut client).unwrap();
    assert_eq!((indexes(&mut client), versions(&mut client)), ("t_n true".into(), "1".into()));
    assert_eq!(column(&mut client, "SELECT 't_n'::regclass::oid"), oid);
}

#[test]
fn an_invalid_index_of_an_earlier_failure_is_rebuilt_where_allowed() {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE TABLE t AS SELECT 1 AS n FROM generate_series(1, 2)").unwrap();
    let set = index("CREATE UNIQUE INDEX CONCURRENTLY t_n ON t (n)");
    set.up(&mut client).unwrap_err();
    client.batch_execute("DELETE FROM t").unwrap();
    assert_eq!(indexes(&mut client), "t_n false");
    assert_snapshot!(set.up(&mut client).unwrap_err(), @r#"
    migration 001_index failed
    migrations/001_index.up.sql:2:1: relation "t_n" already exists (SQLSTATE 42P07)
      |
    2 | CREATE UNIQUE INDEX CONCURRENTLY t_n ON t (n);
      | ^
      state: no statement of 001 is done; no migration is applied; index t_n is INVALID: drop it, or allow `rebuild_invalid_indexes` (-rebuild-invalid)
      help: fix the cause, run DROP INDEX CONCURRENTLY "t_n"; and run again, or run with -rebuild-invalid
    "#);
    assert_eq!(indexes(&mut client), "t_n false");
    set.migrator().rebuild_invalid_indexes(true).up(&mut client).unwrap();
    assert_eq!((indexes(&mut client), versions(&mut client)), ("t_n true".into(), "1".into()));
}

#[test]
fn a_script_that_accepted_an_invalid_index_rebuilds_it_where_allowed() {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE TABLE t AS SELECT 1 AS n FROM generate_series(1, 2)").unwrap();
    client.batch_execute("CREATE UNIQUE INDEX CONCURRENTLY t_n ON t (n)").unwrap_err();
    client.batch_execute("DELETE FROM t").unwrap();
    let set = index("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_n ON t (n)");
    set.up(&mut client).unwrap_err();
    set.migrator().rebuild_invalid_indexes(true).up(&mut client).unwrap();
    assert_eq!((indexes(&mut client), versions(&mut client)), ("t_n true".into(), "1".into()));
}

#[test]
fn an_index_that_another_session_is_building_is_not_taken_for_a_failure() {
    // The dangerous instant is the one in which the build is done.
    for round in 0..6 {
        let database = database();
        let mut client = database.client().unwrap();
        client.batch_execute("CREATE TABLE t (n int)").unwrap();
        let (mut application, mut dba) = (database.client().unwrap(), database.client().unwrap());
        application.batch_execute("BEGIN; INSERT INTO t VALUES (1)").unwrap();
        // Two builds on one table can wait for each other: the migration is to be the victim.
        dba.batch_execute("SET deadlock_timeout = '1min'").unwrap();
        let set = index("CREATE INDEX CONCURRENTLY IF NOT EXISTS t_n ON t (n)");
        std::thread::scope(|scope| {
            let build = scope.spawn(move || {
                dba.batch_execute("CREATE INDEX CONCURRENTLY t_n ON t (n)").unwrap();
            });
            until_the_build_waits(&mut client);
            let oid = column(&mut client, "SELECT 't_n'::regclass::oid");
            let run = scope.spawn(|| {
                let pool = Pool::from_url(database.url());
                set.migrator().rebuild_invalid_indexes(true).run_pool(&pool, Goal::Latest).unwrap();
            });
            // Another moment in each round: the build may end at any of them.
            std::thread::sleep(Duration::from_micros(20_000 + 6_700 * round));
            application.batch_execute("COMMIT").unwrap();
            build.join().unwrap();
            run.join().unwrap();
            assert_eq!(column(&mut client, "SELECT 't_n'::regclass::oid"), oid);
        });
        assert_eq!(indexes(&mut client), "t_n true");
    }
}

#[test]
fn the_remnant_of_a_reindex_that_failed_is_named() {
    let database = database();
    let mut client = database.client().unwrap();
    // The index calls it when it is built, and then it fails.
    client
        .batch_execute(
            "CREATE TABLE t (n int); INSERT INTO t VALUES (0);
             CREATE FUNCTION f(n int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
             CREATE INDEX t_f ON t (f(n));
             CREATE OR REPLACE FUNCTION f(n int) RETURNS int IMMUTABLE LANGUAGE sql
                 AS 'SELECT 1 / n'",
        )
        .unwrap();
    let error = index("REINDEX INDEX CONCURRENTLY t_f").up(&mut client).unwrap_err();
    let shown = error.to_string();
    let (_, shown) = shown.split_once("  state: ").unwrap();
    assert_snapshot!(shown, @r#"
    no statement of 001 is done; no migration is applied; index t_f_ccnew, which it leaves behind, is INVALID: drop it
      help: fix the cause, run DROP INDEX CONCURRENTLY "t_f_ccnew"; and run again
    "#);
}

#[test]
fn an_invalid_index_does_not_have_the_statements_before_it_done_again() {
    let database = database();
    let mut client = database.client().unwrap();
    client
        .batch_execute(
            "CREATE TABLE log (n int); CREATE TABLE t AS SELECT 1 n FROM generate_series(1, 2)",
        )
        .unwrap();
    let index = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_n ON t (n)";
    client.batch_execute(index).unwrap_err();
    client.batch_execute("DELETE FROM t").unwrap();
    let set = script(&format!("INSERT INTO log VALUES (1); -- for t_n\n{index};\n"));
    let error = set.up(&mut client).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidIndex { .. }), "{error}");
    client.batch_execute("DROP INDEX t_n").unwrap();
    set.up(&mut client).unwrap();
    assert_eq!(column(&mut client, "SELECT n FROM log"), "1");
    assert_eq!(
        column(&mut client, "SELECT indisvalid FROM pg_index WHERE indexrelid = 't_n'::regclass"),
        "t"
    );
}

#[test]
fn an_invalid_index_of_another_session_stops_no_run() {
    let database = database();
    let mut client = database.client().unwrap();
    client
        .batch_execute(
            "CREATE TABLE other AS SELECT 1 n FROM generate_series(1, 2); CREATE TABLE t (n int)",
        )
        .unwrap();
    client.batch_execute("CREATE UNIQUE INDEX CONCURRENTLY n ON other (n)").unwrap_err();
    script("CREATE INDEX CONCURRENTLY t_n ON t (n);\n").up(&mut client).unwrap();
    assert_eq!(versions(&mut client), "1");
}

#[test]
fn a_drop_does_not_start_where_a_cut_would_leave_another_index_to_drop() {
    let database = database();
    let mut client = database.client().unwrap();
    client
        .batch_execute(
            "CREATE SCHEMA s; CREATE TABLE s.t (n int); CREATE INDEX i ON s.t (n);
             CREATE TABLE t (n int); CREATE INDEX i ON t (n)",
        )
        .unwrap();
    let set = script("SET search_path TO s, public;\nDROP INDEX CONCURRENTLY i;\n");
    assert_snapshot!(set.up(&mut client).unwrap_err(), @"
    migrations/001_a.up.sql: 001 drops the index i, and several schemas of search_path have one: after an interruption, it would be unknown which of them was dropped
      help: name its schema: DROP INDEX CONCURRENTLY my_schema.i
    ");
    let url = cutting(&database, Cut::Answer, &["DROP INDEX CONCURRENTLY s.i"]);
    script("SET search_path TO s, public;\nDROP INDEX CONCURRENTLY s.i;\n").up_url(&url).unwrap();
    assert_eq!(column(&mut client, "SELECT to_regclass('public.i'), to_regclass('s.i')"), "i");
    assert_eq!(column(&mut client, "SELECT to_regclass('s.i')"), "NULL");
}
