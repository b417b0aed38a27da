//! A run that is cancelled while it builds or drops an index.

use lokstra::{ErrorKind, Goal, Pool, Stop};

use crate::runs::{three, until_running};
use lokstra_test_support::{column, database, wait_until};

#[test]
fn a_cancelled_index_leaves_no_invalid_one() {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE TABLE t (n int)").unwrap();
    let mut other = database.client().unwrap();
    // The build waits for writers of the table.
    other.batch_execute("BEGIN; INSERT INTO t VALUES (1)").unwrap();
    let set = three("-- lokstra: no-transaction\nCREATE INDEX CONCURRENTLY t_n ON t (n);\n");
    let stop = Stop::new();
    let mut migrator = set.migrator().stop(stop.clone());
    let error = std::thread::scope(|scope| {
        let pool = Pool::from_url(database.url());
        let run = scope.spawn(move || migrator.run_pool(&pool, Goal::Latest).unwrap_err());
        until_running(&mut client, "CREATE INDEX CONCURRENTLY");
        wait_until(|| column(&mut client, "SELECT to_regclass('t_n')") != "NULL");
        stop.cancel();
        until_running(&mut client, "DROP INDEX CONCURRENTLY");
        other.batch_execute("COMMIT").unwrap();
        run.join().unwrap()
    });
    assert!(matches!(error.kind(), ErrorKind::Stopped { .. }), "{error}");
    assert_eq!(column(&mut client, "SELECT to_regclass('t_n')"), "NULL");
    set.up_url(database.url()).unwrap();
    assert_eq!(
        column(&mut client, "SELECT indisvalid FROM pg_index WHERE indexrelid = 't_n'::regclass"),
        "t"
    );
}

#[test]
fn the_dropping_of_an_invalid_index_is_cancelled_too() {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE TABLE t AS SELECT 1 AS n FROM generate_series(1, 2)").unwrap();
    client.batch_execute("CREATE UNIQUE INDEX CONCURRENTLY t_n ON t (n)").unwrap_err();
    let mut other = database.client().unwrap();
    other.batch_execute("BEGIN; LOCK TABLE t IN SHARE MODE").unwrap();
    let set = three("-- lokstra: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY t_n ON t (n);\n");
    let stop = Stop::new();
    let mut migrator = set.migrator().rebuild_invalid_indexes(true).stop(stop.clone());
    let error = std::thread::scope(|scope| {
        let pool = Pool::from_url(database.url());
        let run = scope.spawn(move || migrator.run_pool(&pool, Goal::Latest).unwrap_err());
        until_running(&mut client, "DROP INDEX CONCURRENTLY");
        stop.cancel();
        run.join().unwrap()
    });
    assert!(matches!(error.kind(), ErrorKind::Stopped { cancelled: Some(_), .. }), "{error}");
}
