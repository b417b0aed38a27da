//! A run that is stopped: between two migrations, in the middle of one, while it waits.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use lokstra::boot::{MigrationConfig, check_db_migration};
use lokstra::postgres::Client;
use lokstra::report::Outcome;
use lokstra::{ErrorKind, Event, Goal, Migrations, Pool, Pools, Stop};

use lokstra_test_support::{
    advisory_locks, column, database, set, set_from_files, tables, version, versions, wait_until,
};

/// Long enough that a test that waits for its end would be noticed.
const LONG: &str = "CREATE TABLE b (); SELECT pg_sleep(20);";

/// With this its script is sent.
const SECOND: &str = "lokstra migrations/002_b.up.sql";

pub(crate) fn three(second: &str) -> Migrations {
    set(&[
        ("001_a", "CREATE TABLE a ();", "DROP TABLE a;"),
        ("002_b", second, "SELECT 1;"),
        ("003_c", "CREATE TABLE c ();", "DROP TABLE c;"),
    ])
}

/// Waits until a statement is running that has this text near its beginning.
pub(crate) fn until_running(client: &mut Client, text: &str) {
    let query = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
         AND pid <> pg_backend_pid() AND state = 'active' AND query LIKE '%{text}%'"
    );
    wait_until(|| column(client, &query) != "0");
}

