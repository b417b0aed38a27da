//! Scripts that run statement by statement.

mod support;

use insta::assert_snapshot;
use support::{advisory_locks, column, database, set, tables, versions};

const USERS: (&str, &str, &str) =
    ("001_create_users", "CREATE TABLE users (id int, email text);", "DROP TABLE users;");

#[test]
fn what_refuses_a_transaction_runs() {
    let database = database();
    let mut client = database.client().unwrap();
    let up = "-- lokstra: no-transaction\nCREATE INDEX CONCURRENTLY a ON users (email);\nVACUUM users;\n";
    let down = "-- lokstra: no-transaction\nDROP INDEX CONCURRENTLY a;\n";
    let set = set(&[USERS, ("002_index", up, down)]);
    set.up(&mut client).unwrap();
    assert_eq!(
        column(&mut client, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'a'::regclass"),
        "t"
    );
    set.down(&mut client).unwrap();
    assert_eq!(column(&mut client, "SELECT to_regclass('a')"), "NULL");
    assert_eq!(versions(&mut client), "1");
}

#[test]
fn a_failed_statement_is_where_the_next_run_goes_on() {
    let database = database();
    let mut client = database.client().unwrap();
    let marker = "-- lokstra: no-transaction\n";
    let script = |second: &str| {
        format!("{marker}INSERT INTO users VALUES (1, 'a');\n{second};\nCREATE TABLE after ();\n")
    };
    let broken = script("CREATE INDEX CONCURRENTLY a ON users (emial)");
    let error = set(&[USERS, ("002_index", &broken, "SELECT 1")]).up(&mut client).unwrap_err();
    assert_snapshot!(error, @r#"
    migration 002_index failed
    migrations/002_index.up.sql:3:1: column "emial" does not exist (SQLSTATE 42703)
      |
    3 | CREATE INDEX CONCURRENTLY a ON users (emial);
      | ^
      state: of 002, 1 of 3 statements are done and stay; the database is at 001
      help: correct this statement (not those before it) and run again: it goes on here
    "#);
    assert_eq!(versions(&mut client), "1");

    let rewritten = broken.replace("(1, 'a')", "(2, 'b')");
    let error = set(&[USERS, ("002_index", &rewritten, "SELECT 1")]).up(&mut client).unwrap_err();
    assert_snapshot!(error, @"
    migrations/002_index.up.sql: 002 was interrupted after statement 1, and what ran is not what the file says now
      help: restore the statements up to there; only what comes after them may change
    ");

    let mended = script("CREATE INDEX CONCURRENTLY a ON users (email)");
    set(&[USERS, ("002_index", &mended, "SELECT 1")]).up(&mut client).unwrap();
    assert_eq!(column(&mut client, "SELECT id FROM users"), "1");
    assert_eq!((tables(&mut client), versions(&mut client)), ("after users".into(), "1 2".into()));
    assert_eq!(column(&mut client, "SELECT count(*) FROM lokstra_core.lokstra_progress"), "0");
    assert_eq!(advisory_locks(&mut client), "0");
}

#[test]
fn a_timeout_of_the_role_does_not_cut_it_short() {
    let database = database();
    let mut config = database.config();
    config.options("-c statement_timeout=300ms");
    let mut client = config.connect(lokstra::postgres::NoTls).unwrap();
    let up = "-- lokstra: no-transaction\nSELECT pg_sleep(0.6);\n";
    set(&[("001_slow", up, "SELECT 1")]).up(&mut client).unwrap();
    assert_eq!(column(&mut client, "SHOW statement_timeout"), "300ms");
}
