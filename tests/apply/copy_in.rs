//! A `COPY … FROM STDIN` that no build has seen: the server waits for rows, and the run ends.

use insta::assert_snapshot;
use lokstra::postgres::Client;

use lokstra_test_support::{
    self, advisory_locks, build_set_unchecked, column, database, tables, versions,
};

/// Before PostgreSQL 14, the server takes the query that asks it for a row and answers nothing.
fn is_old(client: &mut Client) -> bool {
    column(client, "SHOW server_version_num").parse::<i64>().unwrap() < 140_000
}

const SCRIPT: &str = "CREATE TABLE b (id int);\nCOPY b FROM STDIN;\nCREATE TABLE c ();\n";

/// 001 and 002, of which the second waits for rows.
fn set(marker: &str) -> lokstra::Migrations {
    let script = format!("{marker}{SCRIPT}");
    let at = |word: &str| script.find(word).unwrap();
    let ends = [at(";\nCOPY"), at(";\nCREATE TABLE c"), script.len() - 2];
    let starts = [marker.len(), at("COPY"), at("CREATE TABLE c")];
    let ranges: Vec<_> = starts.into_iter().zip(ends).map(|(from, to)| from..to).collect();
    lokstra_test_support::unchecked_statements(&script, &ranges)
}

#[test]
fn a_transactional_script_that_waits_for_rows_is_named() {
    let database = database();
    let mut client = database.client().unwrap();
    if is_old(&mut client) {
        return;
    }
    let error = set("").up_url(database.url()).unwrap_err();
    assert_snapshot!(error, @"
    migration 001_a failed
    migrations/001_a.up.sql:2:1: COPY FROM STDIN waits for rows, and a script cannot send any (SQLSTATE 0A000)
      |
    2 | COPY b FROM STDIN;
      | ^
      hint: write the rows as INSERT, or load them in the program
      state: 001 was rolled back; no migration is applied
      help: fix the script and run again; applied migrations are kept
    ");
    assert_eq!(tables(&mut client), "");
    let mut borrowed = database.client().unwrap();
    assert_eq!(set("").up(&mut borrowed).unwrap_err().to_string(), error.to_string());
    // The next run has the database to itself.
    build_set_unchecked(2, |nth| format!("CREATE TABLE t{nth} ()")).up_url(database.url()).unwrap();
    assert_eq!(versions(&mut client), "1 2");
}

#[test]
fn a_no_transaction_script_that_waits_for_rows_is_named() {
    let database = database();
    let mut client = database.client().unwrap();
    if is_old(&mut client) {
        return;
    }
    let set = set("-- lokstra: no-transaction\n");
    let error = set.up_url(database.url()).unwrap_err();
    assert_snapshot!(error, @"
    migration 001_a failed
    migrations/001_a.up.sql:3:1: COPY FROM STDIN waits for rows, and a script cannot send any (SQLSTATE 0A000)
      |
    3 | COPY b FROM STDIN;
      | ^
      hint: write the rows as INSERT, or load them in the program
      state: of 001, 1 of 3 statements are done and kept; no migration is applied
      help: fix this statement (not earlier ones) and run again, which continues here
    ");
    assert_eq!(tables(&mut client), "b");
    lokstra_test_support::wait_until(|| advisory_locks(&mut client) == "0");
    let mut borrowed = database.client().unwrap();
    assert_eq!(set.up(&mut borrowed).unwrap_err().to_string(), error.to_string());
}
