//! What is waited for, what is tried again, and for how long.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use lokstra::postgres::Client;
use lokstra::{Event, Goal, Migrations, Pool};
use lokstra_scratch::Database;

use lokstra_test_support::{
    advisory_locks, column, database, set, tables, until_one_waits_for_a_lock, versions,
    without_numbers,
};

fn one(up: &str) -> Migrations {
    set(&[("001_a", up, "SELECT 1;")])
}

/// Counts the tries of a script: what a sequence gives out, no rollback takes back.
const TRY: &str = "SELECT nextval('tries');\n";

/// How often a script with this text is tried, and how it ends.
fn tries(up: &str) -> (String, Result<lokstra::Report, lokstra::Error>) {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE SEQUENCE tries").unwrap();
    let result = one(&format!("{TRY}{up}")).up_url(database.url());
    (column(&mut client, "SELECT last_value FROM tries"), result)
}

#[test]
fn a_table_that_is_locked_for_two_seconds_is_waited_for_in_several_tries() {
    let database = database();
    let mut other = database.client().unwrap();
    other.batch_execute("CREATE TABLE t ()").unwrap();
    other.batch_execute("BEGIN; LOCK TABLE t").unwrap();
    let unlock = std::thread::spawn(move || {
        // The time is the subject: it is longer than two lock timeouts.
        std::thread::sleep(Duration::from_secs(2));
        other.batch_execute("COMMIT").unwrap();
    });
    let set = one("CREATE TABLE before (); ALTER TABLE t ADD a int;");
    let mut retries = Vec::new();
    let mut migrator = set.migrator().on_event(|event| {
        if let Event::Retrying { failure, .. } = event {
            retries.push(failure.server.sqlstate.clone());
        }
    });
    migrator.run_pool(&Pool::from_url(database.url()), Goal::Latest).unwrap();
    drop(migrator);
    unlock.join().unwrap();
    assert!((1..=3).contains(&retries.len()), "{retries:?}");
    assert!(retries.iter().all(|sqlstate| sqlstate == "55P03"));
    assert_eq!(tables(&mut database.client().unwrap()), "before t");
}

#[test]
fn the_record_of_a_script_waits_for_the_tracking_table_in_several_tries() {
    let database = database();
    let mut other = database.client().unwrap();
    let first = ("001_a", "CREATE TABLE a ();", "DROP TABLE a;");
    set(&[first]).up(&mut other).unwrap();
    // Readers get through.
    other.batch_execute("BEGIN; LOCK TABLE lokstra_core.schema_migrations IN SHARE MODE").unwrap();
    let set =
        set(&[first, ("002_b", "-- lokstra: no-transaction\nCREATE TABLE b ();", "SELECT 1;")]);
    let mut retries = Vec::new();
    let mut migrator = set.migrator().lock_timeout(Duration::from_millis(50)).on_event(|event| {
        if let Event::Retrying { failure, .. } = event {
            retries.push(failure.server.sqlstate.clone());
            other.batch_execute("COMMIT").unwrap();
        }
    });
    migrator.run_pool(&Pool::from_url(database.url()), Goal::Latest).unwrap();
    drop(migrator);
    assert_eq!(retries, ["55P03"]);
    assert_eq!(versions(&mut other), "1 2");
}

#[test]
fn a_deadlock_is_tried_again() {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE TABLE a (); CREATE TABLE b ()").unwrap();
    let mut other = database.client().unwrap();
    // Not the other one is to be the victim.
    other.batch_execute("SET deadlock_timeout = '1min'").unwrap();
    other.batch_execute("BEGIN; LOCK TABLE b").unwrap();
    let set = one("LOCK TABLE a; LOCK TABLE b; CREATE TABLE c ();");
    let mut retries = Vec::new();
    // Longer than deadlock_timeout, which would otherwise never be reached.
    let mut migrator = set.migrator().lock_timeout(Duration::from_mins(1)).on_event(|event| {
        if let Event::Retrying { failure, .. } = event {
            retries.push(failure.server.sqlstate.clone());
        }
    });
    std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            migrator.run_pool(&Pool::from_url(database.url()), Goal::Latest).unwrap();
        });
        until_one_waits_for_a_lock(&mut client);
        other.batch_execute("LOCK TABLE a; COMMIT").unwrap();
        run.join().unwrap();
    });
    drop(migrator);
    assert_eq!(retries, ["40P01"]);
    assert_eq!(tables(&mut client), "a b c");
}

#[test]
fn a_serialization_failure_is_tried_again() {
    let fails_twice = "DO $$ BEGIN
        IF currval('tries') < 3 THEN RAISE serialization_failure; END IF;
    END $$;";
    let (tries, result) = tries(fails_twice);
    assert_eq!((tries.as_str(), result.unwrap().steps.len()), ("3", 1));
}

