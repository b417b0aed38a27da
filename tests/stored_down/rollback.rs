//! The down SQL that the database keeps: an older build takes back what a newer one applied.

use insta::assert_snapshot;
use lokstra::postgres::Client;
use lokstra::{Event, Goal, Migrations};
use lokstra_scratch::Database;

use lokstra_test_support::{column, database, set, tables, tables_set, versions};

const A: (&str, &str, &str) = ("001_a", "CREATE TABLE a ();", "DROP TABLE a;");
const B: (&str, &str, &str) = ("002_b", "CREATE TABLE b ();", "-- gone\nDROP TABLE b;\n");

/// A database that a newer build has brought to 002.
fn newer() -> (Database, Client) {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[A, B]).up(&mut client).unwrap();
    (database, client)
}

/// What is reported of a rollback with the stored SQL before and while it runs.
fn rolled_back(build: &Migrations, client: &mut Client, goal: Goal) -> String {
    let mut shown = Vec::new();
    let listen = |event: &Event<'_>| match event {
        Event::StoredDown { step, .. } => {
            shown.push(format!("{}:\n{}", step.script().path(), step.script().text()));
        }
        Event::StepStarted { step, .. } => shown.push(format!("running {}", step.migration)),
        _ => {}
    };
    build.migrator().stored_down(true).on_event(listen).run(client, goal).unwrap();
    shown.join("\n")
}

fn refused(client: &mut Client) -> String {
    set(&[A]).migrator().stored_down(true).run(client, ONE).unwrap_err().to_string()
}

const ONE: Goal = Goal::Down(std::num::NonZeroU32::MIN);

