//! A database that already has the schema gets a history, without running anything.

use insta::assert_snapshot;
use lokstra::postgres::{Client, NoTls};
use lokstra::{ErrorKind, Migrations};
use lokstra_scratch::Server;

use lokstra_test_support::proxy::{Point, Proxy, Then};
use lokstra_test_support::{
    column, database, record_history, set, tables, tables_set, version, versions,
};

/// A schema of 002 that no migration made.
fn by_hand() -> (lokstra_scratch::Database, Client) {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE TABLE t001 (); CREATE TABLE t002 ()").unwrap();
    (database, client)
}

fn baseline(set: &Migrations, client: &mut Client, number: i64) -> String {
    set.migrator().baseline(client, version(number)).unwrap().to_string()
}

fn refused(set: &Migrations, client: &mut Client, number: i64) -> String {
    let before = column(client, "SELECT count(*) FROM lokstra_core.schema_migrations");
    let error = set.migrator().baseline(client, version(number)).unwrap_err().to_string();
    assert_eq!(column(client, "SELECT count(*) FROM lokstra_core.schema_migrations"), before);
    error
}

#[test]
fn everything_up_to_the_version_is_recorded_and_nothing_is_run() {
    let (_database, mut client) = by_hand();
    let set = tables_set(3, "");
    assert_snapshot!(baseline(&set, &mut client, 2), @"
    migrations: 2 recorded in lokstra_core.schema_migrations as applied without running, now at version 002
      001_t
      002_t
    ");
    assert_eq!(tables(&mut client), "t001 t002");
    set.up(&mut client).unwrap();
    assert_eq!(
        (tables(&mut client), versions(&mut client)),
        ("t001 t002 t003".into(), "1 2 3".into())
    );
    let missing = "SELECT count(*) FROM lokstra_core.schema_migrations
                   WHERE checksum IS NULL OR down_checksum IS NULL OR applied_by IS NULL";
    assert_eq!(column(&mut client, missing), "0");
    let run = "SELECT version FROM lokstra_core.schema_migrations WHERE execution_ms IS NOT NULL";
    assert_eq!(column(&mut client, run), "3");
    set.migrator().down(&mut client, 3.try_into().unwrap()).unwrap();
    assert_eq!(tables(&mut client), "");
}

#[test]
fn what_it_would_record_can_be_asked() {
    let (_database, mut client) = by_hand();
    let planned = tables_set(3, "").migrator().plan_baseline(&mut client, version(2)).unwrap();
    assert_eq!(planned.recorded, [(version(1), "t".into()), (version(2), "t".into())]);
    assert_eq!(column(&mut client, "SELECT to_regnamespace('lokstra_core')"), "NULL");
}

#[test]
fn a_second_time_there_is_nothing_to_record() {
    let (_database, mut client) = by_hand();
    let set = tables_set(3, "");
    baseline(&set, &mut client, 2);
    assert_snapshot!(baseline(&set, &mut client, 2), @"migrations: nothing to record in lokstra_core.schema_migrations, at version 002");
    assert_eq!(baseline(&set, &mut client, 3).lines().count(), 2);
    assert_eq!(versions(&mut client), "1 2 3");
}

#[test]
fn the_down_sql_is_stored_too() {
    let (_database, mut client) = by_hand();
    baseline(&tables_set(2, ""), &mut client, 2);
    let older = tables_set(1, "");
    older.migrator().stored_down(true).down(&mut client, 1.try_into().unwrap()).unwrap();
    assert_eq!((tables(&mut client), versions(&mut client)), ("t001".into(), "1".into()));
}

#[test]
fn a_version_that_is_not_embedded_is_refused() {
    let (_database, mut client) = by_hand();
    let error = tables_set(3, "").migrator().baseline(&mut client, version(4)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::UnknownVersion(_)), "{error}");
}

