//! What a run reports while it runs: the transcript of each kind of run, in order.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use lokstra::{Event, Goal, Migrations, Migrator, Pool, Pools};
use lokstra_scratch::Database;

use lokstra_test_support::{
    advisory_locks, column, database, set, set_from_files, version, wait_until, without_numbers,
    without_times,
};

/// What one run over a connection of its own reports, a line an event.
fn transcript(migrator: Migrator<'_>, database: &Database) -> String {
    transcript_and(migrator, database, |_| ())
}

fn transcript_and<'m>(
    migrator: Migrator<'m>,
    database: &Database,
    mut react: impl FnMut(&Event<'_>) + Send + 'm,
) -> String {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heard);
    let listen = move |event: &Event<'_>| {
        let kind = format!("{event:?}");
        let kind = kind.split([' ', '{']).next().unwrap_or_default();
        log.lock().unwrap().push(format!("{kind}: {}", without_times(event)));
        react(event);
    };
    let mut migrator = migrator.on_event(listen);
    migrator.run_pool(&Pool::from_url(database.url()), Goal::Latest).ok();
    drop(migrator);
    let heard = heard.lock().unwrap();
    heard.join("\n")
}

fn three(second: &str) -> Migrations {
    set(&[
        ("001_a", "CREATE TABLE a ();", "DROP TABLE a;"),
        ("002_b", second, "SELECT 1;"),
        ("003_c", "CREATE TABLE c ();", "DROP TABLE c;"),
    ])
}

