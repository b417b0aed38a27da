//! A history that is not what it should be, mended row by row, and only where it is broken.

use insta::assert_snapshot;
use lokstra::Migrations;
use lokstra::maintenance::Repair;
use lokstra::postgres::Client;

use lokstra_test_support::{column, database, set, tables, version, versions, wait_until};

const A: (&str, &str, &str) = ("001_a", "CREATE TABLE a ();", "DROP TABLE a;");
const EDITED: (&str, &str, &str) =
    ("001_a", "CREATE TABLE a (); -- edited", "DROP TABLE IF EXISTS a;");
const B: (&str, &str, &str) = ("002_b", "CREATE TABLE b ();", "DROP TABLE b;");
const C: (&str, &str, &str) = ("003_c", "CREATE TABLE c ();", "DROP TABLE c;");

fn repaired(set: &Migrations, client: &mut Client, repair: Repair) -> String {
    let planned = set.migrator().plan_repair(client, repair).unwrap();
    let done = set.migrator().repair(client, repair).unwrap();
    assert_eq!(planned, done);
    done.to_string()
}

/// Refused, and nothing has changed.
fn refused(set: &Migrations, client: &mut Client, repair: Repair) -> String {
    let everything = "SELECT h::text FROM lokstra_core.schema_migrations h ORDER BY version";
    let before = column(client, everything);
    let shown = set.migrator().repair(client, repair).unwrap_err().to_string();
    assert_eq!(set.migrator().plan_repair(client, repair).unwrap_err().to_string(), shown);
    assert_eq!(column(client, everything), before);
    shown
}