#[test]
fn every_row_that_says_something_else_is_reported() {
    let database = database();
    let mut client = database.client().unwrap();
    tables_set(5, "").up(&mut client).unwrap();
    let other = set(&[
        ("001_t", "SELECT 'edited'", "SELECT 1"),
        ("002_t", "CREATE TABLE t002 ();\n", "DROP TABLE t002;\n"),
        ("003_t", "CREATE TABLE t003 ();\n", "DROP TABLE t003;\n"),
        ("004_t", "CREATE TABLE t004 ();\n", "DROP TABLE t004;\n"),
    ]);
    assert_snapshot!(refused(&other, &mut client, 3), @"
    no baseline at 003: the history contradicts it; nothing was recorded
      001 was applied with checksum 9cf58c38981f, and the file has 945d6345ffaf
        help: lokstra migration repair -accept 001 (in a program: `repair`), if the database matches the file
      004 is applied and comes after it
        help: if the database has the schema of 004, set the baseline to 004
      005 is applied and unknown here
        help: run the baseline with the build that has it
    ");
}

#[test]
fn a_partial_script_is_in_the_way() {
    let database = database();
    let mut client = database.client().unwrap();
    let up = "-- lokstra: no-transaction\nCREATE TABLE a ();\nSELECT 1/0;\n";
    let set = set(&[("001_a", up, "DROP TABLE a;")]);
    set.up(&mut client).unwrap_err();
    assert_snapshot!(refused(&set, &mut client, 1), @"
    no baseline at 001: the history contradicts it; nothing was recorded
      001 is partial: 1 of 2 statements of its up script are done
        help: finish it, or lokstra migration repair -forget-progress 001 (in a program: `repair`), if all its changes are in the database
    ");
}

#[test]
fn one_row_that_cannot_be_written_leaves_none() {
    let (_database, mut client) = by_hand();
    client
        .batch_execute(
            "CREATE SCHEMA lokstra_core; CREATE TABLE lokstra_core.schema_migrations (
                 version INTEGER PRIMARY KEY CHECK (version < 2),
                 applied_at TIMESTAMP NOT NULL DEFAULT NOW(), description TEXT)",
        )
        .unwrap();
    let shown = refused(&tables_set(2, ""), &mut client, 2);
    assert!(shown.contains("23514"), "{shown}");
    let columns =
        "SELECT count(*) FROM information_schema.columns WHERE table_name = 'schema_migrations'";
    assert_eq!(column(&mut client, columns), "3");
}

#[test]
fn more_than_one_statement_takes_are_all_recorded() {
    let (_database, mut client) = by_hand();
    let set = tables_set(2_001, "");
    set.migrator().baseline(&mut client, version(2_001)).unwrap();
    let kept = "SELECT count(*) FROM lokstra_core.lokstra_down";
    let recorded = "SELECT count(*) FROM lokstra_core.schema_migrations";
    assert_eq!(
        (column(&mut client, recorded), column(&mut client, kept)),
        ("2001".into(), "2001".into())
    );
    assert!(set.up(&mut client).unwrap().steps.is_empty());
}

#[test]
fn a_trigger_that_lets_one_row_go_leaves_none() {
    let (_database, mut client) = by_hand();
    let set = tables_set(3, "");
    baseline(&set, &mut client, 1);
    client
        .batch_execute(
            "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
             CREATE TRIGGER lose BEFORE INSERT ON lokstra_core.schema_migrations
                 FOR EACH ROW WHEN (NEW.version = 2) EXECUTE FUNCTION lose()",
        )
        .unwrap();
    let shown = refused(&set, &mut client, 3);
    assert!(shown.contains("lokstra:unrecorded"), "{shown}");
}

/// The table that the Go program makes, whose versions end at 2,147,483,647.
const GO_TABLE: &str = "CREATE SCHEMA lokstra_core; CREATE TABLE lokstra_core.schema_migrations (
    version INTEGER PRIMARY KEY, applied_at TIMESTAMP NOT NULL DEFAULT NOW(), description TEXT);";

#[test]
fn a_version_that_the_table_cannot_hold_is_refused_and_its_highest_is_not() {
    let (_database, mut client) = by_hand();
    client.batch_execute(GO_TABLE).unwrap();
    let names = ["2147483647_a", "2147483648_b"];
    let set = set(&names.map(|name| (name, "SELECT 1", "SELECT 1")));
    baseline(&set, &mut client, 2_147_483_647);
    let error = set.migrator().baseline(&mut client, version(2_147_483_648)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::VersionTooLarge { .. }), "{error}");
    assert_eq!(versions(&mut client), "2147483647");
}

#[test]
fn a_row_that_comes_in_between_is_looked_at() {
    let (database, mut client) = by_hand();
    client.batch_execute(GO_TABLE).unwrap();
    let mut go = database.client().unwrap();
    let mut go = go.transaction().unwrap();
    go.batch_execute("INSERT INTO lokstra_core.schema_migrations VALUES (3)").unwrap();
    let set = tables_set(3, "");
    let error = std::thread::scope(|scope| {
        let mut borrowed = database.client().unwrap();
        let minute = std::time::Duration::from_mins(1);
        let mut migrator = set.migrator().lock_timeout(minute);
        let run = scope.spawn(move || migrator.baseline(&mut borrowed, version(2)));
        lokstra_test_support::wait_until(|| column(&mut client, WAITS) == "1");
        go.commit().unwrap();
        run.join().unwrap().unwrap_err()
    });
    assert!(matches!(error.kind(), ErrorKind::NoBaseline { .. }), "{error}");
    assert_eq!(versions(&mut client), "3");
}

/// How many sessions wait for a lock on the history.
const WAITS: &str = "SELECT count(*) FROM pg_locks WHERE NOT granted
                     AND relation = 'lokstra_core.schema_migrations'::regclass";