#[test]
fn a_fresh_apply_of_three() {
    let set = three("DO $$ BEGIN RAISE NOTICE 'half'; RAISE WARNING 'way'; END $$;");
    assert_snapshot!(transcript(set.migrator(), &database()), @"
    Planned: 3 scripts to run
    StepStarted: running 001_a
    StepFinished: applied 001_a (… ms)
    StepStarted: running 002_b
    Notice: 002_b: NOTICE: half
    Notice: 002_b: WARNING: way
    StepFinished: applied 002_b (… ms)
    StepStarted: running 003_c
    StepFinished: applied 003_c (… ms)
    RunFinished: 3 applied, now at version 003
    ");
}

#[test]
fn a_failure_in_the_middle_with_what_the_server_said_before() {
    let set = three("DO $$ BEGIN RAISE NOTICE 'so far'; END $$; SELECT 1 / 0;");
    assert_snapshot!(transcript(set.migrator(), &database()), @"
    Planned: 3 scripts to run
    StepStarted: running 001_a
    StepFinished: applied 001_a (… ms)
    StepStarted: running 002_b
    Notice: 002_b: NOTICE: so far
    Failed: 002_b failed, rolled back: division by zero (SQLSTATE 22012)
    RunFinished: migration 002_b failed
    ");
}

#[test]
fn nothing_to_do_and_a_rollback() {
    let database = database();
    let set = three("SELECT 1;");
    set.up_url(database.url()).unwrap();
    assert_snapshot!(transcript(set.migrator(), &database), @"RunFinished: nothing to do, at version 003");
    let mut heard = Vec::new();
    let mut migrator = set.migrator().on_event(|event| heard.push(without_times(event)));
    let two = std::num::NonZeroU32::new(2).unwrap();
    migrator.run_pool(&Pool::from_url(database.url()), Goal::Down(two)).unwrap();
    drop(migrator);
    assert_snapshot!(heard.join("\n"), @"
    2 scripts to run
    running rollback of 003_c
    rolled back 003_c (… ms)
    running rollback of 002_b
    rolled back 002_b (… ms)
    2 rolled back, now at version 001
    ");
}

#[test]
fn a_wait_names_the_holder_and_the_statement_that_would_end_it() {
    let database = database();
    let set = set(&[
        ("001_slow", "SELECT pg_sleep(2);", "SELECT 1;"),
        ("002_b", "SELECT 1;", "SELECT 1;"),
    ]);
    let (other, url) = (set.clone(), format!("{}?application_name=boot", database.url()));
    let slow =
        std::thread::spawn(move || other.migrator().run_pool(&url.into(), Goal::To(version(1))));
    let mut watch = database.client().unwrap();
    wait_until(|| advisory_locks(&mut watch) != "0");
    let shown = transcript(set.migrator(), &database);
    slow.join().unwrap().unwrap();
    let line = |line: &str| {
        if line.starts_with("Waiting") { without_numbers(line) } else { line.to_owned() }
    };
    let mut lines: Vec<_> = shown.lines().map(line).collect();
    lines.dedup();
    assert_snapshot!(lines.join("\n"), @"
    Planned: 2 scripts to run
    StepStarted: running 001_slow
    Waiting: waiting for another migration (… s of … s): pid … (boot), active for ….… s: lokstra migrations/…_slow.up.sql up; to end it: SELECT pg_terminate_backend(…);
    Waiting: waiting for another migration (… s of … s)
    Planned: 1 script to run
    StepStarted: running 002_b
    StepFinished: applied 002_b (… ms)
    RunFinished: 1 applied, now at version 002
    ");
}

#[test]
fn a_retry_after_a_lock_timeout() {
    let database = database();
    let mut blocker = database.client().unwrap();
    blocker.batch_execute("CREATE TABLE t ()").unwrap();
    blocker.batch_execute("BEGIN; LOCK TABLE t").unwrap();
    let (refused, was_refused) = std::sync::mpsc::channel();
    let release = std::thread::spawn(move || {
        was_refused.recv().unwrap();
        blocker.batch_execute("COMMIT").unwrap();
    });
    let set = three("ALTER TABLE t ADD a int;");
    let shown = transcript_and(set.migrator(), &database, move |event| {
        if matches!(event, Event::Retrying { .. }) {
            refused.send(()).unwrap();
        }
    });
    release.join().unwrap();
    let line = |line: &str| {
        if line.starts_with("Retrying") { without_numbers(line) } else { line.to_owned() }
    };
    let shown: Vec<_> = shown.lines().map(line).collect();
    assert_snapshot!(shown.join("\n"), @"
    Planned: 3 scripts to run
    StepStarted: running 001_a
    StepFinished: applied 001_a (… ms)
    StepStarted: running 002_b
    Retrying: …_b is retried (… of …): migrations/…_b.up.sql:…:…: canceling statement due to lock timeout (SQLSTATE …P…); blocked by: pid …, idle in transaction for ….… s: BEGIN; LOCK TABLE t; to end it: SELECT pg_terminate_backend(…);
    StepStarted: running 002_b
    StepFinished: applied 002_b (… ms)
    StepStarted: running 003_c
    StepFinished: applied 003_c (… ms)
    RunFinished: 3 applied, now at version 003
    ");
}

#[test]
fn a_no_transaction_script_reports_each_statement() {
    let script =
        "-- lokstra: no-transaction\nDO $$ BEGIN RAISE NOTICE 'here'; END $$;\nVACUUM a;\n";
    assert_snapshot!(transcript(three(script).migrator(), &database()), @"
    Planned: 3 scripts to run
    StepStarted: running 001_a
    StepFinished: applied 001_a (… ms)
    StepStarted: running 002_b
    Statement: 002_b: statement 1 of 2
    Notice: 002_b: NOTICE: here
    Statement: 002_b: statement 2 of 2
    StepFinished: applied 002_b (… ms)
    StepStarted: running 003_c
    StepFinished: applied 003_c (… ms)
    RunFinished: 3 applied, now at version 003
    ");
    let script = "-- lokstra: no-transaction\nSELECT 1;\nVACUUM nothing;\n";
    assert_snapshot!(transcript(three(script).migrator(), &database()), @r#"
    Planned: 3 scripts to run
    StepStarted: running 001_a
    StepFinished: applied 001_a (… ms)
    StepStarted: running 002_b
    Statement: 002_b: statement 1 of 2
    Statement: 002_b: statement 2 of 2
    Failed: 002_b failed, 1 of 2 statements are done: relation "nothing" does not exist (SQLSTATE 42P01)
    RunFinished: migration 002_b failed
    "#);
}

#[test]
fn a_disabled_database_is_skipped() {
    let database = database();
    let set = set_from_files(&[
        ("migration.yaml", "enabled: false\n"),
        ("001_a.up.sql", "SELECT 1;"),
        ("001_a.down.sql", "SELECT 1;"),
    ]);
    assert_snapshot!(transcript(set.migrator(), &database), @"Skipped: skipped: `enabled: false` in its migration.yaml");
    let mut heard = Vec::new();
    let mut migrator = set.migrator().on_event(|event| heard.push(event.to_string()));
    let pools = Pools::new().with_default(Pool::from_url(database.url()));
    migrator.run_pools(&pools, Goal::Latest).unwrap();
    drop(migrator);
    assert_eq!(heard.len(), 1);
}

#[test]
fn a_notice_arrives_while_its_statement_still_runs() {
    let database = database();
    let script = "DO $$ BEGIN RAISE NOTICE 'first'; PERFORM pg_sleep(0.6); END $$;";
    let set = set(&[("001_a", script, "SELECT 1;")]);
    let mut heard = Vec::new();
    let mut migrator = set.migrator().on_event(|event| {
        if matches!(event, Event::Notice { .. } | Event::StepFinished { .. }) {
            heard.push(Instant::now());
        }
    });
    migrator.run_pool(&Pool::from_url(database.url()), Goal::Latest).unwrap();
    drop(migrator);
    assert!(heard[1] - heard[0] > Duration::from_millis(500), "{heard:?}");
}

#[test]
fn a_borrowed_client_reports_everything_but_notices() {
    let database = database();
    let set = three("DO $$ BEGIN RAISE NOTICE 'half'; END $$;");
    let mut heard = Vec::new();
    let mut migrator = set.migrator().on_event(|event| heard.push(without_times(event)));
    migrator.up(&mut database.client().unwrap()).unwrap();
    drop(migrator);
    assert_snapshot!(heard.join("\n"), @"
    3 scripts to run
    running 001_a
    applied 001_a (… ms)
    running 002_b
    applied 002_b (… ms)
    running 003_c
    applied 003_c (… ms)
    3 applied, now at version 003
    ");
}

#[test]
fn a_run_that_fails_reports_its_warnings_all_the_same() {
    let database = database();
    let (a, b) = (("001_a", "SELECT 1;", "SELECT 1;"), ("002_b", "SELECT 1;", "SELECT 1;"));
    set(&[a, b]).up_url(database.url()).unwrap();
    let set = set(&[a, ("003_c", "SELECT 1 / 0;", "SELECT 1;")]);
    assert_snapshot!(transcript(set.migrator().allow_missing(true), &database), @"
    Planned: 1 script to run
    StepStarted: running 003_c
    Failed: 003_c failed, rolled back: division by zero (SQLSTATE 22012)
    Warning: warning: 002 is applied and unknown here, though newer ones are known
    RunFinished: migration 003_c failed
    ");
}

#[test]
fn a_slow_listener_has_the_server_wait_instead_of_filling_the_memory() {
    let database = database();
    let mut watch = database.client().unwrap();
    let notices = "DO $$ BEGIN FOR i IN 1..20000 LOOP
                       RAISE NOTICE '%', repeat('x', 2000); END LOOP; END $$";
    let set = set(&[("001_a", notices, "SELECT 1")]);
    let mut heard = 0;
    let mut migrator = set.migrator().on_event(|event| {
        if let Event::Notice { .. } = event {
            if heard == 0 {
                let waits = "SELECT count(*) FROM pg_stat_activity \
                             WHERE wait_event = 'ClientWrite' AND datname = current_database()";
                wait_until(|| column(&mut watch, waits) == "1");
            }
            heard += 1;
        }
    });
    migrator.run_pool(&Pool::from_url(database.url()), Goal::Latest).unwrap();
    drop(migrator);
    assert_eq!(heard, 20_000);
}

#[test]
fn a_listener_that_panics_while_much_is_said_ends_the_run() {
    let notices = "DO $$ BEGIN FOR i IN 1..20000 LOOP
                       RAISE NOTICE '%', repeat('x', 2000); END LOOP; END $$";
    let (set, database) = (set(&[("001_a", notices, "SELECT 1")]), database());
    let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut migrator = set.migrator().on_event(|event| {
            assert!(!matches!(event, Event::Notice { .. }), "heard one");
        });
        migrator.run_pool(&Pool::from_url(database.url()), Goal::Latest)
    }));
    assert!(run.is_err());
}
