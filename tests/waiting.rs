//! A server that is not there yet is waited for; one that refuses is not.

mod support;

use std::io::Read;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use lokstra::{ErrorKind, Event, Goal, Pool, Pools, check_db_migrations_auto};
use lokstra_scratch::{PrivateServer, Server, ServerOptions};
use support::{tables_set, versions};

/// A server that is down, the URL of its database, and what it was told on the way.
fn stopped(options: &ServerOptions) -> (PrivateServer, String) {
    let server = Server::start(options).unwrap();
    let url = server.tcp_url("postgres").unwrap_or_else(|| server.url("postgres"));
    server.stop().unwrap();
    (server, url)
}

/// Starts the server two seconds from now, while `work` runs.
fn started_later<T>(server: &PrivateServer, work: impl FnOnce() -> T) -> T {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(2));
            server.restart().unwrap();
        });
        work()
    })
}

/// Without what differs from server to server.
fn told(error: &lokstra::Error, server: &Server) -> String {
    let told = error.to_string().replace(&server.socket_dir().display().to_string(), "<dir>");
    told.replace(&server.port().to_string(), "<port>")
}

#[test]
fn a_server_that_starts_two_seconds_later_is_waited_for_and_told_of() {
    let (server, url) = stopped(&ServerOptions::new());
    let mut heard = Vec::new();
    let report = started_later(&server, || {
        let set = tables_set(1, "");
        let mut migrator = set.migrator().on_event(|event| {
            if let Event::Connecting { error, waited } = event {
                heard.push((told(error, &server), *waited));
            }
        });
        migrator.run_pool(&Pool::from_url(&url), Goal::Latest)
    });
    assert_eq!(report.unwrap().steps.len(), 1);
    assert_snapshot!(heard[0].0, @"no connection to <dir>:<port>/postgres: error connecting to server: No such file or directory (os error 2)");
    assert!(heard.is_sorted_by_key(|(_, waited)| *waited));
}

#[test]
fn a_port_that_refuses_and_then_accepts_is_waited_for_by_every_way_in() {
    let (server, url) = stopped(&ServerOptions::new().tcp(true));
    let set = tables_set(1, "");
    started_later(&server, || set.up_url(&url).unwrap());
    server.stop().unwrap();
    let pools = Pools::new().with_default(Pool::from_url(&url));
    let summary = started_later(&server, || check_db_migrations_auto(&set, &pools).unwrap());
    assert_snapshot!(summary, @"migrations: nothing to do, at version 001");
    server.stop().unwrap();
    let statuses = started_later(&server, || set.migrator().status_pools(&pools).unwrap());
    assert_eq!(statuses[0].current(), Some(support::version(1)));
}

#[test]
fn the_wait_has_an_end() {
    let (server, url) = stopped(&ServerOptions::new().tcp(true));
    let started = Instant::now();
    let set = tables_set(1, "");
    let mut migrator = set.migrator().connect_wait(Duration::from_millis(500));
    let error = migrator.run_pool(&Pool::from_url(&url), Goal::Latest).unwrap_err();
    assert!((500..5000).contains(&started.elapsed().as_millis()));
    assert_snapshot!(told(&error, &server), @"no connection to 127.0.0.1:<port>/postgres: error connecting to server: Connection refused (os error 111)");
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
    let run = std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(Duration::from_millis(500));
            drop(clients);
        });
        let mut migrator = set.migrator().on_event(|event| {
            if let Event::Connecting { error, .. } = event {
                heard.push(error.to_string());
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
        errors.push(told(&error, &server));
    }
    assert_snapshot!(errors.join("\n"), @r#"
    no connection to 127.0.0.1:<port>/postgres: password authentication failed for user "postgres" (SQLSTATE 28P01)
    no connection to 127.0.0.1:<port>/nowhere: database "nowhere" does not exist (SQLSTATE 3D000)
    no connection to 127.0.0.1:<port>/postgres: password authentication failed for user "nobody" (SQLSTATE 28P01)
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
fn a_server_that_takes_the_connection_and_never_answers_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            std::thread::spawn(move || client.unwrap().read_to_end(&mut Vec::new()));
        }
    });
    let url = format!("postgres://me@127.0.0.1:{port}/app?connect_timeout=2");
    let error = Pool::from_url(url).connect().err().unwrap();
    assert!(matches!(error.kind(), ErrorKind::ConnectTimeout { .. }));
    assert_snapshot!(error.to_string().replace(&port.to_string(), "<port>"), @"
    no connection to 127.0.0.1:<port>/app: it was taken and not answered within 2 s
      help: `connect_timeout` in the connection string sets how long to wait
    ");
}

#[test]
fn of_several_hosts_the_one_that_is_there_is_taken() {
    let (down, _) = stopped(&ServerOptions::new().tcp(true));
    let up = Server::start(&ServerOptions::new().tcp(true)).unwrap();
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", down.port(), up.port());
    let host = format!("127.0.0.1:{}", up.port());
    let url = up.tcp_url("postgres").unwrap().replace(&host, &hosts);
    tables_set(1, "").up_url(&url).unwrap();
    let pairs = format!(
        "host=127.0.0.1,{} port={},{} user=postgres password={}",
        up.socket_dir().display(),
        down.port(),
        up.port(),
        up.password().unwrap()
    );
    assert_snapshot!(tables_set(1, "").up_url(&pairs).unwrap(), @"migrations: nothing to do, at version 001");
}