#[test]
fn what_does_not_pass_is_given_up_after_twenty_tries() {
    let (tries, result) = tries("DO $$ BEGIN RAISE lock_not_available; END $$;");
    assert_eq!(tries, "20");
    assert_snapshot!(result.unwrap_err(), @"
    migration 001_a failed
    migrations/001_a.up.sql:2:1: lock_not_available (SQLSTATE 55P03)
      |
    2 | DO $$ BEGIN RAISE lock_not_available; END $$;
      | ^
      context: PL/pgSQL function inline_code_block line 1 at RAISE
      state: 001 was rolled back after 20 attempts; no migration is applied
      help: another session holds a lock that this migration needs: see pg_locks, and run again
    ");
}

#[test]
fn nothing_else_is_tried_again() {
    for (up, sqlstate) in [
        ("SET LOCAL statement_timeout = '50ms';\nSELECT pg_sleep(5);", "57014"),
        ("SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(5);", "57014"),
        ("CREATE TABLE t (n int UNIQUE);\nINSERT INTO t VALUES (1), (1);", "23505"),
        ("CREATE TABLE pg_catalog.nothing ();", "42501"),
        ("SELECT 1 / 0;", "22012"),
        ("DO $$ BEGIN RAISE EXCEPTION 'no'; END $$;", "P0001"),
        ("DO $$ BEGIN RAISE SQLSTATE '53100'; END $$;", "53100"),
    ] {
        let (tries, result) = tries(up);
        let error = result.unwrap_err();
        assert_eq!(error.failure().map(|f| f.server.sqlstate.as_str()), Some(sqlstate), "{error}");
        assert_eq!(tries, "1", "{up}");
    }
}

#[test]
fn a_statement_timeout_rolls_the_migration_back_and_is_gone_afterwards() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = one("CREATE TABLE t ();\nSELECT pg_sleep(20);\n");
    let started = Instant::now();
    let limit = Duration::from_millis(200);
    let error = set.migrator().statement_timeout(limit).up(&mut client).unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_snapshot!(error, @"
    migration 001_a failed
    migrations/001_a.up.sql:2:1: canceling statement due to statement timeout (SQLSTATE 57014)
      |
    2 | SELECT pg_sleep(20);
      | ^
      state: 001 was rolled back; no migration is applied
      help: it was cancelled, or exceeded statement_timeout: remove the cause and run again
    ");
    assert_eq!(
        (tables(&mut client), column(&mut client, "SHOW statement_timeout")),
        (String::new(), "0".into())
    );
}

/// A session that holds the migration lock until it is ended.
fn holder(database: &Database) -> (mpsc::Sender<()>, std::thread::JoinHandle<()>) {
    let mut blocker = database.client().unwrap();
    blocker.batch_execute("CREATE TABLE held ()").unwrap();
    blocker.batch_execute("BEGIN; LOCK TABLE held").unwrap();
    let (end, is_over) = mpsc::channel::<()>();
    let url = format!("{}?application_name=boot", database.url());
    let run = std::thread::spawn(move || {
        let set = one("ALTER TABLE held ADD a int;");
        let mut migrator = set.migrator().lock_timeout(Duration::from_mins(1));
        let end = std::thread::spawn(move || {
            is_over.recv().ok();
            blocker.batch_execute("COMMIT").unwrap();
        });
        migrator.run_pool(&Pool::from_url(url), Goal::Latest).unwrap();
        end.join().unwrap();
    });
    until_one_waits_for_a_lock(&mut database.client().unwrap());
    (end, run)
}

#[test]
fn the_wait_for_another_migrator_has_a_limit_and_names_who_holds_the_lock() {
    let database = database();
    let (end, run) = holder(&database);
    let mut client = database.client().unwrap();
    for limit in [0, 300] {
        let limit = Duration::from_millis(limit);
        let started = Instant::now();
        let set = one("ALTER TABLE held ADD a int;");
        let error = set.migrator().lock_wait(limit).up(&mut client).unwrap_err();
        assert!(started.elapsed() >= limit);
        insta::allow_duplicates! {
            assert_snapshot!(without_numbers(&error.to_string()), @"
            another migration is running: waited … s for it
              holder: pid … (boot), active for ….… s: lokstra migrations/…_a.up.sql up
              to end it: SELECT pg_terminate_backend(…);
              help: set how long a run waits with `lock_wait` (-lock-wait)
            ");
        }
    }
    end.send(()).unwrap();
    run.join().unwrap();
}

#[test]
fn who_waits_is_idle_with_no_transaction_no_snapshot_and_no_lock() {
    let database = database();
    let (end, run) = holder(&database);
    let url = format!("{}?application_name=waiter", database.url());
    let (waiting, waits) = mpsc::channel();
    let waiter = std::thread::spawn(move || {
        let set = one("ALTER TABLE held ADD a int;");
        let mut migrator = set.migrator().lock_wait(None).on_event(move |event| {
            if matches!(event, Event::Waiting { .. }) {
                waiting.send(()).ok();
            }
        });
        migrator.run_pool(&Pool::from_url(url), Goal::Latest).unwrap();
    });
    waits.recv().unwrap();
    let mut client = database.client().unwrap();
    let state = |client: &mut Client| {
        column(
            client,
            "SELECT concat(state, ' ', backend_xmin, backend_xid, xact_start,
                 (SELECT count(*) FROM pg_locks l WHERE l.pid = a.pid), ' ',
                 (SELECT count(*) FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted))
             FROM pg_stat_activity a
             WHERE datname = current_database() AND application_name = 'waiter'",
        )
    };
    let mut seen = Vec::new();
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(3) {
        seen.push(state(&mut client));
        // Between two samples.
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(seen.iter().all(|state| state.ends_with(" 0")), "it queues for a lock");
    assert!(!seen.iter().any(|state| state.starts_with("idle in")), "it has a transaction open");
    // The rest are its looks, and moments between two columns of ours.
    let idle = seen.iter().filter(|state| *state == "idle 0 0").count();
    assert!(idle * 10 > seen.len() * 9, "{idle} of {}", seen.len());
    end.send(()).unwrap();
    run.join().unwrap();
    waiter.join().unwrap();
    assert_eq!((versions(&mut client), advisory_locks(&mut client)), ("1".into(), "0".into()));
}

#[test]
fn a_step_that_gives_up_names_the_line_and_who_is_in_the_way() {
    let database = database();
    let mut blocker = database.config();
    let mut blocker = blocker.application_name("report").connect(lokstra::postgres::NoTls).unwrap();
    blocker.batch_execute("CREATE TABLE t (n int); CREATE INDEX i ON t (n)").unwrap();
    blocker.batch_execute("BEGIN; SELECT * FROM t").unwrap();
    for up in ["SELECT 1;\nALTER TABLE t ADD a int;\n", "SELECT 1;\nDROP INDEX i;\n"] {
        let mut shown = Vec::new();
        let set = one(up);
        let mut migrator =
            set.migrator().lock_timeout(Duration::from_millis(1)).on_event(|event| {
                if let Event::Retrying { attempt: 1 | 19, .. } = event {
                    shown.push(without_numbers(&event.to_string()));
                }
            });
        let error = migrator.run_pool(&Pool::from_url(database.url()), Goal::Latest).unwrap_err();
        drop(migrator);
        shown.dedup();
        insta::allow_duplicates! {
            let shown = shown.join("\n").replace("DROP INDEX i", "ALTER TABLE t ADD a int");
            assert_snapshot!(shown, @"…_a is retried (… of …): migrations/…_a.up.sql:…:…: canceling statement due to lock timeout (SQLSTATE …P…); blocked by: pid … (report), idle in transaction for ….… s: BEGIN; SELECT * FROM t; to end it: SELECT pg_terminate_backend(…);");
            let error = without_numbers(&error.to_string());
            let error = error.replace("DROP INDEX i", "ALTER TABLE t ADD a int");
            assert_snapshot!(error, @"
            migration …_a failed
            migrations/…_a.up.sql:…:…: canceling statement due to lock timeout (SQLSTATE …P…)
              |
            … | ALTER TABLE t ADD a int;
              | ^
              state: … was rolled back after … attempts; no migration is applied
              blocked by: pid … (report), idle in transaction for ….… s: BEGIN; SELECT * FROM t
              to end it: SELECT pg_terminate_backend(…);
              help: wait for it or end it, and run again
            ");
        }
    }
    blocker.batch_execute("COMMIT").unwrap();
}

#[test]
fn who_only_reads_is_not_named_as_in_the_way_of_an_index() {
    let database = database();
    let mut reader = database.client().unwrap();
    reader.batch_execute("CREATE TABLE t (n int)").unwrap();
    reader.batch_execute("BEGIN; SELECT * FROM t").unwrap();
    let mut writer = database.config();
    let mut writer = writer.application_name("writer").connect(lokstra::postgres::NoTls).unwrap();
    writer.batch_execute("BEGIN; INSERT INTO t VALUES (1)").unwrap();
    let set = one("CREATE INDEX i ON t (n);\n");
    let mut named = Vec::new();
    let mut writer = Some(writer);
    let mut reader = Some(reader);
    let mut migrator = set.migrator().lock_timeout(Duration::from_millis(1)).on_event(|event| {
        if let Event::Retrying { failure, .. } = event {
            named
                .push(failure.blocker.as_ref().is_some_and(|it| it.to_string().contains("writer")));
            // From now on no session is in the way.
            writer.take();
        }
    });
    migrator.run_pool(&Pool::from_url(database.url()), Goal::Latest).unwrap();
    drop(migrator);
    reader.take();
    assert!(named[0], "{named:?}");
}