#[test]
fn an_older_build_rolls_back_what_a_newer_one_applied_and_shows_the_sql() {
    let (_database, mut client) = newer();
    assert_snapshot!(rolled_back(&set(&[A]), &mut client, ONE), @"
    migrations/002_b.down.sql:
    -- gone
    DROP TABLE b;

    running 002_b
    ");
    assert_eq!((tables(&mut client), versions(&mut client)), ("a".into(), "1".into()));
    let kept = "SELECT version FROM lokstra_core.lokstra_down";
    assert_eq!(column(&mut client, kept), "1");
}

#[test]
fn without_being_asked_to_it_does_not() {
    let (_database, mut client) = newer();
    assert_snapshot!(set(&[A]).down(&mut client).unwrap_err(), @"
    migration 002 is applied and unknown here, so it cannot be rolled back
      help: roll it back with the build that applied it, or with the down SQL that is stored in the database: `stored_down(true)` (on the command line: -stored)
    ");
    assert_eq!(versions(&mut client), "1 2");
}

#[test]
fn a_build_that_has_the_migration_runs_its_own_sql() {
    let (_database, mut client) = newer();
    client.batch_execute("UPDATE lokstra_core.lokstra_down SET sql = 'nonsense'").unwrap();
    assert_snapshot!(rolled_back(&set(&[A, B]), &mut client, ONE), @"running 002_b");
}

#[test]
fn stored_and_embedded_rollbacks_run_in_one_go_newest_first() {
    let database = database();
    let mut client = database.client().unwrap();
    tables_set(4, "").up(&mut client).unwrap();
    let all = Goal::Down(4.try_into().unwrap());
    let shown = rolled_back(&tables_set(2, ""), &mut client, all);
    let running: Vec<_> = shown.lines().filter(|line| line.starts_with("running")).collect();
    assert_eq!(running, ["running 004_t", "running 003_t", "running 002_t", "running 001_t"]);
    assert!(shown.starts_with("migrations/004_t.down.sql:\nDROP TABLE t004;\n\nmigrations/003_t"));
    assert_eq!((tables(&mut client), versions(&mut client)), (String::new(), String::new()));
}

#[test]
fn what_only_the_database_has_is_not_applied_again() {
    let (_database, mut client) = newer();
    let error = set(&[A]).migrator().stored_down(true).run(&mut client, Goal::Redo).unwrap_err();
    assert_snapshot!(error, @"
    migration 002 is applied and unknown here, so it cannot be applied again; nothing was run
      help: redo it with the build that applied it
    ");
    assert_eq!(versions(&mut client), "1 2");
}

#[test]
fn a_stored_no_transaction_script_runs_statement_by_statement() {
    let database = database();
    let mut client = database.client().unwrap();
    let index = (
        "002_index",
        "-- lokstra: no-transaction\nCREATE INDEX CONCURRENTLY i ON t (n);\n",
        "-- lokstra: no-transaction\n\nDROP INDEX CONCURRENTLY i; -- é\nSELECT 1;\n",
    );
    let table = ("001_t", "CREATE TABLE t (n int);", "DROP TABLE t;");
    set(&[table, index]).up(&mut client).unwrap();
    rolled_back(&set(&[table]), &mut client, ONE);
    assert_eq!(column(&mut client, "SELECT to_regclass('i')"), "NULL");
    assert_eq!(versions(&mut client), "1");
}

#[test]
fn a_failure_of_the_stored_sql_shows_its_line() {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[A, ("002_b", "CREATE TABLE b ();", "SELECT 1;\nDROP TABLE bb;\n")])
        .up(&mut client)
        .unwrap();
    assert_snapshot!(refused(&mut client), @r#"
    rollback of migration 002_b failed
    migrations/002_b.down.sql:2:1: table "bb" does not exist (SQLSTATE 42P01)
      |
    2 | DROP TABLE bb;
      | ^
      state: 002 is still applied; the database is at 002
      help: fix the script and run again; applied migrations are kept
    "#);
}

#[test]
fn text_that_is_not_what_was_applied_is_not_run() {
    let (_database, mut client) = newer();
    for change in ["sql = replace(sql, ' b', ' a')", "statements = '{0,999}'"] {
        client.batch_execute(&format!("UPDATE lokstra_core.lokstra_down SET {change}")).unwrap();
        assert_eq!(
            refused(&mut client),
            "the migration that is applied as 002 is unknown here, and the stored down SQL does not \
             have the checksum of the history; nothing was run\n  help: roll it back with the build \
             that applied it"
        );
    }
    assert_eq!(tables(&mut client), "a b");
}

#[test]
fn what_is_not_stored_is_reported() {
    let (_database, mut client) = newer();
    client.batch_execute("DELETE FROM lokstra_core.lokstra_down").unwrap();
    assert_snapshot!(refused(&mut client), @"
    the migration that is applied as 002 is unknown here, and the database has no down SQL of it; nothing was run
      help: roll it back with the build that applied it
    ");
    client.batch_execute("DROP TABLE lokstra_core.lokstra_down").unwrap();
    assert!(refused(&mut client).contains("the database has no down SQL of it"));
}

#[test]
fn a_script_of_more_than_a_mebibyte_is_not_stored_and_reported() {
    let database = database();
    let mut client = database.client().unwrap();
    let long = format!("DROP TABLE b; -- {}\n", "x".repeat(1 << 20));
    let build = set(&[(A.0, A.1, A.2), (B.0, B.1, &long)]);
    let report = build.up(&mut client).unwrap();
    assert_snapshot!(report.warnings[0], @"the down SQL of 002 is not stored in the database: it is longer than 1 MiB");
    assert_eq!(report.warnings.len(), 1);
    assert_snapshot!(refused(&mut client), @"
    the migration that is applied as 002 is unknown here, and its down SQL was too long to be stored, or not in the encoding; nothing was run
      help: roll it back with the build that applied it
    ");
    build.down(&mut client).unwrap();
}

#[test]
fn a_database_of_another_encoding_keeps_what_it_can() {
    let database = database();
    let mut admin = database.client().unwrap();
    let name = format!("{}_latin1", database.name());
    admin
        .batch_execute(&format!(
            "CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
        ))
        .unwrap();
    let mut config = database.config();
    let mut client = config.dbname(&name).connect(lokstra::postgres::NoTls).unwrap();
    let report = set(&[A, (B.0, B.1, "DROP TABLE b; -- 漢\n")]).up(&mut client).unwrap();
    assert_snapshot!(report.warnings[0], @"the down SQL of 002 is not stored in the database: the encoding of the database may lack some of its characters");
    drop(client);
    admin.batch_execute(&format!("DROP DATABASE {name}")).unwrap();
}

#[test]
fn the_record_and_the_stored_sql_are_committed_together() {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[A]).up(&mut client).unwrap();
    set(&[A, ("002_b", "CREATE TABLE b (); SELECT 1/0;", "DROP TABLE b;")])
        .up(&mut client)
        .unwrap_err();
    assert_eq!(column(&mut client, "SELECT version FROM lokstra_core.lokstra_down"), "1");
}

#[test]
fn a_migration_that_is_applied_again_has_its_newer_down_sql_stored() {
    let (_database, mut client) = newer();
    client.batch_execute("DELETE FROM lokstra_core.schema_migrations WHERE version = 2").unwrap();
    client.batch_execute("DROP TABLE b").unwrap();
    set(&[A, ("002_b", B.1, "DROP TABLE IF EXISTS b;")]).up(&mut client).unwrap();
    let sql = "SELECT sql FROM lokstra_core.lokstra_down WHERE version = 2";
    assert_eq!(column(&mut client, sql), "DROP TABLE IF EXISTS b;");
}

#[test]
fn two_histories_of_one_schema_keep_their_own() {
    let database = database();
    let mut client = database.client().unwrap();
    let other = set(&[("001_c", "CREATE TABLE c ();", "DROP TABLE c;")]);
    set(&[A]).up(&mut client).unwrap();
    let billing = || other.migrator().table("billing".parse().unwrap());
    billing().up(&mut client).unwrap();
    let kept = "SELECT history || ' ' || sql FROM lokstra_core.lokstra_down ORDER BY 1";
    assert_eq!(
        column(&mut client, kept),
        "lokstra_core.billing DROP TABLE c; lokstra_core.schema_migrations DROP TABLE a;"
    );
    billing().down(&mut client, 1.try_into().unwrap()).unwrap();
    assert_eq!(column(&mut client, kept), "lokstra_core.schema_migrations DROP TABLE a;");
}

#[test]
fn two_sets_that_boot_at_once_on_a_fresh_database_both_make_the_tables() {
    for _ in 0..10 {
        let database = database();
        std::thread::scope(|scope| {
            for number in 1..=4 {
                let database = &database;
                scope.spawn(move || {
                    let up = format!("CREATE TABLE s{number} ();");
                    let down = format!("DROP TABLE s{number};");
                    let build = set(&[("001_s", &up, &down)]);
                    let table = format!("history_{number}").parse().unwrap();
                    let mut client = database.client().unwrap();
                    build.migrator().table(table).up(&mut client).unwrap();
                });
            }
        });
        let mut client = database.client().unwrap();
        assert_eq!(tables(&mut client), "s1 s2 s3 s4");
        assert_eq!(column(&mut client, "SELECT count(*) FROM lokstra_core.lokstra_down"), "4");
    }
}

#[test]
fn of_several_databases_each_takes_back_its_own() {
    let database = database();
    let files = |versions: &[&str]| {
        let mut files = Vec::new();
        for name in ["first", "second"] {
            let yaml = format!("dbpool-name: {name}\nschema-table: {name}\n");
            files.push((format!("{name}/migration.yaml"), yaml));
            for version in versions {
                let table = format!("{name}{version}");
                let file = |direction| format!("{name}/{version}_t.{direction}.sql");
                files.push((file("up"), format!("CREATE TABLE {table} ();")));
                files.push((file("down"), format!("DROP TABLE {table};")));
            }
        }
        lokstra_test_support::set_from_files(&files)
    };
    let pool = || lokstra::Pool::from_url(database.url());
    let pools = lokstra::Pools::new().with("first", pool()).with("second", pool());
    files(&["001", "002"]).up_pools(&pools).unwrap();
    let older = files(&["001"]);
    older.migrator().run_pools(&pools, ONE).unwrap_err();
    older.migrator().stored_down(true).run_pools(&pools, ONE).unwrap();
    assert_eq!(tables(&mut database.client().unwrap()), "first001 second001");
}

#[test]
fn what_stays_applied_is_ahead_of_this_build_and_not_missing_in_it() {
    let database = database();
    let mut client = database.client().unwrap();
    tables_set(3, "").up(&mut client).unwrap();
    let one = std::num::NonZeroU32::MIN;
    let report = tables_set(1, "").migrator().stored_down(true).down(&mut client, one).unwrap();
    let warnings: Vec<_> = report.warnings.iter().map(ToString::to_string).collect();
    assert_snapshot!(warnings.join("\n"), @"002 is applied and unknown here: the database is ahead of these migrations");
}

#[test]
fn a_refusal_of_the_stored_sql_ends_the_run_with_event_and_report() {
    let (_database, mut client) = newer();
    client.batch_execute("DELETE FROM lokstra_core.lokstra_down").unwrap();
    let (build, mut shown) = (set(&[A]), Vec::new());
    let mut migrator =
        build.migrator().stored_down(true).on_event(|event| shown.push(event.to_string()));
    let error = migrator.run(&mut client, ONE).unwrap_err();
    drop(migrator);
    assert_snapshot!(shown.join("\n"), @"the migration that is applied as 002 is unknown here, and the database has no down SQL of it; nothing was run");
    let report = error.report().unwrap();
    assert_eq!(report.current, Some(lokstra_test_support::version(2)));
    assert_eq!(report.outcome, lokstra::report::Outcome::Failed);
}

#[test]
fn a_locked_history_is_waited_for_before_the_stored_sql_is_read() {
    let (database, mut client) = newer();
    let mut other = database.client().unwrap();
    other.batch_execute("BEGIN; LOCK TABLE lokstra_core.schema_migrations").unwrap();
    let (build, mut waited) = (set(&[A]), 0);
    // The first read gives up after five seconds; the other session takes longer.
    let mut migrator = build.migrator().stored_down(true).on_event(|event| {
        if matches!(event, Event::Waiting { .. }) {
            waited += 1;
            other.batch_execute("COMMIT").unwrap();
        }
    });
    migrator.run(&mut client, ONE).unwrap();
    drop(migrator);
    assert_eq!((waited, versions(&mut client)), (1, "1".into()));
}
