//! The answer to a COMMIT is lost with the connection: the migration is applied, or it is not.

use insta::assert_snapshot;
use lokstra::postgres::{Client, NoTls};
use lokstra::{ErrorKind, Migrations};

use lokstra_test_support::cutting::{Cut, cutting};
use lokstra_test_support::{build_set_unchecked, column, database, set, version, versions};

/// Three migrations, each of which leaves one row.
fn logged(marker: &str) -> Migrations {
    let up = |n: u32| {
        format!("{marker}INSERT INTO log VALUES ({n}1);\nINSERT INTO log VALUES ({n}2);\n")
    };
    let scripts = [("001_a", up(1)), ("002_b", up(2)), ("003_c", up(3))];
    set(&scripts.each_ref().map(|(name, up)| (*name, up.as_str(), "SELECT 1;")))
}

const ONCE: &str = "11 12 21 22 31 32";

#[test]
fn over_a_connection_of_its_own_the_run_finds_out_and_continues() {
    for cut in [Cut::Answer, Cut::Message] {
        let database = database();
        let mut client = database.client().unwrap();
        client.batch_execute("CREATE TABLE log (n int)").unwrap();
        let url = cutting(&database, cut, &["002_b.up.sql", "COMMIT;"]);
        let report = logged("").up_url(&url).unwrap();
        assert_eq!(report.steps.len(), 3, "{cut:?}");
        assert_eq!(column(&mut client, "SELECT n FROM log ORDER BY 1"), ONCE, "{cut:?}");
        assert_eq!(versions(&mut client), "1 2 3");
    }
}

#[test]
fn over_a_borrowed_client_it_is_unknown_and_the_next_run_finds_out() {
    for (cut, applied) in [(Cut::Answer, "1 2"), (Cut::Message, "1")] {
        let database = database();
        let mut client = database.client().unwrap();
        client.batch_execute("CREATE TABLE log (n int)").unwrap();
        let url = cutting(&database, cut, &["002_b.up.sql", "COMMIT;"]);
        let mut borrowed = Client::connect(&url, NoTls).unwrap();
        let error = logged("").up(&mut borrowed).unwrap_err();
        let second = version(2);
        assert!(
            matches!(error.kind(), ErrorKind::ConnectionLost { running: Some(it), .. } if it.version == second)
        );
        insta::allow_duplicates! { assert_snapshot!(error, @"
        the connection was lost while 002 was running: connection closed
          state: 002 is either done as a whole or not at all
          help: run again, which continues from what the history says
          durability: 001 is committed, and it is unknown whether this survives a crash or a failover: the wait for the disk or the synchronous standby was interrupted
        "); }
        assert_eq!(error.report().unwrap().steps.len(), 1);
        assert_eq!(versions(&mut client), applied, "{cut:?}");
        logged("").up_url(database.url()).unwrap();
        assert_eq!(column(&mut client, "SELECT n FROM log ORDER BY 1"), ONCE, "{cut:?}");
    }
}

#[test]
fn a_statement_of_a_no_transaction_script_is_done_once_all_the_same() {
    for cut in [Cut::Answer, Cut::Message] {
        let database = database();
        let mut client = database.client().unwrap();
        client.batch_execute("CREATE TABLE log (n int)").unwrap();
        let url = cutting(&database, cut, &["VALUES (21)", "COMMIT;"]);
        let set = logged("-- lokstra: no-transaction\n");
        assert_eq!(set.up_url(&url).unwrap().steps.len(), 3, "{cut:?}");
        assert_eq!(column(&mut client, "SELECT n FROM log ORDER BY 1"), ONCE, "{cut:?}");
        assert_eq!(column(&mut client, "SELECT count(*) FROM lokstra_core.lokstra_progress"), "0");
    }
}

#[test]
fn of_a_no_transaction_script_the_error_says_that_its_statements_stay() {
    let database = database();
    database.client().unwrap().batch_execute("CREATE TABLE log (n int)").unwrap();
    let url = cutting(&database, Cut::Answer, &["VALUES (21)", "COMMIT;"]);
    let mut borrowed = Client::connect(&url, NoTls).unwrap();
    let error = logged("-- lokstra: no-transaction\n").up(&mut borrowed).unwrap_err();
    assert_snapshot!(error, @"
    the connection was lost while 002 was running: connection closed
      state: of 002, the finished statements are kept; the one that was running may have finished
      help: run again, which continues from what the history says
      durability: 001 is committed, and it is unknown whether this survives a crash or a failover: the wait for the disk or the synchronous standby was interrupted
    ");
}

#[test]
fn a_server_that_continues_without_its_client_is_waited_for() {
    let database = database();
    let url = cutting(&database, Cut::Client, &["and 8 more"]);
    // What they leave is dropped between two of them, when no session holds the lock.
    let set = build_set_unchecked(10, |_| {
        "DO $$ BEGIN FOR n IN 1..200 LOOP EXECUTE 'CREATE TEMP TABLE t' || n || ' ()'; \
         END LOOP; END $$"
            .to_owned()
    });
    let report = set.up_url(&url).unwrap();
    let steps: Vec<_> = report.steps.iter().map(|step| step.version.get()).collect();
    assert_eq!(steps, (1..=10).collect::<Vec<_>>());
}
