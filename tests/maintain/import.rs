//! What another tool has run is recorded as applied, with what that tool knew.

use insta::assert_snapshot;
use lokstra::ErrorKind;
use lokstra::maintenance::ImportedRun;
use lokstra::postgres::Client;

use lokstra_test_support::{column, database, set, tables, tables_set, version, versions};

/// A run of which that tool knew everything.
fn run(number: i64) -> ImportedRun {
    let mut run = ImportedRun::new(version(number));
    run.applied_at = Some(format!("2024-03-0{number} 10:00:00.25+02"));
    run.applied_by = Some("o'brien".to_owned());
    run.execution_ms = Some(7 * number);
    run
}

/// A database that already has the tables 1 and 3.
fn migrated() -> (lokstra_scratch::Database, Client) {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE TABLE t001 (); CREATE TABLE t003 ()").unwrap();
    (database, client)
}

fn rows(client: &mut Client) -> String {
    let query = "SELECT concat_ws(' ', version, to_char(applied_at AT TIME ZONE 'UTC',
                 'YYYY-MM-DD HH24:MI:SS.MS'), applied_by, execution_ms) || E'\\n'
                 FROM lokstra_core.schema_migrations ORDER BY version";
    column(client, query)
}

#[test]
fn runs_are_recorded_with_what_is_known_of_them_and_nothing_is_run() {
    let (_database, mut client) = migrated();
    let set = tables_set(4, "");
    let recorded = set.migrator().record_imported_runs(&mut client, &[run(3), run(1)]).unwrap();
    assert_snapshot!(recorded, @"
    migrations: 2 recorded in lokstra_core.schema_migrations as applied without running
      001_t
      003_t
    ");
    assert_snapshot!(rows(&mut client), @"
    1 2024-03-01 08:00:00.250 o'brien 7
     3 2024-03-03 08:00:00.250 o'brien 21
    ");
    assert_eq!(tables(&mut client), "t001 t003");
}

#[test]
fn a_gap_is_applied_out_of_order_afterwards() {
    let (_database, mut client) = migrated();
    let set = tables_set(4, "");
    set.migrator().record_imported_runs(&mut client, &[run(1), run(3)]).unwrap();
    assert!(matches!(set.up(&mut client).unwrap_err().kind(), ErrorKind::Diverged(_)));
    set.migrator().out_of_order(true).up(&mut client).unwrap();
    assert_eq!(tables(&mut client), "t001 t002 t003 t004");
}

#[test]
fn an_unknown_moment_is_that_of_the_record_and_an_unknown_role_is_null() {
    let (_database, mut client) = migrated();
    let set = tables_set(1, "");
    set.migrator().record_imported_runs(&mut client, &[ImportedRun::new(version(1))]).unwrap();
    let known = "SELECT applied_at > now() - interval '1 minute' AND applied_by IS NULL
                 AND execution_ms IS NULL AND checksum IS NOT NULL AND down_checksum IS NOT NULL
                 FROM lokstra_core.schema_migrations";
    assert_eq!(column(&mut client, known), "t");
}

#[test]
fn what_would_be_recorded_can_be_asked() {
    let (_database, mut client) = migrated();
    let planned = tables_set(3, "").migrator().plan_imported_runs(&mut client, &[run(1)]).unwrap();
    assert_eq!(planned.recorded, [(version(1), "t".into())]);
    assert_eq!(column(&mut client, "SELECT to_regnamespace('lokstra_core')"), "NULL");
}

#[test]
fn a_second_time_there_is_nothing_to_record_even_after_our_own_runs() {
    let (_database, mut client) = migrated();
    let set = tables_set(4, "");
    set.migrator().record_imported_runs(&mut client, &[run(1), run(3)]).unwrap();
    set.migrator().out_of_order(true).up(&mut client).unwrap();
    let before = rows(&mut client);
    let again = set.migrator().record_imported_runs(&mut client, &[run(1), run(3)]).unwrap();
    assert_snapshot!(again, @"migrations: nothing to record in lokstra_core.schema_migrations");
    assert_eq!(rows(&mut client), before);
}

#[test]
fn the_down_sql_is_stored_too() {
    let (_database, mut client) = migrated();
    let set = tables_set(3, "");
    set.migrator().record_imported_runs(&mut client, &[run(1), run(3)]).unwrap();
    let older = tables_set(1, "");
    older.migrator().stored_down(true).down(&mut client, 1.try_into().unwrap()).unwrap();
    assert_eq!((tables(&mut client), versions(&mut client)), ("t001".into(), "1".into()));
}

#[test]
fn a_column_without_a_time_zone_holds_utc() {
    let (_database, mut client) = migrated();
    let table = "CREATE SCHEMA lokstra_core; CREATE TABLE lokstra_core.schema_migrations (
                     version INTEGER PRIMARY KEY, applied_at TIMESTAMP NOT NULL DEFAULT NOW(),
                     description TEXT); SET timezone = 'America/New_York'";
    client.batch_execute(table).unwrap();
    tables_set(1, "").migrator().record_imported_runs(&mut client, &[run(1)]).unwrap();
    let at = column(&mut client, "SELECT applied_at FROM lokstra_core.schema_migrations");
    assert_eq!(at, "2024-03-01 08:00:00.25");
}

#[test]
fn a_version_that_is_not_embedded_is_refused() {
    let (_database, mut client) = migrated();
    let error =
        tables_set(3, "").migrator().record_imported_runs(&mut client, &[run(4)]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::UnknownVersion(_)), "{error}");
}

