//! Scripts that break out of the transaction that they run in. A build refuses most of them; a set
//! that no check has seen still fails closed.

use insta::assert_snapshot;
use lokstra::ErrorKind;
use lokstra::error::FailureState;
use std::time::Duration;

use lokstra_test_support::{
    advisory_locks, column, database, set, tables, tables_set, unchecked_script, versions,
};

/// Whether there is a history with a row in it.
fn is_recorded(client: &mut lokstra::postgres::Client) -> bool {
    let is_there = column(client, "SELECT to_regclass('lokstra_core.schema_migrations')");
    is_there != "NULL" && !versions(client).is_empty()
}

#[test]
fn a_script_that_ends_its_transaction_in_any_way_is_never_recorded() {
    for (end, left) in [
        ("COMMIT", "a"),
        ("END", "a"),
        ("COMMIT AND CHAIN", "a"),
        ("ROLLBACK", ""),
        ("ABORT", ""),
        ("ROLLBACK AND CHAIN", ""),
        ("COMMIT; BEGIN", "a"),
        ("ROLLBACK; BEGIN ISOLATION LEVEL SERIALIZABLE", ""),
    ] {
        let database = database();
        let mut client = database.client().unwrap();
        // So that the table is there, and empty: with ROLLBACK it would go too.
        tables_set(1, "").up(&mut client).unwrap();
        tables_set(1, "").down(&mut client).unwrap();
        let set = unchecked_script(&format!("CREATE TABLE a ();\n{end};\nCREATE TABLE b ();"));
        let error = set.up(&mut client).unwrap_err();
        assert_eq!(error.failure().unwrap().state, FailureState::Unrecorded, "{end}: {error}");
        assert_eq!(tables(&mut client), left, "{end}");
        assert!(!is_recorded(&mut client), "{end}");
        assert_eq!(advisory_locks(&mut client), "0", "{end}");
    }
}

#[test]
fn a_prepared_script_is_not_recorded_and_the_next_run_names_its_remedy() {
    let database = database();
    let mut client = database.client().unwrap();
    let gid = format!("left_{}", database.name());
    let set = unchecked_script(&format!("CREATE TABLE a ();\nPREPARE TRANSACTION '{gid}';"));
    let error = set.up(&mut client).unwrap_err();
    assert_eq!(error.failure().unwrap().state, FailureState::Unrecorded);

    let patience = Duration::from_millis(100);
    let error = set.migrator().lock_wait(patience).up(&mut client).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::LockHeld { .. }));
    let shown = error.to_string().replace(&gid, "<gid>");
    assert_snapshot!(shown, @"
    another migration is running: waited 0 s for it
      holder: the prepared transaction '<gid>'
      to end it: ROLLBACK PREPARED '<gid>';
      help: set how long a run waits with `lock_wait` (-lock-wait)
    ");
    client.batch_execute(&format!("ROLLBACK PREPARED '{gid}'")).unwrap();
    unchecked_script("CREATE TABLE a ()").up(&mut client).unwrap();
    assert_eq!((tables(&mut client), versions(&mut client)), ("a".into(), "1".into()));
}

#[test]
fn a_block_that_commits_in_a_transactional_script_is_rolled_back() {
    let database = database();
    let mut client = database.client().unwrap();
    let up = "CREATE TABLE a ();\nDO $$ BEGIN COMMIT; END $$;\n";
    assert_snapshot!(unchecked_script(up).up(&mut client).unwrap_err(), @"
    migration 001_a failed
    migrations/001_a.up.sql: invalid transaction termination (SQLSTATE 2D000)
      context: PL/pgSQL function inline_code_block line 1 at COMMIT
      state: 001 was rolled back; no migration is applied
      help: make the first line of the file `-- lokstra: no-transaction`: COMMIT and ROLLBACK in a routine need that, and what it commits is kept
    ");
    assert_eq!(tables(&mut client), "");
}

#[test]
fn a_script_that_makes_its_transaction_read_only_is_rolled_back() {
    let database = database();
    let mut client = database.client().unwrap();
    let up = "CREATE TABLE a ();\nSET TRANSACTION READ ONLY;\n";
    assert_snapshot!(set(&[("001_a", up, "SELECT 1")]).up(&mut client).unwrap_err(), @"
    migration 001_a failed
    migrations/001_a.up.sql: cannot execute SELECT in a read-only transaction (SQLSTATE 25006)
      state: 001 was rolled back; no migration is applied
      help: fix the script and run again; applied migrations are kept
    ");
    assert_eq!(tables(&mut client), "");
}

#[test]
fn a_script_whose_end_is_open_cannot_swallow_the_record() {
    let mut opens =
        vec!["SELECT 'a", "SELECT \"a", "SELECT $a$ a", "/* a", "SELECT (1", "SELECT 1 +"];
    let database = database();
    if database.server().version() >= 14 {
        opens.push("CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1;");
    }
    let mut client = database.client().unwrap();
    for open in opens {
        let set = unchecked_script(&format!("CREATE TABLE a ();\n{open}"));
        let error = set.up(&mut client).unwrap_err();
        assert_eq!(error.failure().unwrap().state, FailureState::RolledBack, "{open}: {error}");
        assert!(tables(&mut client).is_empty() && !is_recorded(&mut client), "{open}");
        assert_eq!(advisory_locks(&mut client), "0");
    }
    // A comment at the end, on the other hand, is just a comment.
    unchecked_script("CREATE TABLE a () -- the end").up(&mut client).unwrap();
    assert_eq!((tables(&mut client), versions(&mut client)), ("a".into(), "1".into()));
}

#[test]
fn a_copy_from_the_client_fails_and_leaves_nothing() {
    let database = database();
    let set = unchecked_script("CREATE TABLE a (b int);\nCOPY a FROM STDIN;\n1\n\\.\n");
    let error = set.up_url(database.url()).unwrap_err();
    assert_snapshot!(error, @r#"
    migration 001_a failed
    migrations/001_a.up.sql:3:1: syntax error at or near "1" (SQLSTATE 42601)
      |
    3 | 1
      | ^
      state: 001 was rolled back; no migration is applied
      help: fix the script and run again; applied migrations are kept
    "#);
    let mut client = database.client().unwrap();
    assert!(tables(&mut client).is_empty() && !is_recorded(&mut client));
}

#[test]
fn a_script_that_drops_the_history_is_rolled_back() {
    let database = database();
    let mut client = database.client().unwrap();
    let first = ("001_a", "CREATE TABLE a ()", "DROP TABLE a");
    let second = ("002_b", "DROP SCHEMA lokstra_core CASCADE", "SELECT 1");
    assert_snapshot!(set(&[first, second]).up(&mut client).unwrap_err(), @r#"
    migration 002_b failed
    migrations/002_b.up.sql: relation "lokstra_core.schema_migrations" does not exist (SQLSTATE 42P01)
      state: 002 was rolled back; the database is at 001
      help: fix the script and run again; applied migrations are kept
    "#);
    assert_eq!(versions(&mut client), "1");
}
