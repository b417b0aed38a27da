//! Several migrations in one message: each is done by itself, and reported as it is done.

use std::sync::Mutex;

use insta::assert_snapshot;
use lokstra::{Error, Event, Migrations, Report, Stop};
use lokstra_scratch::{Database, PgBouncer, PoolMode, Server};

use crate::ten::{finishes, run, runs, steps, stopped, ten, ten_with};
use lokstra_test_support::{
    advisory_locks, column, database, tables, versions, wait_until, without_times,
};

/// What a run tells, a line an event, but for the first migrations.
fn reported_from(first: i64, set: &Migrations, url: &str) -> (String, Result<Report, Error>) {
    let mut shown = Vec::new();
    let run = run(set, url, &Stop::new(), |event| shown.push(without_times(event)));
    let skipped = shown.iter().position(|line| line.contains(&format!("{first:03}_a")));
    (shown[skipped.unwrap()..].join("\n"), run)
}

fn applied(database: &Database) -> String {
    versions(&mut database.client().unwrap())
}

#[test]
fn what_the_server_says_is_reported_with_its_migration() {
    let set = ten_with(&[
        (8, "DO $$ BEGIN RAISE NOTICE 'eight'; END $$"),
        (9, "SELECT 9"),
        (10, "DO $$ BEGIN RAISE WARNING 'ten'; END $$"),
    ]);
    assert_snapshot!(reported_from(7, &set, database().url()).0, @"
    running 007_a
    applied 007_a (… ms)
    running 008_a
    008_a: NOTICE: eight
    applied 008_a (… ms)
    running 009_a
    applied 009_a (… ms)
    running 010_a
    010_a: WARNING: ten
    applied 010_a (… ms)
    10 applied, now at version 010
    ");
}

#[test]
fn so_it_is_where_the_database_keeps_notices_from_clients() {
    let database = database();
    let quiet = format!("ALTER DATABASE {} SET client_min_messages = error", database.name());
    database.client().unwrap().batch_execute(&quiet).unwrap();
    let set = ten(8, "DO $$ BEGIN RAISE NOTICE 'eight'; END $$");
    let (shown, _) = reported_from(7, &set, database.url());
    assert!(!shown.contains("NOTICE"), "{shown}");
    assert_eq!(shown.lines().count(), "running finished".split(' ').count() * 4 + 1, "{shown}");
}

#[test]
fn each_is_reported_while_the_next_one_runs() {
    let database = database();
    let mut other = database.client().unwrap();
    let mut sleeps = None;
    run(&ten(6, "SELECT pg_sleep(2)"), database.url(), &Stop::new(), |event| {
        if finishes(event, 5) {
            wait_until(|| advisory_locks(&mut other) == "1");
            sleeps = Some(versions(&mut other));
        }
    })
    .unwrap();
    assert_eq!(sleeps.unwrap(), "1 2 3 4 5");
}

#[test]
fn each_is_recorded_with_the_time_that_it_took_itself() {
    let database = database();
    ten(6, "SELECT pg_sleep(2)").up_url(database.url()).unwrap();
    let slow = "SELECT version FROM lokstra_core.schema_migrations WHERE execution_ms >= 2000";
    assert_eq!(column(&mut database.client().unwrap(), slow), "6");
}

#[test]
fn one_that_fails_is_named_with_its_line_and_those_before_it_stay() {
    let database = database();
    let (shown, run) =
        reported_from(6, &ten(7, "CREATE TABLE t7 ();\nSELECT 1 / 0;"), database.url());
    assert_snapshot!(shown, @"
    running 006_a
    applied 006_a (… ms)
    running 007_a
    running 007_a
    007_a failed, rolled back: division by zero (SQLSTATE 22012)
    migration 007_a failed
    ");
    let error = run.unwrap_err();
    assert_snapshot!(error, @"
    migration 007_a failed
    migrations/001_a.up.sql: division by zero (SQLSTATE 22012)
      state: 007 was rolled back; the database is at 006; 008 to 010 (3) were not tried
      help: fix the script and run again; applied migrations are kept
    ");
    assert_eq!(error.report().unwrap().steps.len(), 6);
    assert_eq!(applied(&database), "1 2 3 4 5 6");
    assert_eq!(tables(&mut database.client().unwrap()), "t1 t2 t3 t4 t5 t6");
}

#[test]
fn one_that_the_server_cannot_parse_keeps_none_before_it_from_being_done() {
    let database = database();
    let error =
        ten(7, "CREATE TABLE t7 ();\nCREATE TABEL u ();").up_url(database.url()).unwrap_err();
    assert!(error.to_string().contains("syntax error at or near \"TABEL\""), "{error}");
    assert_eq!(applied(&database), "1 2 3 4 5 6");
}

#[test]
fn one_that_needs_a_moment_of_its_own_gets_it() {
    let database = database();
    // now() is that of the message.
    let insert = "INSERT INTO moments VALUES (now())";
    let set = ten_with(&[
        (2, "CREATE TABLE moments (at timestamptz PRIMARY KEY)"),
        (5, insert),
        (7, insert),
        (8, insert),
    ]);
    let report = set.up_url(database.url()).unwrap();
    assert_eq!(steps(&report), (1..=10).collect::<Vec<_>>());
    assert_eq!(column(&mut database.client().unwrap(), "SELECT count(*) FROM moments"), "3");
}

#[test]
fn a_script_that_ends_its_transaction_is_found_out() {
    for sql in ["COMMIT", "COMMIT; BEGIN", "ROLLBACK; CREATE TABLE t7 ()", "COMMIT AND CHAIN"] {
        let database = database();
        let error = ten(7, sql).up_url(database.url()).unwrap_err();
        assert!(error.to_string().contains("migration 007_a"), "{sql}: {error}");
        assert_eq!(applied(&database), "1 2 3 4 5 6", "{sql}");
        assert_eq!(error.report().unwrap().steps.len(), 6);
    }
}

#[test]
fn nothing_that_one_sets_reaches_the_next() {
    let database = database();
    database
        .client()
        .unwrap()
        .batch_execute(&format!(
            "CREATE TABLE seen (version int, settings text);
             ALTER DATABASE {} SET default_transaction_isolation = serializable",
            database.name()
        ))
        .unwrap();
    let sets = "SET search_path = pg_catalog; SET lock_timeout = '7s'; SET ROLE pg_monitor;
                SET standard_conforming_strings = off; CREATE TEMP TABLE seen (a int);
                SET extra_float_digits = -15; SET DateStyle = 'German'; SET TimeZone = 'Asia/Tokyo';
                DECLARE c CURSOR WITH HOLD FOR SELECT 1; LISTEN them; SET SESSION AUTHORIZATION pg_monitor";
    let asks = |version| {
        format!(
            "INSERT INTO seen SELECT {version}, concat_ws(' ', current_setting('search_path'),
                 current_setting('lock_timeout'), current_user, session_user,
                 current_setting('standard_conforming_strings'), current_setting('DateStyle'),
                 current_setting('client_min_messages'), current_setting('transaction_isolation'),
                 (SELECT count(*) FROM pg_cursors WHERE name = 'c'),
                 (SELECT count(*) FROM pg_listening_channels()))"
        )
    };
    let set = ten_with(&[(4, &asks(4)), (5, sets), (6, &asks(6)), (7, sets), (8, &asks(8))]);
    let mut scripts = 0;
    run(&set, database.url(), &Stop::new(), |event| {
        scripts += i32::from(matches!(event, Event::StepStarted { .. }));
    })
    .unwrap();
    assert_eq!(scripts, 10, "one was refused behind the others");
    let mut client = database.client().unwrap();
    assert_eq!(column(&mut client, "SELECT version FROM seen ORDER BY 1"), "4 6 8");
    assert_eq!(column(&mut client, "SELECT count(DISTINCT settings) FROM seen"), "1");
}

#[test]
fn a_row_that_another_session_records_meanwhile_is_not_run_over() {
    let database = database();
    let mut other = database.client().unwrap();
    let error = run(&ten(5, "SELECT pg_sleep(1)"), database.url(), &Stop::new(), |event| {
        if finishes(event, 4) {
            let sleeps = "SELECT count(*) FROM pg_stat_activity \
                          WHERE wait_event = 'PgSleep' AND datname = current_database()";
            wait_until(|| column(&mut other, sleeps) == "1");
            let insert = "INSERT INTO lokstra_core.schema_migrations (version) VALUES (11)";
            other.batch_execute(insert).unwrap();
        }
    })
    .unwrap_err();
    assert_snapshot!(error, @"
    the database and these migrations disagree now; the rest was not run
      migration 011 is applied and newer than all of these migrations
        help: use the newer build that migrated this database, or a later one
      migrations/001_a.up.sql: migration 006 is not applied, but 011, which comes after it, is
        help: rename 001_a.up.sql so that its version is above 011, or allow it with `out_of_order(true)` (on the command line: -out-of-order)
      migrations/001_a.up.sql: migration 007 is not applied, but 011, which comes after it, is
        help: rename 001_a.up.sql so that its version is above 011, or allow it with `out_of_order(true)` (on the command line: -out-of-order)
      migrations/001_a.up.sql: migration 008 is not applied, but 011, which comes after it, is
        help: rename 001_a.up.sql so that its version is above 011, or allow it with `out_of_order(true)` (on the command line: -out-of-order)
      migrations/001_a.up.sql: migration 009 is not applied, but 011, which comes after it, is
        help: rename 001_a.up.sql so that its version is above 011, or allow it with `out_of_order(true)` (on the command line: -out-of-order)
      migrations/001_a.up.sql: migration 010 is not applied, but 011, which comes after it, is
        help: rename 001_a.up.sql so that its version is above 011, or allow it with `out_of_order(true)` (on the command line: -out-of-order)
    ");
    assert_eq!(applied(&database), "1 2 3 4 5 11");
}

#[test]
fn a_lock_that_is_held_for_a_moment_is_waited_for() {
    let database = database();
    let mut other = database.client().unwrap();
    other.batch_execute("CREATE TABLE busy ()").unwrap();
    other.batch_execute("BEGIN; LOCK TABLE busy").unwrap();
    let holder = Mutex::new(Some(other));
    let mut retried = 0;
    let report = run(&ten(6, "DROP TABLE busy"), database.url(), &Stop::new(), |event| {
        if let Event::Retrying { failure, .. } = event {
            assert_eq!(failure.version.get(), 6);
            retried += 1;
            // Its end lets go of the lock.
            holder.lock().unwrap().take();
        }
    })
    .unwrap();
    assert!(retried > 0);
    assert_eq!(report.steps.len(), 10);
}

#[test]
fn a_connection_that_is_lost_is_made_again_and_each_is_reported_once() {
    let database = database();
    let mut other = database.client().unwrap();
    let report = run(&ten(6, "SELECT pg_sleep(1)"), database.url(), &Stop::new(), |event| {
        if finishes(event, 5) {
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE datname = current_database() AND pid <> pg_backend_pid()";
            column(&mut other, end);
        }
    })
    .unwrap();
    assert_eq!(steps(&report), (1..=10).collect::<Vec<_>>());
    assert_eq!(applied(&database), "1 2 3 4 5 6 7 8 9 10");
}

#[test]
fn after_the_current_one_the_rest_of_the_message_is_cut_off() {
    let database = database();
    let slow = [(6, "CREATE TABLE t6 (); SELECT pg_sleep(1)"), (7, "SELECT pg_sleep(60)")];
    let (shown, error) =
        stopped(&ten_with(&slow), database.url(), 5, |event| runs(event, 6), Stop::finish_current);
    assert_snapshot!(shown, @"
    running 005_a
    applied 005_a (… ms)
    running 006_a
    stopping after 006_a
    applied 006_a (… ms)
    stopped as requested
    ");
    assert_snapshot!(error, @"
    stopped as requested
      state: 001 to 006 (6) are done; 007 to 010 (4) are left
      help: run again to continue; a count (`-steps`) starts again from here
    ");
    assert_eq!(applied(&database), "1 2 3 4 5 6");
}

#[test]
fn between_two_of_a_message_a_stop_leaves_the_next_to_a_later_run() {
    let database = database();
    let set = ten(6, "CREATE TABLE t6 (); SELECT pg_sleep(60)");
    let (shown, error) =
        stopped(&set, database.url(), 5, |event| finishes(event, 5), Stop::finish_current);
    assert_snapshot!(shown, @"
    running 005_a
    applied 005_a (… ms)
    stopped as requested
    ");
    assert_snapshot!(error, @"
    stopped as requested
      state: 001 to 005 (5) are done; 006 to 010 (5) are left
      help: run again to continue; a count (`-steps`) starts again from here
    ");
    assert_eq!(applied(&database), "1 2 3 4 5");
}

#[test]
fn now_cancels_the_one_that_runs() {
    let database = database();
    let set = ten(6, "CREATE TABLE t6 (); SELECT pg_sleep(60)");
    let (shown, error) = stopped(&set, database.url(), 5, |event| runs(event, 6), Stop::cancel);
    assert_snapshot!(shown, @"
    running 005_a
    applied 005_a (… ms)
    running 006_a
    cancelling 006_a
    006_a was cancelled, rolled back
    stopped as requested
    ");
    assert_snapshot!(error, @"
    stopped as requested
      state: 001 to 005 (5) are done; 006 to 010 (5) are left
      cancelled: 006 was rolled back; the database is at 005
      help: run again to continue; a count (`-steps`) starts again from here
    ");
    assert_eq!(applied(&database), "1 2 3 4 5");
}

#[test]
fn through_a_transaction_pooler_the_next_client_finds_a_clean_session() {
    let database = database();
    let server = Server::shared().unwrap();
    let pooler =
        PgBouncer::start(&server, PoolMode::Transaction, &[("default_pool_size", "1")]).unwrap();
    let sets = "SET search_path = pg_catalog; SET ROLE pg_monitor; CREATE TEMP TABLE left_over ()";
    let url = pooler.url(&database);
    let (shown, run) = reported_from(8, &ten(9, sets), &url);
    assert_eq!(run.unwrap().steps.len(), 10);
    assert_snapshot!(shown, @"
    running 008_a
    applied 008_a (… ms)
    running 009_a
    applied 009_a (… ms)
    running 010_a
    applied 010_a (… ms)
    10 applied, now at version 010
    ");
    let mut next = lokstra::postgres::Client::connect(&url, lokstra::postgres::NoTls).unwrap();
    let left = "SELECT concat_ws(' ', current_setting('search_path'), current_setting('role'), \
                to_regclass('left_over'), (SELECT count(*) FROM pg_prepared_statements))";
    assert_eq!(column(&mut next, left), "\"$user\", public none 0");
}