fn listed(set: &Migrations, client: &mut Client) -> String {
    let all = set.migrator().repairs(client).unwrap();
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_edited_migration_is_accepted_as_it_is_now() {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[A]).up(&mut client).unwrap();
    let edited = set(&[EDITED, B]);
    edited.up(&mut client).unwrap_err();
    assert_snapshot!(repaired(&edited, &mut client, Repair::Accept(version(1))), @"
    accept 001 as it is now
      before: `a`, checksum 902f5c947b00, of the down SQL 937ae32e019a
      after:  `a`, checksum ccbed980e225, of the down SQL 07e3d052acc0
    ");
    assert!(edited.up(&mut client).unwrap().warnings.is_empty());
    assert_eq!(tables(&mut client), "a b");
    let kept = "SELECT sql FROM lokstra_core.lokstra_down WHERE version = 1";
    assert_eq!(column(&mut client, kept), "DROP TABLE IF EXISTS a;");
}

#[test]
fn accepting_asks_for_an_edited_migration() {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[A, B]).up(&mut client).unwrap();
    let build = set(&[A, C]);
    assert_snapshot!(refused(&build, &mut client, Repair::Accept(version(1))), @"
    cannot accept 001 as it is now: it is as it was applied; nothing was changed
      help: see lokstra migration repair for the possible repairs
    ");
    assert_snapshot!(refused(&build, &mut client, Repair::Accept(version(2))), @"
    cannot accept 002 as it is now: it is unknown here; nothing was changed
      help: restore its files, or forget it: lokstra migration repair
    ");
    assert_snapshot!(refused(&build, &mut client, Repair::Accept(version(3))), @"
    cannot accept 003 as it is now: it is not applied; nothing was changed
      help: see lokstra migration repair for the possible repairs
    ");
    client.batch_execute("UPDATE lokstra_core.schema_migrations SET checksum = NULL").unwrap();
    assert_snapshot!(refused(&build, &mut client, Repair::Accept(version(1))), @"
    cannot accept 001 as it is now: its row has no checksum, and the next run fills it in; nothing was changed
      help: run the migrations: lokstra migration up
    ");
}

#[test]
fn another_migration_is_neither_accepted_nor_forgotten() {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[A, B]).up(&mut client).unwrap();
    let build = set(&[A, ("002_c", C.1, C.2)]);
    assert_snapshot!(refused(&build, &mut client, Repair::Accept(version(2))), @"
    cannot accept 002 as it is now: another migration is applied under its version, and its own script never ran; nothing was changed
      help: roll back what is applied with the build that applied it; if the database keeps its down SQL: lokstra migration down -stored
    ");
    assert_snapshot!(refused(&build, &mut client, Repair::Forget(version(2))), @"
    cannot forget that 002 is applied: another migration is applied under its version, and its own script never ran; nothing was changed
      help: roll back what is applied with the build that applied it; if the database keeps its down SQL: lokstra migration down -stored
    ");
    assert_eq!(listed(&build, &mut client), "");
}

#[test]
fn rows_of_another_program_are_neither_accepted_nor_forgotten() {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[A, B, C]).up(&mut client).unwrap();
    let other = set(&[("001_x", "SELECT 1", "SELECT 1"), ("004_y", "SELECT 2", "SELECT 2")]);
    assert_snapshot!(refused(&other, &mut client, Repair::Accept(version(1))), @"
    cannot accept 001 as it is now: none of the applied migrations is one of these; nothing was changed
      help: give these migrations a tracking table of their own: `schema-table` in migration.yaml
    ");
    assert_snapshot!(refused(&other, &mut client, Repair::Forget(version(2))), @"
    cannot forget that 002 is applied: none of the applied migrations is one of these; nothing was changed
      help: give these migrations a tracking table of their own: `schema-table` in migration.yaml
    ");
    assert_eq!(listed(&other, &mut client), "");
}

#[test]
fn rows_of_another_program_between_the_versions_stay_as_they_are() {
    let database = database();
    let mut client = database.client().unwrap();
    for applied in [set(&[A]), set(&[A, C])] {
        applied.up(&mut client).unwrap();
        let other = set(&[("002_a", "SELECT 1", "SELECT 1"), ("004_y", "SELECT 2", "SELECT 2")]);
        for repair in [Repair::Accept(version(1)), Repair::Forget(version(1))] {
            let shown = refused(&other, &mut client, repair);
            assert!(shown.contains("none of the applied migrations is one of these"), "{shown}");
        }
        assert_eq!(listed(&other, &mut client), "");
    }
}

#[test]
fn how_far_a_migration_of_another_program_came_is_not_forgotten() {
    let database = database();
    let mut client = database.client().unwrap();
    partial_scripts(&mut client);
    let other = set(&[("003_x", "SELECT 1", "SELECT 1")]);
    let shown = refused(&other, &mut client, Repair::ForgetProgress(version(2)));
    assert!(shown.contains("none of the applied migrations is one of these"), "{shown}");
}

#[test]
fn a_migration_whose_files_are_gone_is_forgotten() {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[A, B]).up(&mut client).unwrap();
    let cut = set(&[A, C]);
    assert_snapshot!(repaired(&cut, &mut client, Repair::Forget(version(2))), @"
    forget that 002 is applied
      before: `b`, checksum 82415ef6a49d, of the down SQL 9d57da54d873
      after:  no row; its objects stay in the database
    ");
    cut.up(&mut client).unwrap();
    assert_eq!((tables(&mut client), versions(&mut client)), ("a b c".into(), "1 3".into()));
    let kept = "SELECT version FROM lokstra_core.lokstra_down ORDER BY 1";
    assert_eq!(column(&mut client, kept), "1 3");
}

#[test]
fn forgetting_asks_for_a_migration_that_no_build_has_any_more() {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[A, B]).up(&mut client).unwrap();
    assert_snapshot!(refused(&set(&[A]), &mut client, Repair::Forget(version(1))), @"
    cannot forget that 001 is applied: it is one of these migrations; nothing was changed
      help: roll it back instead: lokstra migration down
    ");
    assert_snapshot!(refused(&set(&[A]), &mut client, Repair::Forget(version(2))), @"
    cannot forget that 002 is applied: it is newer than all of these migrations, so another build has it; nothing was changed
      help: use the code that applied it, also to roll it back; if the database keeps its down SQL: lokstra migration down -stored
    ");
    assert_snapshot!(refused(&set(&[A]), &mut client, Repair::Forget(version(3))), @"
    cannot forget that 003 is applied: it is not applied; nothing was changed
      help: see lokstra migration repair for the possible repairs
    ");
}

/// A script of three statements, the second of which fails.
fn partial_scripts(client: &mut Client) -> Migrations {
    let up = "-- lokstra: no-transaction\nCREATE TABLE b ();\nSELECT 1/0;\nCREATE TABLE c ();\n";
    let set = set(&[A, ("002_b", up, "DROP TABLE b, c;")]);
    set.up(client).unwrap_err();
    set
}

#[test]
fn a_partial_script_starts_over_when_its_progress_is_forgotten() {
    let database = database();
    let mut client = database.client().unwrap();
    let build = partial_scripts(&mut client);
    assert_snapshot!(repaired(&build, &mut client, Repair::ForgetProgress(version(2))), @"
    discard the progress of 002
      before: 1 of 3 statements of its up script are done
      after:  not begun; the changes of its statements stay in the database
    ");
    let again = build.up(&mut client).unwrap_err().to_string();
    assert!(again.contains("relation \"b\" already exists"), "{again}");
}

#[test]
fn a_failed_statement_that_an_operator_did_by_hand_is_skipped() {
    let database = database();
    let mut client = database.client().unwrap();
    let build = partial_scripts(&mut client);
    assert_snapshot!(repaired(&build, &mut client, Repair::SkipStatement(version(2))), @"
    skip a statement of 002
      before: 1 of 3 statements of its up script are done; next is migrations/002_b.up.sql:3: SELECT 1/0
      after:  2 of 3 statements of its up script are done; next is migrations/002_b.up.sql:4: CREATE TABLE c ()
    ");
    build.up(&mut client).unwrap();
    assert_eq!((tables(&mut client), versions(&mut client)), ("a b c".into(), "1 2".into()));
}

#[test]
fn an_interrupted_statement_is_done_again_on_request() {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE TABLE n (v int); CREATE TABLE once (v int)").unwrap();
    let up = "-- lokstra: no-transaction\nDO $$ BEGIN INSERT INTO n VALUES (1); COMMIT;\n\
              IF (SELECT count(*) FROM n) = 1 THEN\nPERFORM pg_terminate_backend(pg_backend_pid());\n\
              END IF; INSERT INTO once VALUES (1); END $$;\n";
    let build = set(&[("001_n", up, "DELETE FROM n;")]);
    build.up_url(database.url()).unwrap_err();
    assert_snapshot!(repaired(&build, &mut client, Repair::RedoStatement(version(1))), @"
    run a statement of 001 again
      before: 0 of 1 statements of its up script are done, the next one is running or was interrupted; next is migrations/001_n.up.sql:2: DO $$ BEGIN INSERT INTO n VALUES (1); COMMIT;
      after:  0 of 1 statements of its up script are done; next is migrations/001_n.up.sql:2: DO $$ BEGIN INSERT INTO n VALUES (1); COMMIT;
    ");
    build.up(&mut client).unwrap();
    assert_eq!(column(&mut client, "SELECT count(*) FROM n"), "2");
}

#[test]
fn progress_is_only_changed_where_there_is_some() {
    let database = database();
    let mut client = database.client().unwrap();
    let build = partial_scripts(&mut client);
    assert_snapshot!(refused(&build, &mut client, Repair::ForgetProgress(version(1))), @"
    cannot discard the progress of 001: none of its scripts is partial; nothing was changed
      help: see lokstra migration repair for the possible repairs
    ");
    assert_snapshot!(refused(&build, &mut client, Repair::RedoStatement(version(2))), @"
    cannot run a statement of 002 again: none of its statements was interrupted; nothing was changed
      help: see lokstra migration repair for the possible repairs
    ");
    let up = "-- lokstra: no-transaction\nCREATE TABLE bb ();\nSELECT 1/0;\n";
    let other = set(&[A, ("002_b", up, "DROP TABLE b;")]);
    assert_snapshot!(refused(&other, &mut client, Repair::SkipStatement(version(2))), @"
    cannot skip a statement of 002: the statements that ran differ from the file; nothing was changed
      help: restore the statements that ran
    ");
}

#[test]
fn all_that_can_be_repaired_is_listed_and_nothing_is_changed() {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[A, B, C]).up(&mut client).unwrap();
    let up = "-- lokstra: no-transaction\nCREATE TABLE d ();\nSELECT 1/0;\n";
    let d = ("004_d", up, "DROP TABLE d;");
    set(&[A, B, C, d]).up(&mut client).unwrap_err();
    assert_snapshot!(listed(&set(&[EDITED, C, d]), &mut client), @"
    accept 001 as it is now
      before: `a`, checksum 902f5c947b00, of the down SQL 937ae32e019a
      after:  `a`, checksum ccbed980e225, of the down SQL 07e3d052acc0
    forget that 002 is applied
      before: `b`, checksum 82415ef6a49d, of the down SQL 9d57da54d873
      after:  no row; its objects stay in the database
    discard the progress of 004
      before: 1 of 2 statements of its up script are done
      after:  not begun; the changes of its statements stay in the database
    skip a statement of 004
      before: 1 of 2 statements of its up script are done; next is migrations/004_d.up.sql:3: SELECT 1/0
      after:  2 of 2 statements of its up script are done
    ");
    assert_eq!(versions(&mut client), "1 2 3");
}

#[test]
fn a_history_without_fault_has_nothing_to_repair() {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[A, B]).up(&mut client).unwrap();
    assert_eq!(listed(&set(&[A, B, C]), &mut client), "");
}

#[test]
fn a_repair_waits_for_a_running_migration() {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[A]).up(&mut client).unwrap();
    let url = database.url().to_owned();
    let slow = std::thread::spawn(move || {
        set(&[A, ("002_slow", "SELECT pg_sleep(0.6)", "SELECT 1")]).up_url(&url)
    });
    wait_until(|| lokstra_test_support::advisory_locks(&mut client) != "0");
    let edited = set(&[EDITED, ("002_slow", "SELECT pg_sleep(0.6)", "SELECT 1")]);
    let mut waited = false;
    let listen = |event: &lokstra::Event<'_>| {
        waited |= matches!(event, lokstra::Event::Waiting { holder: Some(_), .. });
    };
    edited.migrator().on_event(listen).repair(&mut client, Repair::Accept(version(1))).unwrap();
    assert!(waited);
    slow.join().unwrap().unwrap();
    assert!(edited.up(&mut client).unwrap().warnings.is_empty());
}

#[test]
fn what_the_caller_had_set_stays() {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[A]).up(&mut client).unwrap();
    client.batch_execute("SET statement_timeout = '9s'").unwrap();
    set(&[EDITED]).migrator().repair(&mut client, Repair::Accept(version(1))).unwrap();
    assert_eq!(column(&mut client, "SHOW statement_timeout"), "9s");
    assert_eq!(lokstra_test_support::advisory_locks(&mut client), "0");
}

#[test]
fn many_at_once_repair_once() {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[A]).up(&mut client).unwrap();
    let edited = set(&[EDITED]);
    let done = std::thread::scope(|scope| {
        let run = || {
            let mut client = database.client().unwrap();
            edited.migrator().repair(&mut client, Repair::Accept(version(1))).is_ok()
        };
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).filter(|&done| done).count()
    });
    assert_eq!(done, 1);
}
