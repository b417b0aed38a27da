//! What can be done to the tracking table.

use std::time::{Duration, Instant};

use insta::assert_snapshot;
use lokstra::ErrorKind;

use lokstra_test_support::{
    column, database, set, tables, tables_set, until_one_waits_for_a_lock, versions,
};

#[test]
fn a_rule_that_swallows_the_record_is_found_out() {
    let database = database();
    let mut client = database.client().unwrap();
    tables_set(1, "").up(&mut client).unwrap();
    client
        .batch_execute(
            "CREATE RULE swallow AS ON INSERT TO lokstra_core.schema_migrations DO INSTEAD NOTHING",
        )
        .unwrap();
    assert_snapshot!(tables_set(2, "").up(&mut client).unwrap_err(), @r#"
    the record of 002 was refused by the tracking table lokstra_core.schema_migrations, or by one beside it: cannot perform INSERT RETURNING on relation "schema_migrations" (SQLSTATE 0A000)
      hint: You need an unconditional ON INSERT DO INSTEAD rule with a RETURNING clause.
      state: 002 was rolled back, and its record with it
      help: correct the table (its columns, constraints and triggers), and run again; no script is at fault unless it changes that table
    "#);
    assert_eq!((tables(&mut client), versions(&mut client)), ("t001".into(), "1".into()));
    client.batch_execute("DROP RULE swallow ON lokstra_core.schema_migrations").unwrap();
    tables_set(2, "").up(&mut client).unwrap();
    assert_eq!(versions(&mut client), "1 2");
}

#[test]
fn row_security_that_hides_or_refuses_rows_applies_nothing_twice() {
    let database = database();
    let mut admin = database.client().unwrap();
    let once = "CREATE TABLE IF NOT EXISTS a (); CREATE TABLE IF NOT EXISTS counted (); \
                INSERT INTO counted DEFAULT VALUES;\n";
    let (a, b) = (("001_a", once, "SELECT 1;\n"), ("002_b", once, "SELECT 1;\n"));
    let role = format!("secured_{}", database.name());
    admin
        .batch_execute(&format!("CREATE ROLE {role} LOGIN; GRANT ALL ON SCHEMA public TO {role}; GRANT CREATE ON DATABASE \"{}\" TO {role}", database.name()))
        .unwrap();
    let mut config = database.config();
    let mut client = config.user(&role).connect(lokstra::postgres::NoTls).unwrap();
    set(&[a]).up(&mut client).unwrap();
    admin
        .batch_execute(
            "ALTER TABLE lokstra_core.schema_migrations ENABLE ROW LEVEL SECURITY,
                 FORCE ROW LEVEL SECURITY",
        )
        .unwrap();
    let hidden = set(&[a, b]).up(&mut client).unwrap_err();
    assert!(hidden.to_string().contains("42501"), "{hidden}");
    admin
        .batch_execute(
            "CREATE POLICY writes ON lokstra_core.schema_migrations FOR INSERT WITH CHECK (true)",
        )
        .unwrap();
    let blind = set(&[a, b]).up(&mut client).unwrap_err();
    assert!(
        matches!(blind.kind(), ErrorKind::MigrationFailed(_) | ErrorKind::Server(_)),
        "{blind}"
    );
    assert_eq!(column(&mut admin, "SELECT count(*) FROM counted"), "1");
    assert_eq!(versions(&mut admin), "1");
    drop(client);
    admin.batch_execute(&format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}")).unwrap();
}

#[test]
fn a_history_that_is_locked_is_waited_for_and_then_reported() {
    let database = database();
    let mut blocker = database.client().unwrap();
    let set = tables_set(2, "");
    tables_set(1, "").up(&mut blocker).unwrap();
    blocker
        .batch_execute("BEGIN; LOCK TABLE lokstra_core.schema_migrations IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    let mut client = database.client().unwrap();
    let begun = Instant::now();
    let patience = Duration::from_millis(100);
    let error = set.migrator().lock_wait(patience).up(&mut client).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::HistoryLocked { .. }));
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    assert_snapshot!(error, @"
    the tracking table lokstra_core.schema_migrations is locked by another session
      help: see pg_locks for the session that holds it, and run again
    ");
    let waits = std::thread::scope(|scope| {
        let run = scope.spawn(|| set.up(&mut client));
        until_one_waits_for_a_lock(&mut database.client().unwrap());
        blocker.batch_execute("COMMIT").unwrap();
        run.join().unwrap()
    });
    waits.unwrap();
    assert_eq!(versions(&mut blocker), "1 2");
}

/// As the Go framework does it at boot.
const GO_BOOT: &str = "CREATE SCHEMA IF NOT EXISTS lokstra_core;
    CREATE TABLE IF NOT EXISTS lokstra_core.schema_migrations (
        version INTEGER PRIMARY KEY, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, description TEXT)";

#[test]
fn the_go_program_may_race_to_create_the_table() {
    for _ in 0..10 {
        let database = database();
        let set = tables_set(3, "");
        std::thread::scope(|scope| {
            let ours: Vec<_> = (0..3).map(|_| scope.spawn(|| set.up_url(database.url()))).collect();
            let go = || {
                let mut client = database.client().unwrap();
                // It does not look at the error of the race that it loses, it boots again.
                while client.batch_execute(GO_BOOT).is_err() {}
            };
            let theirs: Vec<_> = (0..2).map(|_| scope.spawn(go)).collect();
            for run in theirs {
                run.join().unwrap();
            }
            for run in ours {
                run.join().unwrap().unwrap();
            }
        });
        let mut client = database.client().unwrap();
        assert_eq!(versions(&mut client), "1 2 3");
        assert_eq!(tables(&mut client), "t001 t002 t003");
        // Whichever program created it, it has the columns that lokstra writes.
        set.up(&mut client).unwrap();
        let checksums = "SELECT count(checksum) FROM lokstra_core.schema_migrations";
        assert_eq!(column(&mut client, checksums), "3");
    }
}

#[test]
fn a_go_program_in_a_transaction_delays_the_upgrade_and_no_other_boot() {
    let database = database();
    let mut go = database.client().unwrap();
    go.batch_execute(GO_BOOT).unwrap();
    go.batch_execute("BEGIN; SELECT * FROM lokstra_core.schema_migrations").unwrap();
    let url = database.url().to_owned();
    let upgrade = std::thread::spawn(move || tables_set(1, "").up_url(&url));
    let mut boots = database.client().unwrap();
    let until = Instant::now() + Duration::from_secs(2);
    while Instant::now() < until {
        let begun = Instant::now();
        tables_set(1, "").status(&mut boots).unwrap();
        assert!(begun.elapsed() < Duration::from_millis(1500), "{:?}", begun.elapsed());
    }
    go.batch_execute("COMMIT").unwrap();
    upgrade.join().unwrap().unwrap();
    assert_eq!(versions(&mut go), "1");
}
