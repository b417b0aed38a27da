//! A server that is not there yet is waited for; one that refuses is not.

use std::time::{Duration, Instant};

use insta::assert_snapshot;
use lokstra::{ErrorKind, Event, Goal, Pool, Pools};
use lokstra_scratch::{PrivateServer, Server, ServerOptions};

use lokstra_test_support::{column, set, tables_set, versions, wait_until};

/// A server that is down, and the URL of its database.
pub(crate) fn stopped(options: &ServerOptions) -> (PrivateServer, String) {
    let server = Server::start(options).unwrap();
    let url = server.tcp_url("postgres").unwrap_or_else(|| server.url("postgres"));
    server.stop().unwrap();
    (server, url)
}

/// Starts the server two seconds from now, while `work` runs.
fn started_later<T>(server: &PrivateServer, work: impl FnOnce() -> T) -> T {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // The wait is reported after one second.
            std::thread::sleep(Duration::from_secs(2));
            server.restart().unwrap();
        });
        work()
    })
}

/// Without what differs from server to server.
pub(crate) fn shown(error: &dyn std::fmt::Display, server: &Server) -> String {
    let shown = error.to_string().replace(&server.socket_dir().display().to_string(), "<dir>");
    shown.replace(&server.port().to_string(), "<port>")
}

