//! A server that accepts a connection and does not answer, and what a stop gives up.

use std::io::Read;
use std::net::TcpListener;

use insta::assert_snapshot;
use lokstra::error::ConnectError;
use lokstra::{ErrorKind, Goal, Pool, Pools, Stop};

use lokstra_test_support::proxy::{Point, Proxy, Then};
use lokstra_test_support::{column, set, tables_set, wait_until};

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
    assert!(matches!(error, ConnectError::Timeout { .. }));
    assert_snapshot!(error.to_string().replace(&port.to_string(), "<port>"), @"
    no connection to 127.0.0.1:<port>/app: the server accepted the connection and did not respond within 2 s
      help: set `connect_timeout` in the connection string to wait longer
    ");
}

#[test]
fn a_stop_ends_an_attempt_to_connect_without_an_answer() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let stop = Stop::new();
    let asks = stop.clone();
    let taken = std::thread::spawn(move || {
        let connection = silent.accept().unwrap();
        asks.finish_current();
        connection
    });
    let (set, url) = (tables_set(1, ""), format!("host=127.0.0.1 port={port} connect_timeout=0"));
    let error = set.migrator().stop(stop).run_pool(&Pool::from_url(url), Goal::Latest).unwrap_err();
    assert!(matches!(error.kind(), lokstra::ErrorKind::Stopped { .. }), "{error}");
    drop(taken.join().unwrap());
}

#[test]
fn a_stop_gives_up_a_question_that_is_never_answered() {
    let database = lokstra_test_support::database();
    let proxy = Proxy::before(database.server());
    let pools = Pools::new().with_default(Pool::from_url(proxy.url(database.name())));
    let set = tables_set(1, "");
    for reads in [false, true] {
        let (stop, (thaw, frozen)) = (Stop::new(), std::sync::mpsc::channel::<()>());
        let handle = stop.clone();
        proxy.arm(0, Point::Before, move || {
            handle.finish_current();
            frozen.recv().ok();
            Then::Cut
        });
        let mut migrator = set.migrator().stop(stop);
        let error = if reads {
            migrator.status_pools(&pools).unwrap_err()
        } else {
            migrator.run_pools(&pools, Goal::Latest).unwrap_err()
        };
        assert!(matches!(error.kind(), ErrorKind::Stopped { .. }), "{error}");
        drop(thaw);
        proxy.finish();
    }
}

#[test]
fn a_second_stop_gives_up_a_script_whose_server_is_frozen() {
    let mut errors = Vec::new();
    for first_line in ["", "-- lokstra: no-transaction\n"] {
        let database = lokstra_test_support::database();
        let mut client = database.client().unwrap();
        let up = format!("{first_line}SELECT pg_sleep(20);\n");
        let set = set(&[("001_a", up.as_str(), "SELECT 1;")]);
        let stop = Stop::new();
        let mut migrator = set.migrator().stop(stop.clone());
        let backend = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
                       AND pid <> pg_backend_pid() AND wait_event = 'PgSleep'";
        let error = std::thread::scope(|scope| {
            let pool = Pool::from_url(database.url());
            let run = scope.spawn(move || migrator.run_pool(&pool, Goal::Latest).unwrap_err());
            wait_until(|| !column(&mut client, backend).is_empty());
            let pid = column(&mut client, backend);
            signal("-STOP", &pid);
            stop.finish_current();
            stop.cancel();
            let error = run.join().unwrap();
            signal("-CONT", &pid);
            error
        });
        errors.push(error.to_string());
        wait_until(|| column(&mut client, backend).is_empty());
    }
    assert_snapshot!(errors.join("\n"), @"
    the connection was lost while 001 was running: the run was asked to stop, and the server did not respond
      state: 001 is either done as a whole or not at all
      help: run again, which continues from what the history says
    the connection was lost while 001 was running: the run was asked to stop, and the server did not respond
      state: of 001, the finished statements are kept; the one that was running may have finished
      help: run again, which continues from what the history says
    ");
}

fn signal(name: &str, pid: &str) {
    assert!(std::process::Command::new("kill").args([name, pid]).status().unwrap().success());
}