#[test]
fn a_history_that_differs_is_reported_and_nothing_is_recorded() {
    let database = database();
    let mut client = database.client().unwrap();
    tables_set(1, "").up(&mut client).unwrap();
    let partial_scripts = "-- lokstra: no-transaction\nCREATE TABLE a ();\nSELECT 1/0;\n";
    let scripts = [("001_t", "SELECT 'edited'"), ("002_a", partial_scripts), ("003_c", "SELECT 3")];
    let set = set(&scripts.map(|(name, up)| (name, up, "SELECT 1")));
    let down = tables_set(1, "").migrator().down(&mut client, 1.try_into().unwrap());
    down.unwrap();
    set.up(&mut client).unwrap_err();
    client
        .batch_execute("UPDATE lokstra_core.schema_migrations SET checksum = repeat('ab', 32)")
        .unwrap();
    let runs = [run(1), run(2), run(3)];
    let error = set.migrator().record_imported_runs(&mut client, &runs).unwrap_err();
    assert_snapshot!(error, @"
    the runs of the other tool cannot be recorded: the history contradicts them; nothing was recorded
      001 was applied with checksum abababababab, and the file has 945d6345ffaf
        help: lokstra migration repair -accept 001 (in a program: `repair`), if the database matches the file
      002 is partial: 1 of 2 statements of its up script are done
        help: finish it, or lokstra migration repair -forget-progress 002 (in a program: `repair`), if all its changes are in the database
    ");
    assert_eq!(versions(&mut client), "1");
}

#[test]
fn one_run_that_cannot_be_recorded_leaves_none() {
    let (_database, mut client) = migrated();
    let mut invalid = run(3);
    invalid.applied_at = Some("last week".to_owned());
    let set = tables_set(3, "");
    let error = set.migrator().record_imported_runs(&mut client, &[run(1), invalid]).unwrap_err();
    assert!(error.to_string().contains("22007"), "{error}");
    assert_eq!(column(&mut client, "SELECT to_regnamespace('lokstra_core')"), "NULL");
}

#[test]
fn many_at_once_record_them_once() {
    let (database, mut client) = migrated();
    let set = tables_set(3, "");
    let recorded: usize = std::thread::scope(|scope| {
        let work = || {
            let mut client = database.client().unwrap();
            let runs = [run(1), run(3)];
            set.migrator().record_imported_runs(&mut client, &runs).unwrap().recorded.len()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!((recorded, versions(&mut client)), (2, "1 3".into()));
}