#[test]
fn a_server_that_starts_two_seconds_later_is_waited_for_and_reported() {
    let (server, url) = stopped(&ServerOptions::new());
    let mut heard = Vec::new();
    let report = started_later(&server, || {
        let set = tables_set(1, "");
        let mut migrator = set.migrator().on_event(|event| {
            if let Event::Connecting { error, waited, .. } = event {
                heard.push((shown(&error, &server), *waited));
            }
        });
        migrator.run_pool(&Pool::from_url(&url), Goal::Latest)
    });
    assert_eq!(report.unwrap().steps.len(), 1);
    assert_snapshot!(heard[0].0, @"
    no connection to <dir>:<port>/postgres: error connecting to server: No such file or directory (os error 2)
      help: check that the server runs, listens on this port, and has this folder in unix_socket_directories
    ");
    assert!(heard.is_sorted_by_key(|(_, waited)| *waited));
}

#[test]
fn a_port_that_refuses_and_then_accepts_is_waited_for_by_every_way_in() {
    let (server, url) = stopped(&ServerOptions::new().tcp(true));
    let set = tables_set(1, "");
    started_later(&server, || set.up_url(&url).unwrap());
    server.stop().unwrap();
    let pools = Pools::new().with_default(Pool::from_url(&url));
    let summary = started_later(&server, || set.up_pools(&pools).unwrap());
    assert_snapshot!(summary.reports[0], @"migrations: nothing to do, at version 001");
    server.stop().unwrap();
    let statuses = started_later(&server, || set.migrator().status_pools(&pools).unwrap());
    assert_eq!(statuses[0].current(), Some(lokstra_test_support::version(1)));
}

#[test]
fn the_wait_has_an_end() {
    let (server, url) = stopped(&ServerOptions::new().tcp(true));
    let started = Instant::now();
    let set = tables_set(1, "");
    let mut migrator = set.migrator().connect_wait(Duration::from_millis(500));
    let error = migrator.run_pool(&Pool::from_url(&url), Goal::Latest).unwrap_err();
    assert!((500..5000).contains(&started.elapsed().as_millis()));
    assert_snapshot!(shown(&error, &server), @"
    no connection to 127.0.0.1:<port>/postgres: error connecting to server: Connection refused (os error 111)
      help: check that the server runs and listens there; inside a container, `localhost` is the container itself and not its host
    ");
}

#[test]
fn a_full_server_is_waited_for() {
    let options = ServerOptions::new()
        .setting("max_connections", "3")
        .setting("superuser_reserved_connections", "0")
        .setting("max_wal_senders", "0");
    let server = Server::start(&options).unwrap();
    let database = server.database().unwrap();
    let clients: Vec<_> = (0..3).map(|_| database.client().unwrap()).collect();
    let set = tables_set(1, "");
    let mut heard = Vec::new();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let run = std::thread::scope(|scope| {
        scope.spawn(move || {
            is_ready.recv().unwrap();
            drop(clients);
        });
        let mut migrator = set.migrator().on_event(|event| {
            if let Event::Connecting { error, .. } = event {
                heard.push(error.to_string());
                ready.send(()).ok();
            }
        });
        migrator.run_pool(&Pool::from_url(database.url()), Goal::Latest)
    });
    run.unwrap();
    assert!(heard[0].contains("too many clients"), "{heard:?}");
    assert_eq!(versions(&mut database.client().unwrap()), "1");
}

#[test]
fn what_does_not_pass_fails_at_once() {
    let server = Server::start(&ServerOptions::new().tcp(true)).unwrap();
    let url = server.tcp_url("postgres").unwrap();
    let set = tables_set(1, "");
    let mut errors = Vec::new();
    for wrong in [
        url.replace(server.password().unwrap(), "hunter2"),
        format!("{}/nowhere", url.strip_suffix("/postgres").unwrap()),
        url.replace("//postgres", "//nobody"),
        url.replace("127.0.0.1", "my@127.0.0.1"),
        format!("{url}?sslmode=full"),
    ] {
        let started = Instant::now();
        let error = set.up_url(&wrong).unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(5), "{error}");
        errors.push(shown(&error, &server));
    }
    assert_snapshot!(errors.join("\n"), @r#"
    no connection to 127.0.0.1:<port>/postgres: password authentication failed for user "postgres" (SQLSTATE 28P01)
      help: the password came from the connection string: correct it there
    no connection to 127.0.0.1:<port>/nowhere: database "nowhere" does not exist (SQLSTATE 3D000)
      help: correct its name, or create it: lokstra database create
    no connection to 127.0.0.1:<port>/postgres: password authentication failed for user "nobody" (SQLSTATE 28P01)
      help: the password came from the connection string: correct it there
    the connection string cannot be used: it is neither a URL nor a list of key=value
      help: it looks like postgres://user:password@host:5432/database, where `@`, `:`, `/`, `?` and `%` of a password are percent-encoded (`@` as %40), or like host=… dbname=… password='…'
    the connection string cannot be used: `sslmode` is not one of disable, allow, prefer, require, verify-ca and verify-full
    "#);
}

#[test]
fn a_name_that_is_not_known_is_waited_for() {
    let set = tables_set(1, "");
    let mut heard = 0;
    let mut migrator = set.migrator().connect_wait(Duration::from_millis(300)).on_event(|event| {
        heard += i32::from(matches!(event, Event::Connecting { .. }));
    });
    let url = "postgres://nobody@no-such-host.invalid/app";
    let error = migrator.run_pool(&Pool::from_url(url), Goal::Latest).unwrap_err();
    drop(migrator);
    assert!(heard > 0);
    assert!(
        error.to_string().contains("no connection to no-such-host.invalid:5432/app"),
        "{error}"
    );
}

#[test]
fn several_databases_are_waited_for_at_once_and_those_there_are_migrated() {
    let database = lokstra_test_support::database();
    let (_first, first) = stopped(&ServerOptions::new());
    let (_second, second) = stopped(&ServerOptions::new());
    let files = ["01_a", "02_b", "03_c"].map(|name| {
        [
            (format!("{name}/migration.yaml"), format!("dbpool-name: {name}\n")),
            (format!("{name}/001_t.up.sql"), "CREATE TABLE t ();\n".to_owned()),
            (format!("{name}/001_t.down.sql"), "DROP TABLE t;\n".to_owned()),
        ]
    });
    let set = lokstra_test_support::set_from_files(&files.concat());
    let pools =
        Pools::new().with("01_a", &*first).with("02_b", database.url()).with("03_c", &*second);
    let started = Instant::now();
    let mut migrator = set.migrator().connect_wait(Duration::from_secs(4));
    let error = migrator.run_pools(&pools, Goal::Latest).unwrap_err();
    assert!((4000..8000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
    assert!(error.to_string().starts_with("1 succeeded, 2 failed"), "{error}");
    assert_eq!(versions(&mut database.client().unwrap()), "1");
}

#[test]
fn a_connection_that_is_lost_is_made_again_within_the_connect_wait() {
    let server = Server::start(&ServerOptions::new()).unwrap();
    let set = set(&[("001_a", "CREATE TABLE a (); SELECT pg_sleep(20);", "DROP TABLE a;")]);
    let url = server.url("postgres");
    let mut waits = 0;
    let mut migrator = set.migrator().connect_wait(Duration::ZERO).on_event(|event| {
        waits += i32::from(matches!(event, Event::Connecting { .. }));
    });
    let error = std::thread::scope(|scope| {
        let run = scope.spawn(|| migrator.run_pool(&Pool::from_url(&url), Goal::Latest));
        let mut client = server.client().unwrap();
        let sleeps = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        wait_until(|| column(&mut client, sleeps) != "0");
        drop(client);
        server.kill().unwrap();
        run.join().unwrap().unwrap_err()
    });
    drop(migrator);
    assert!(matches!(error.kind(), ErrorKind::ConnectionLost { .. }), "{error}");
    assert_eq!(waits, 0);
}

#[test]
fn a_server_that_says_that_it_is_not_ready_is_waited_for() {
    // A standby without hot standby says 57P03 to everybody, as a server that starts does.
    let server = Server::start(&ServerOptions::new().setting("hot_standby", "off")).unwrap();
    server.stop().unwrap();
    std::fs::write(server.socket_dir().join("data/standby.signal"), "").unwrap();
    server.restart().unwrap();
    let set = tables_set(1, "");
    let mut heard = 0;
    let mut migrator = set.migrator().connect_wait(Duration::from_millis(300)).on_event(|event| {
        heard += i32::from(matches!(event, Event::Connecting { .. }));
    });
    let error =
        migrator.run_pool(&Pool::from_url(server.url("postgres")), Goal::Latest).unwrap_err();
    drop(migrator);
    assert!(heard > 1);
    assert!(error.to_string().contains("SQLSTATE 57P03"), "{error}");
}

/// A database whose sessions end when they idle for a moment, as long as the server knows that, and one that
/// is older.
fn impatient() -> (lokstra_scratch::Database, String, lokstra::postgres::Client) {
    let database = lokstra_test_support::database();
    let client = database.client().unwrap();
    if database.server().version() >= 14 {
        let sql =
            format!("ALTER DATABASE \"{}\" SET idle_session_timeout = '100ms'", database.name());
        database.client().unwrap().batch_execute(&sql).unwrap();
    }
    let url = database.url().to_owned();
    (database, url, client)
}

#[test]
fn a_wait_for_the_lock_outlives_the_sessions_that_idle_too_long() {
    let (_database, url, mut client) = impatient();
    let slow = set(&[("001_a", "CREATE TABLE a (); SELECT pg_sleep(5);", "DROP TABLE a;")]);
    std::thread::scope(|scope| {
        scope.spawn(|| slow.up_url(&url).unwrap());
        let mut held = 0;
        let mut run = |limit: Duration| {
            let mut migrator = slow.migrator().lock_wait(limit).on_event(|event| {
                held += i32::from(matches!(event, Event::Waiting { holder: Some(_), .. }));
            });
            migrator.run_pool(&Pool::from_url(&url), Goal::Latest)
        };
        wait_until(|| lokstra_test_support::advisory_locks(&mut client) != "0");
        let error = run(Duration::from_secs(1)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::LockHeld { .. }), "{error}");
        let report = run(Duration::from_mins(1)).unwrap();
        assert_snapshot!(report, @"migrations: nothing to do, at version 001");
        assert!(held > 1);
    });
}

#[test]
fn retries_outlive_the_sessions_that_idle_too_long() {
    let (_database, url, mut other) = impatient();
    other.batch_execute("CREATE TABLE t ()").unwrap();
    other.batch_execute("BEGIN; LOCK TABLE t").unwrap();
    let set = set(&[("001_a", "ALTER TABLE t ADD a int;", "ALTER TABLE t DROP a;")]);
    let mut tries = 0;
    let mut migrator = set.migrator().lock_timeout(Duration::from_millis(10)).on_event(|event| {
        tries += i32::from(matches!(event, Event::Retrying { .. }));
        // The pauses are longer than a session may idle by then.
        if tries == 7 {
            other.batch_execute("ROLLBACK").ok();
        }
    });
    migrator.run_pool(&Pool::from_url(url), Goal::Latest).unwrap();
    drop(migrator);
    assert!(tries >= 7);
}