#[test]
fn the_current_migration_is_finished_and_the_rest_is_left() {
    let database = database();
    let set = three("CREATE TABLE b (); SELECT pg_sleep(2);");
    let (stop, mut client) = (Stop::new(), database.client().unwrap());
    let heard = Mutex::new(Vec::new());
    let mut migrator = set.migrator().stop(stop.clone()).on_event(|event| {
        if matches!(event, Event::Stopping { .. } | Event::RunFinished { .. }) {
            heard.lock().unwrap().push(event.to_string());
        }
    });
    let error = std::thread::scope(|scope| {
        let pool = Pool::from_url(database.url());
        let run = scope.spawn(move || migrator.run_pool(&pool, Goal::Latest).unwrap_err());
        until_running(&mut client, SECOND);
        stop.finish_current();
        run.join().unwrap()
    });
    assert_snapshot!(error, @"
    stopped as requested
      state: 001 and 002 are done; 003 is left
      help: run again to continue; a count (`-steps`) starts again from here
    ");
    assert_eq!(error.report().unwrap().outcome, Outcome::Stopped);
    assert_eq!(error.report().unwrap().steps.len(), 2);
    assert_eq!((tables(&mut client), versions(&mut client)), ("a b".into(), "1 2".into()));
    assert_snapshot!(heard.into_inner().unwrap().join("\n"), @"
    stopping after 002_b
    stopped as requested
    ");
    set.up_url(database.url()).unwrap();
    assert_eq!(versions(&mut client), "1 2 3");
}

#[test]
fn now_cancels_the_statement_and_the_migration_is_rolled_back() {
    let database = database();
    let (set, stop, mut client) = (three(LONG), Stop::new(), database.client().unwrap());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heard);
    let mut migrator = set.migrator().stop(stop.clone()).on_event(move |event| {
        log.lock().unwrap().push(lokstra_test_support::without_times(event));
    });
    let started = Instant::now();
    let error = std::thread::scope(|scope| {
        let pool = Pool::from_url(database.url());
        let run = scope.spawn(move || migrator.run_pool(&pool, Goal::Latest).unwrap_err());
        until_running(&mut client, SECOND);
        stop.finish_current();
        wait_until(|| heard.lock().unwrap().iter().any(|line| line == "stopping after 002_b"));
        stop.cancel();
        run.join().unwrap()
    });
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_snapshot!(error, @"
    stopped as requested
      state: 001 is done; 002 and 003 are left
      cancelled: 002 was rolled back; the database is at 001
      help: run again to continue; a count (`-steps`) starts again from here
    ");
    assert_snapshot!(heard.lock().unwrap().join("\n"), @"
    3 scripts to run
    running 001_a
    applied 001_a (… ms)
    running 002_b
    stopping after 002_b
    cancelling 002_b
    002_b was cancelled, rolled back
    stopped as requested
    ");
    assert_eq!((tables(&mut client), versions(&mut client)), ("a".into(), "1".into()));
    assert_eq!(advisory_locks(&mut client), "0");
}

#[test]
fn a_borrowed_client_is_cancelled_too_and_stays_usable() {
    let database = database();
    let (set, stop, mut watch) = (three(LONG), Stop::new(), database.client().unwrap());
    let mut client = database.client().unwrap();
    client.batch_execute("SET application_name = 'mine'").unwrap();
    let error = std::thread::scope(|scope| {
        let mut migrator = set.migrator().stop(stop.clone());
        let borrowed = &mut client;
        let run = scope.spawn(move || migrator.up(borrowed).unwrap_err());
        until_running(&mut watch, SECOND);
        stop.cancel();
        run.join().unwrap()
    });
    assert!(matches!(error.kind(), ErrorKind::Stopped { cancelled: Some(_), .. }), "{error}");
    assert_eq!(versions(&mut client), "1");
    assert_eq!(column(&mut client, "SHOW application_name"), "mine");
}

#[test]
fn a_cancel_that_misses_the_server_is_reported_and_the_migration_ends() {
    let database = database();
    let mut watch = database.client().unwrap();
    // One way to the server, for one connection.
    let door = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = door.local_addr().unwrap().port();
    let server = database.server();
    let socket = server.socket_dir().join(format!(".s.PGSQL.{}", server.port()));
    std::thread::spawn(move || {
        let client = door.accept().unwrap().0;
        drop(door);
        let server = std::os::unix::net::UnixStream::connect(socket).unwrap();
        let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        std::io::copy(&mut &client, &mut &server).ok();
    });
    let url = format!("postgres://postgres@127.0.0.1:{port}/{}?sslmode=disable", database.name());
    let mut borrowed = Client::connect(&url, lokstra::postgres::NoTls).unwrap();
    let (set, stop) = (three("SELECT pg_sleep(2);"), Stop::new());
    let mut heard = Vec::new();
    let mut migrator = set.migrator().stop(stop.clone()).on_event(|event| {
        if matches!(
            event,
            Event::Stopping { .. } | Event::Warning { .. } | Event::RunFinished { .. }
        ) {
            heard.push(event.to_string());
        }
    });
    let error = std::thread::scope(|scope| {
        let run = scope.spawn(|| migrator.up(&mut borrowed).unwrap_err());
        until_running(&mut watch, SECOND);
        stop.cancel();
        run.join().unwrap()
    });
    drop(migrator);
    assert!(matches!(error.kind(), ErrorKind::Stopped { cancelled: None, .. }), "{error}");
    assert_snapshot!(heard.join("\n"), @"
    cancelling 002_b
    warning: 002 could not be cancelled and is still running: error connecting to server: Connection refused (os error 111)
    stopped as requested
    ");
    assert_eq!(versions(&mut watch), "1 2");
}

#[test]
fn a_cancelled_no_transaction_script_resumes_behind_what_is_done() {
    let database = database();
    let mut client = database.client().unwrap();
    let script = |seconds: u32| {
        format!(
            "-- lokstra: no-transaction\nINSERT INTO log VALUES (1);\n\
             INSERT INTO log SELECT 2 FROM pg_sleep({seconds});\n"
        )
    };
    client.batch_execute("CREATE TABLE log (n int)").unwrap();
    let (set, stop) = (three(&script(20)), Stop::new());
    let mut migrator = set.migrator().stop(stop.clone());
    let error = std::thread::scope(|scope| {
        let pool = Pool::from_url(database.url());
        let run = scope.spawn(move || migrator.run_pool(&pool, Goal::Latest).unwrap_err());
        until_running(&mut client, "SELECT 2");
        stop.cancel();
        run.join().unwrap()
    });
    assert_snapshot!(error, @"
    stopped as requested
      state: 001 is done; 002 and 003 are left
      cancelled: of 002, 1 of 2 statements are done and kept; the database is at 001
      help: run again to continue; a count (`-steps`) starts again from here
    ");
    assert_eq!(column(&mut client, "SELECT n FROM log"), "1");
    assert_eq!(advisory_locks(&mut client), "0");
    three(&script(0)).up_url(database.url()).unwrap();
    assert_eq!(column(&mut client, "SELECT n FROM log ORDER BY 1"), "1 2");
}

#[test]
fn a_run_that_waits_for_the_lock_or_for_a_retry_ends_at_once() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = three("ALTER TABLE t ADD a int;");
    client.batch_execute("CREATE TABLE t ()").unwrap();
    set.migrator().up_to(&mut client, version(1)).unwrap();
    let stopped_at = |kind: fn(&Event<'_>) -> bool| {
        let stop = Stop::new();
        let handle = stop.clone();
        let mut waits = 0;
        let mut migrator = set.migrator().stop(stop).on_event(move |event| {
            waits += usize::from(kind(event));
            // The pauses between the tries are long by then.
            if waits == 5 {
                handle.finish_current();
            }
        });
        let started = Instant::now();
        let error = migrator.run_pool(&Pool::from_url(database.url()), Goal::Latest).unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(6));
        error.to_string()
    };
    let mut other = database.client().unwrap();
    other.batch_execute("BEGIN; LOCK TABLE t").unwrap();
    let retry = stopped_at(|event| matches!(event, Event::Retrying { .. }));
    other.batch_execute("ROLLBACK").unwrap();
    let slow = set_with_slow_second(&database);
    let wait = stopped_at(|event| matches!(event, Event::Waiting { .. }));
    slow.join().unwrap().unwrap_err();
    assert_eq!(retry, wait);
    assert_snapshot!(wait, @"
    stopped as requested
      state: nothing is done; 002 and 003 are left
      help: run again to continue; a count (`-steps`) starts again from here
    ");
}

/// A session that holds the migration lock for a while and then fails.
fn set_with_slow_second(
    database: &lokstra_scratch::Database,
) -> std::thread::JoinHandle<Result<lokstra::Report, lokstra::Error>> {
    let url = database.url().to_owned();
    let slow = std::thread::spawn(move || three("SELECT pg_sleep(5); SELECT 1/0;").up_url(&url));
    until_running(&mut database.client().unwrap(), SECOND);
    slow
}

#[test]
fn a_run_that_was_asked_to_stop_says_so_though_everything_is_done() {
    let database = database();
    let set = three("SELECT 1;");
    let stop = Stop::new();
    let handle = stop.clone();
    let mut migrator = set.migrator().stop(stop.clone()).on_event(move |event| {
        if matches!(event, Event::StepStarted { step, .. } if step.migration.version() == version(3)) {
            handle.finish_current();
        }
    });
    let error = migrator.run_pool(&Pool::from_url(database.url()), Goal::Latest).unwrap_err();
    assert_snapshot!(error, @"
    stopped as requested
      state: 001 to 003 (3) are done; nothing is left
    ");
    assert_eq!(error.report().unwrap().outcome, Outcome::Stopped);
    assert_eq!(versions(&mut database.client().unwrap()), "1 2 3");
    let shown = |error: lokstra::Error| {
        let ErrorKind::Stopped { is_reached, .. } = error.kind() else { panic!("{error}") };
        assert!(is_reached);
    };
    let mut client = database.client().unwrap();
    shown(set.migrator().stop(stop.clone()).up(&mut client).unwrap_err());
    let config = MigrationConfig::new().stop(stop.clone());
    let pools = Pools::new().with_default(Pool::from_url(database.url()));
    shown(check_db_migration(&set, &pools, &config).unwrap_err());
    let disabled = set_from_files(&[
        ("migration.yaml", "enabled: false\n"),
        ("001_a.up.sql", "SELECT 1;"),
        ("001_a.down.sql", "SELECT 1;"),
    ]);
    shown(disabled.migrator().stop(stop.clone()).run_pools(&pools, Goal::Latest).unwrap_err());
    shown(check_db_migration(&disabled, &pools, &config).unwrap_err());
}

#[test]
fn a_cancelled_run_is_reported_as_stopped_and_the_next_one_continues() {
    let mut stopped = 0;
    for round in 0..25 {
        let database = database();
        let mut client = database.client().unwrap();
        client.batch_execute("CREATE TABLE log (n int)").unwrap();
        let scripts: Vec<_> = (1..=20)
            .map(|n| {
                let marker = if n % 2 == 0 { "-- lokstra: no-transaction\n" } else { "" };
                let up = format!(
                    "{marker}INSERT INTO log VALUES ({n});\nSELECT pg_sleep(0.003);\n\
                     INSERT INTO log VALUES (-{n});\n"
                );
                (format!("{n:03}_a"), up)
            })
            .collect();
        let scripts: Vec<_> =
            scripts.iter().map(|(name, up)| (name.as_str(), up.as_str(), "SELECT 1;")).collect();
        let (set, stop) = (set(&scripts), Stop::new());
        let mut migrator = set.migrator().stop(stop.clone());
        let result = std::thread::scope(|scope| {
            let pool = Pool::from_url(database.url());
            let run = scope.spawn(move || migrator.run_pool(&pool, Goal::Latest));
            // Another moment in each round: a cancel may come at any of them.
            std::thread::sleep(Duration::from_micros(40_000 + 7_321 * round));
            stop.cancel();
            run.join().unwrap()
        });
        if let Err(error) = result {
            assert!(matches!(error.kind(), ErrorKind::Stopped { .. }), "{error}");
            stopped += 1;
        }
        assert_eq!(advisory_locks(&mut client), "0");
        set.up_url(database.url()).unwrap();
        assert_eq!(column(&mut client, "SELECT count(n) || ' ' || sum(n) FROM log"), "40 0");
        assert_eq!(column(&mut client, "SELECT count(DISTINCT n) FROM log"), "40");
    }
    assert!(stopped > 10, "{stopped} runs were stopped");
}

#[test]
fn the_databases_behind_the_one_that_was_stopped_are_not_tried() {
    let (main, orders) = (database(), database());
    let set = set_from_files(&[
        ("01_main-db/migration.yaml", "dbpool-name: db_main\n"),
        ("01_main-db/001_a.up.sql", "CREATE TABLE a ();"),
        ("01_main-db/001_a.down.sql", "DROP TABLE a;"),
        ("02_orders-db/migration.yaml", "dbpool-name: db_orders\n"),
        ("02_orders-db/001_b.up.sql", "CREATE TABLE b ();"),
        ("02_orders-db/001_b.down.sql", "DROP TABLE b;"),
    ]);
    let pools = Pools::new().with("db_main", main.url()).with("db_orders", orders.url());
    let stop = Stop::new();
    let handle = stop.clone();
    let mut migrator = set.migrator().stop(stop).on_event(move |event| {
        if matches!(event, Event::StepStarted { .. }) {
            handle.finish_current();
        }
    });
    let error = migrator.run_pools(&pools, Goal::Latest).unwrap_err();
    assert_snapshot!(error, @"
    1 succeeded, 0 failed, 0 skipped, 1 not tried
    02_orders-db: stopped as requested
      state: nothing is done; what is pending is left
      help: run again to continue; a count (`-steps`) starts again from here
    ");
    assert_eq!(tables(&mut main.client().unwrap()), "a");
    assert_eq!(tables(&mut orders.client().unwrap()), "");
}
