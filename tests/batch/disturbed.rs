//! Several migrations in one message, and what comes between two of them: another migrator, a stop, a
//! listener that takes its time.

use std::time::Duration;

use insta::assert_snapshot;
use lokstra::postgres::Client;
use lokstra::{Error, Event, Migrations, Report, Stop};
use lokstra_scratch::{Server, ServerOptions};

use crate::ten::{finishes, run, runs, steps, stopped, ten, ten_with};
use lokstra_test_support::cutting::{Cut, cutting};
use lokstra_test_support::{
    advisory_locks, build_set_unchecked, column, database, versions, wait_until, without_times,
};

/// Sends this once migration 5 runs, without waiting for it.
fn beside_five(
    set: &Migrations,
    url: &str,
    (mut watch, mut other): (Client, Client),
    sql: &(dyn Fn(&str) -> String + Sync),
    stop: &Stop,
    mut listen: impl FnMut(&Event<'_>) + Send,
) -> Result<Report, Error> {
    let mut other = Some(&mut other);
    std::thread::scope(|scope| {
        run(set, url, stop, |event| {
            if runs(event, 5)
                && let Some(other) = other.take()
            {
                wait_until(|| advisory_locks(&mut watch) == "1");
                let key = "SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks \
                           WHERE locktype = 'advisory' AND granted AND database = \
                           (SELECT oid FROM pg_database WHERE datname = current_database())";
                let sql = sql(&column(&mut watch, key));
                scope.spawn(move || other.batch_execute(&sql).unwrap());
            }
            listen(event);
        })
    })
}

#[test]
fn what_another_session_did_between_two_is_not_reported() {
    let database = database();
    let clients = (database.client().unwrap(), database.client().unwrap());
    let overtake = |key: &str| {
        format!(
            "BEGIN; SELECT pg_advisory_xact_lock({key}); LOCK lokstra_core.schema_migrations;
             CREATE TABLE t6 (); INSERT INTO lokstra_core.schema_migrations (version) VALUES (6);
             COMMIT"
        )
    };
    let (set, stop) = (ten(5, "SELECT pg_sleep(1)"), Stop::new());
    let report = beside_five(&set, database.url(), clients, &overtake, &stop, |_| {}).unwrap();
    assert_eq!(steps(&report), [1, 2, 3, 4, 5, 7, 8, 9, 10]);
}

#[test]
fn where_no_notice_comes_through_the_history_shows_what_is_done() {
    let database = database();
    let url = cutting(&database, Cut::Notices, &[]);
    let error = ten(7, "SELECT 1 / 0").up_url(&url).unwrap_err();
    assert_eq!(steps(error.report().unwrap()), [1, 2, 3, 4, 5, 6]);
    let report = ten(7, "CREATE TABLE t7 ()").up_url(&url).unwrap();
    assert_eq!(steps(&report), [7, 8, 9, 10]);
}

/// What a run reports as done, on a database with this setup, where the eighth fails.
fn reported_where_messages_are_quoted(setup: &str) -> Vec<i64> {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute(&setup.replace("<database>", database.name())).unwrap();
    let error = ten(8, "CREATE TABLE t8 ();\nSELECT 1 / 0").up_url(database.url()).unwrap_err();
    assert!(error.to_string().starts_with("migration 008_a failed"), "{setup}: {error}");
    steps(error.report().unwrap())
}

#[test]
fn a_log_sent_to_the_client_says_nothing_of_what_is_done() {
    for log in ["log_statement = 'all'", "debug_print_plan = on", "log_min_duration_statement = 0"]
    {
        let reported = reported_where_messages_are_quoted(&format!(
            "ALTER DATABASE <database> SET {log}; ALTER DATABASE <database> SET client_min_messages = log"
        ));
        assert_eq!(reported, [1, 2, 3, 4, 5, 6, 7], "{log}");
    }
}

#[test]
fn a_notice_that_quotes_the_message_says_nothing_of_what_is_done() {
    let reported = reported_where_messages_are_quoted(
        "CREATE FUNCTION audit() RETURNS event_trigger LANGUAGE plpgsql AS $$
             BEGIN RAISE NOTICE '%', current_query(); END $$;
         CREATE EVENT TRIGGER audit ON ddl_command_end EXECUTE FUNCTION audit()",
    );
    assert_eq!(reported, [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn one_that_an_operator_cancels_is_not_tried_again() {
    let database = database();
    let mut watch = database.client().unwrap();
    let mut shown = Vec::new();
    let set = ten(6, "SELECT pg_sleep(60)");
    let error = run(&set, database.url(), &Stop::new(), |event| {
        shown.push(without_times(event));
        if runs(event, 6) {
            let cancel = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity \
                          WHERE wait_event = 'PgSleep' AND datname = current_database()";
            wait_until(|| column(&mut watch, cancel) == "1");
        }
    })
    .unwrap_err();
    assert_snapshot!(shown[shown.len() - 3..].join("\n"), @"
    running 006_a
    006_a failed, rolled back: canceling statement due to user request (SQLSTATE 57014)
    migration 006_a failed
    ");
    assert_snapshot!(error, @"
    migration 006_a failed
    migrations/001_a.up.sql: canceling statement due to user request (SQLSTATE 57014)
      state: 006 was rolled back; the database is at 005; 007 to 010 (4) were not tried
      help: it was cancelled, or exceeded statement_timeout: remove the cause and run again
    ");
}

#[test]
fn one_that_fails_is_reported_though_the_run_was_to_end_after_it() {
    let set = ten(6, "SELECT pg_sleep(1); SELECT 1 / 0");
    let (shown, error) =
        stopped(&set, database().url(), 6, |event| runs(event, 6), Stop::finish_current);
    assert_snapshot!(shown, @"
    running 006_a
    stopping after 006_a
    running 006_a
    stopping after 006_a
    006_a failed, rolled back: division by zero (SQLSTATE 22012)
    migration 006_a failed
    ");
    assert_eq!(steps(error.report().unwrap()), [1, 2, 3, 4, 5]);
}

#[test]
fn one_that_needs_a_moment_of_its_own_is_finished_before_the_run_ends() {
    let database = database();
    let insert = "SELECT pg_sleep(1); INSERT INTO moments VALUES (now())";
    let set = ten_with(&[
        (2, "CREATE TABLE moments (at timestamptz PRIMARY KEY)"),
        (5, "INSERT INTO moments VALUES (now())"),
        (6, insert),
    ]);
    let (_, error) = stopped(&set, database.url(), 6, |event| runs(event, 6), Stop::finish_current);
    assert_snapshot!(error, @"
    stopped as requested
      state: 001 to 006 (6) are done; 007 to 010 (4) are left
      help: run again to continue; a count (`-steps`) starts again from here
    ");
    assert_eq!(versions(&mut database.client().unwrap()), "1 2 3 4 5 6");
}

#[test]
fn a_cancel_while_the_history_is_locked_is_reported_with_what_is_left() {
    let database = database();
    let (watch, other) = (database.client().unwrap(), database.client().unwrap());
    let lock = |_: &str| {
        "BEGIN; LOCK lokstra_core.schema_migrations; SELECT pg_sleep(8); COMMIT".to_owned()
    };
    let (set, stop) = (ten(5, "SELECT pg_sleep(1)"), Stop::new());
    let error = beside_five(&set, database.url(), (watch, other), &lock, &stop, |event| {
        if runs(event, 6) {
            stop.cancel();
        }
    })
    .unwrap_err();
    assert_snapshot!(error, @"
    stopped as requested
      state: 001 to 005 (5) are done; 006 to 010 (5) are left
      cancelled: 006 was rolled back; the database is at 005
      help: run again to continue; a count (`-steps`) starts again from here
      durability: 001 to 005 (5) are committed, and it is unknown whether this survives a crash or a failover: the wait for the disk or the synchronous standby was interrupted
    ");
}

#[test]
fn a_listener_that_takes_its_time_does_not_change_whose_time_it_is() {
    let set = ten(6, "SELECT pg_sleep(2)");
    let report = run(&set, database().url(), &Stop::new(), |event| {
        if finishes(event, 5) {
            // Longer than the script that runs meanwhile.
            std::thread::sleep(Duration::from_secs(3));
        }
    })
    .unwrap();
    assert!(report.steps[5].elapsed >= Duration::from_secs(1), "{report}");
}

#[test]
fn the_recorded_time_does_not_depend_on_how_the_role_writes_fractions() {
    let database = database();
    let mut client = database.client().unwrap();
    let few = format!("ALTER DATABASE {} SET extra_float_digits = -15", database.name());
    client.batch_execute(&few).unwrap();
    ten(6, "SELECT pg_sleep(2)").up_url(database.url()).unwrap();
    let unusual = "SELECT version FROM lokstra_core.schema_migrations \
               WHERE execution_ms NOT BETWEEN 0 AND 3600000 \
                  OR version = 6 AND execution_ms < 2000";
    assert_eq!(column(&mut client, unusual), "");
}

#[test]
fn what_a_script_commits_itself_is_not_done_twice() {
    for sql in ["COMMIT", "COMMIT; BEGIN", "COMMIT; SELECT 1 / 0", "COMMIT AND CHAIN"] {
        let database = database();
        let mut client = database.client().unwrap();
        client.batch_execute("CREATE TABLE log (a int)").unwrap();
        let script = format!("INSERT INTO log VALUES (1); {sql}");
        ten(7, &script).up_url(database.url()).unwrap_err();
        assert_eq!(column(&mut client, "SELECT count(*) FROM log"), "1", "{sql}");
    }
}

#[test]
fn what_copy_sends_to_the_client_is_no_failure() {
    for count in [3, 10] {
        let database = database();
        let set = build_set_unchecked(count, |nth| match nth {
            2 => "CREATE TABLE t2 (); COPY (SELECT 1) TO STDOUT".to_owned(),
            _ => format!("CREATE TABLE t{nth} ()"),
        });
        let report = set.up_url(database.url()).unwrap();
        assert_eq!(steps(&report), (1..=count).collect::<Vec<_>>());
    }
}

#[test]
fn a_password_is_not_logged_with_the_error_of_another() {
    let database = database();
    let secret = format!("secret of {}", database.name());
    let set = ten_with(&[(6, &format!("SELECT '{secret}' AS password")), (7, "SELECT 1 / 0")]);
    set.up_url(database.url()).unwrap_err();
    let log = std::fs::read_to_string(database.server().log_file()).unwrap();
    assert!(log.contains("SELECT 1 / 0"));
    assert!(!log.contains(&secret));
}

#[test]
fn a_server_that_does_not_come_back_leaves_each_of_them_done_or_not() {
    let server = Server::start(&ServerOptions::new()).unwrap();
    let database = server.database().unwrap();
    let stop = Stop::new();
    let set = ten(6, "SELECT pg_sleep(10)");
    let error = run(&set, database.url(), &stop, |event| match event {
        Event::StepStarted { .. } if runs(event, 6) => server.kill().unwrap(),
        // Or it would be waited for.
        Event::Reconnecting { .. } => stop.finish_current(),
        _ => {}
    })
    .unwrap_err();
    let shown: Vec<_> = error.to_string().lines().skip(1).map(str::to_owned).collect();
    assert_snapshot!(shown.join("\n"), @"
    state: each of 006 to 010 is either done as a whole or not at all
    help: run again, which continues from what the history says
    durability: 001 to 005 (5) are committed, and it is unknown whether this survives a crash or a failover: the wait for the disk or the synchronous standby was interrupted
    ");
    assert!(error.to_string().starts_with("the connection was lost while 006 was running: "));
    assert_eq!(steps(error.report().unwrap()), [1, 2, 3, 4, 5]);
}
