//! A server that only reads.

use std::fs;
use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;
use lokstra::{Event, Goal};
use lokstra_scratch::{PrivateServer, Server, ServerOptions};

use lokstra_test_support::{build_set_unchecked, column, tables_set, wait_until};

#[test]
fn a_standby_boots_with_nothing_pending_and_else_names_the_primary() {
    let server = Server::start(&ServerOptions::new()).unwrap();
    let database = server.database().unwrap();
    tables_set(2, "").up_url(database.url()).unwrap();
    server.stop().unwrap();
    // Without a primary to follow, a standby stays at what it has.
    fs::write(server.socket_dir().join("data/standby.signal"), "").unwrap();
    server.restart().unwrap();
    assert_snapshot!(tables_set(2, "").up_url(database.url()).unwrap(), @"migrations: nothing to do, at version 002");
    assert_snapshot!(tables_set(3, "").up_url(database.url()).unwrap_err(), @"
    003 is pending and the server is a standby
      help: connect to the primary server
    ");
}

/// A standby that follows this server, which is not running.
fn standby_of(primary: &PrivateServer) -> PrivateServer {
    let options = ServerOptions::new().setting("max_standby_streaming_delay", "0");
    let socket = primary.socket_dir().display();
    let primary_at = format!("host={socket} port={} user=postgres", primary.port());
    let standby = Server::start(&options.setting("primary_conninfo", &primary_at)).unwrap();
    standby.stop().unwrap();
    let (from, to) = (primary.socket_dir().join("data"), standby.socket_dir().join("data"));
    for entry in fs::read_dir(&from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if Path::new(&name).extension().is_some_and(|it| it == "conf" || it == "pid") {
            continue;
        }
        let old = to.join(&name);
        if old.is_dir() {
            fs::remove_dir_all(&old).unwrap();
        }
        let copied = Command::new("cp").arg("-a").arg(entry.path()).arg(&to).status().unwrap();
        assert!(copied.success());
    }
    fs::write(to.join("standby.signal"), "").unwrap();
    standby
}

#[test]
fn a_look_that_a_change_on_the_primary_cancels_is_tried_again() {
    let primary = Server::start(&ServerOptions::new()).unwrap();
    let database = primary.database().unwrap();
    tables_set(2, "").up_url(database.url()).unwrap();
    // A history that takes its time, so that something can come in between.
    let slow = "ALTER TABLE lokstra_core.schema_migrations RENAME TO base;
                CREATE VIEW lokstra_core.schema_migrations AS
                    SELECT b.* FROM lokstra_core.base b, (SELECT pg_sleep(1)) s";
    database.client().unwrap().batch_execute(slow).unwrap();
    primary.stop().unwrap();
    let standby = standby_of(&primary);
    primary.restart().unwrap();
    standby.restart().unwrap();
    let url = standby.url(database.name());
    let run = std::thread::spawn(move || tables_set(2, "").up_url(&url));
    let mut watch = standby.client().unwrap();
    let sleeps = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    wait_until(|| column(&mut watch, sleeps) == "1");
    let mut client = database.client().unwrap();
    client.batch_execute("BEGIN; LOCK TABLE lokstra_core.base; COMMIT").unwrap();
    assert_snapshot!(run.join().unwrap().unwrap(), @"migrations: nothing to do, at version 002");
    let cancelled = "SELECT confl_lock FROM pg_stat_database_conflicts WHERE datname = '";
    let cancelled = format!("{cancelled}{}'", database.name());
    wait_until(|| column(&mut watch, &cancelled) == "1");
}

#[test]
fn a_server_that_comes_back_as_a_standby_is_named_and_no_script() {
    for marker in ["", "-- lokstra: no-transaction\n"] {
        let server = Server::start(&ServerOptions::new()).unwrap();
        let database = server.database().unwrap();
        let mut comes_back = false;
        let set = build_set_unchecked(4, |nth| {
            format!("{}CREATE TABLE t{nth} ();", if nth == 3 { marker } else { "" })
        });
        let mut migrator = set.migrator().on_event(|event| {
            if matches!(event, Event::StepFinished { step, .. } if step.version.get() == 2)
                && !std::mem::replace(&mut comes_back, true)
            {
                server.stop().unwrap();
                fs::write(server.socket_dir().join("data/standby.signal"), "").unwrap();
                server.restart().unwrap();
            }
        });
        let error = migrator.run_pool(&database.url().into(), Goal::Latest).unwrap_err();
        drop(migrator);
        insta::allow_duplicates! { assert_snapshot!(error, @"
        003 and 004 are pending and the server is a standby
          help: connect to the primary server
          durability: 001 and 002 are committed, and it is unknown whether this survives a crash or a failover: the wait for the disk or the synchronous standby was interrupted
        "); }
    }
}

#[test]
fn a_server_that_turns_standby_within_a_step_is_named_and_no_script() {
    for marker in ["", "-- lokstra: no-transaction\n"] {
        let server = Server::start(&ServerOptions::new()).unwrap();
        let database = server.database().unwrap();
        let set = build_set_unchecked(3, |nth| {
            let sleep = if nth == 2 { "SELECT pg_sleep(600);" } else { "" };
            format!("{}{sleep}CREATE TABLE t{nth} ();", if nth == 2 { marker } else { "" })
        });
        let url = database.url().to_owned();
        let run = std::thread::spawn(move || set.up_url(&url));
        let mut watch = server.client().unwrap();
        let sleeps = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        wait_until(|| column(&mut watch, sleeps) == "1");
        server.stop().unwrap();
        fs::write(server.socket_dir().join("data/standby.signal"), "").unwrap();
        server.restart().unwrap();
        let error = run.join().unwrap().unwrap_err();
        insta::allow_duplicates! { assert_snapshot!(error, @"
        002 and 003 are pending and the server is a standby
          help: connect to the primary server
          durability: 001 is committed, and it is unknown whether this survives a crash or a failover: the wait for the disk or the synchronous standby was interrupted
        "); }
    }
}

#[test]
fn on_a_standby_a_rollback_is_not_called_pending() {
    let server = Server::start(&ServerOptions::new()).unwrap();
    let database = server.database().unwrap();
    let set = tables_set(2, "");
    set.up_url(database.url()).unwrap();
    server.stop().unwrap();
    fs::write(server.socket_dir().join("data/standby.signal"), "").unwrap();
    server.restart().unwrap();
    let pool = database.url().into();
    let refused = |goal| set.migrator().run_pool(&pool, goal).unwrap_err().to_string();
    let one = 1.try_into().unwrap();
    let shown =
        [Goal::Down(one), Goal::Redo, Goal::DownTo(lokstra_test_support::version(1))].map(refused);
    assert_snapshot!(shown.join("\n"), @"
    002 is to be rolled back and the server is a standby
      help: connect to the primary server
    002 is to be rolled back and the server is a standby
      help: connect to the primary server
    002 is to be rolled back and the server is a standby
      help: connect to the primary server
    ");
    let mut client = database.client().unwrap();
    let repair = lokstra::maintenance::Repair::Accept(lokstra_test_support::version(2));
    let error = tables_set(2, "-- edited\n").migrator().repair(&mut client, repair);
    assert_snapshot!(error.unwrap_err(), @"
    002 is to be changed in the history and the server is a standby
      help: connect to the primary server
    ");
}