#[test]
fn a_lock_on_the_history_is_waited_for() {
    let (database, mut client) = by_hand();
    let set = tables_set(2, "");
    baseline(&set, &mut client, 1);
    let mut other = database.client().unwrap();
    let mut other = other.transaction().unwrap();
    other.batch_execute("LOCK TABLE lokstra_core.schema_migrations IN EXCLUSIVE MODE").unwrap();
    std::thread::scope(|scope| {
        let mut borrowed = database.client().unwrap();
        let mut migrator = set.migrator().lock_timeout(std::time::Duration::from_millis(20));
        let run = scope.spawn(move || migrator.baseline(&mut borrowed, version(2)));
        // It was refused, and comes again.
        for waits in ["1", "0", "1"] {
            lokstra_test_support::wait_until(|| column(&mut client, WAITS) == waits);
        }
        other.rollback().unwrap();
        run.join().unwrap().unwrap();
    });
    assert_eq!(versions(&mut client), "1 2");
}

#[test]
fn a_missing_privilege_is_reported_at_once_in_the_words_of_the_server() {
    let (database, mut client) = by_hand();
    let set = tables_set(2, "");
    baseline(&set, &mut client, 1);
    client
        .batch_execute(
            "CREATE SEQUENCE tries;
             CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN PERFORM nextval(''tries''); RAISE insufficient_privilege; END';
             CREATE TRIGGER refuse BEFORE INSERT ON lokstra_core.schema_migrations
                 EXECUTE FUNCTION refuse()",
        )
        .unwrap();
    let error = set.migrator().baseline(&mut database.client().unwrap(), version(2)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Server(_)), "{error}");
    assert_eq!(column(&mut client, "SELECT last_value FROM tries"), "1");
}

#[test]
fn a_server_that_only_reads_takes_no_baseline() {
    let (database, mut client) = by_hand();
    let mut config = database.config();
    config.options("-c default_transaction_read_only=on");
    let mut reader = config.connect(lokstra::postgres::NoTls).unwrap();
    let error = tables_set(2, "").migrator().baseline(&mut reader, version(2)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::ReadOnly { standby: false, .. }), "{error}");
    assert_eq!(column(&mut client, "SELECT to_regnamespace('lokstra_core')"), "NULL");
}

#[test]
fn many_at_once_record_it_once() {
    let (database, mut client) = by_hand();
    let set = tables_set(2, "");
    let recorded: usize = std::thread::scope(|scope| {
        let run = || {
            let mut client = database.client().unwrap();
            set.migrator().baseline(&mut client, version(2)).unwrap().recorded.len()
        };
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).sum()
    });
    assert_eq!((recorded, versions(&mut client)), (2, "1 2".into()));
}

#[test]
fn what_a_trigger_does_to_a_borrowed_session_is_no_refusal() {
    let (_database, mut client) = by_hand();
    tables_set(1, "SELECT 1; DROP TABLE t001;").up(&mut client).unwrap();
    client
        .batch_execute(
            "CREATE TEXT SEARCH CONFIGURATION mine (COPY = simple);
             SET default_text_search_config = 'mine';
             CREATE FUNCTION takes_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 DROP TEXT SEARCH CONFIGURATION mine;
                 SET default_text_search_config = 'simple';
                 RETURN NEW;
             END $$;
             CREATE TRIGGER takes_it AFTER INSERT ON lokstra_core.schema_migrations
                 FOR EACH ROW EXECUTE FUNCTION takes_it()",
        )
        .unwrap();
    let set = tables_set(2, "SELECT 1; DROP TABLE t001;");
    set.migrator().baseline(&mut client, version(2)).unwrap();
    assert_eq!(versions(&mut client), "1 2");
}

#[test]
fn a_history_that_changes_meanwhile_is_not_mistaken_for_the_one_read() {
    let files = ["001_t", "002_t", "003_t", "005_t"];
    let set = set(&files.map(|name| (name, "SELECT 1;", "SELECT 1;")));
    for message in 0.. {
        let database = database();
        let mut client = database.client().unwrap();
        record_history(&set, &mut client);
        client
            .batch_execute("DELETE FROM lokstra_core.schema_migrations WHERE version = 2")
            .unwrap();
        let proxy = Proxy::before(&Server::shared().unwrap());
        let mut proxied = Client::connect(&proxy.url(database.name()), NoTls).unwrap();
        // As many rows and the same newest one, but not what the schema is said to be.
        let swap = "UPDATE lokstra_core.schema_migrations SET version = 4 WHERE version = 3";
        proxy.arm(message, Point::Before, move || {
            client.batch_execute(swap).unwrap();
            Then::GoOn
        });
        let done = set.migrator().baseline(&mut proxied, version(5));
        if !proxy.finish() {
            assert!(message > 1 && done.is_ok());
            return;
        }
        assert!(done.is_err(), "before message {message}");
    }
}
