//! The upgrade of a table waits for the lock, and the run knows what happened meanwhile.

use std::num::NonZeroU32;

use lokstra::postgres::Client;
use lokstra::{ErrorKind, Event, Goal, Pool, Stop};

use lokstra_test_support::{column, database, tables_set, versions, wait_until};

/// A table as the Go framework makes it, with these versions, whose upgrade is due.
fn go_history(client: &mut Client, versions: &str) {
    client
        .batch_execute(&format!(
            "CREATE SCHEMA lokstra_core; CREATE TABLE lokstra_core.schema_migrations (
                 version INTEGER PRIMARY KEY, applied_at TIMESTAMP DEFAULT NOW(), description TEXT);
             INSERT INTO lokstra_core.schema_migrations (version, description)
                 SELECT v, 't' FROM unnest(ARRAY[{versions}]) v"
        ))
        .unwrap();
}

/// Takes the migration lock as another run does.
fn hold_lock(client: &mut Client) {
    let key = "SELECT objid::bigint | (classid::bigint << 32) FROM pg_locks
               JOIN pg_database d ON d.oid = database AND datname = current_database()
               WHERE locktype = 'advisory'";
    let database = database();
    let url = database.url().to_owned();
    let run = std::thread::spawn(move || tables_set(1, "SELECT pg_sleep(0.5);\n").up_url(&url));
    let mut other = database.client().unwrap();
    let mut found = String::new();
    wait_until(|| {
        found = column(&mut other, key);
        !found.is_empty()
    });
    run.join().unwrap().unwrap();
    client.batch_execute(&format!("SELECT pg_advisory_lock({found})")).unwrap();
}

#[test]
fn a_stop_ends_the_wait_for_the_upgrade_of_a_table() {
    let database = database();
    let mut client = database.client().unwrap();
    go_history(&mut client, "1");
    hold_lock(&mut client);
    let (set, stop) = (tables_set(1, ""), Stop::new());
    let asks = stop.clone();
    let mut migrator = set.migrator().stop(stop).lock_wait(None).on_event(move |event| {
        if matches!(event, Event::Waiting { .. }) {
            asks.cancel();
        }
    });
    let error = migrator.run_pool(&Pool::from_url(database.url()), Goal::Latest).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Stopped { .. }), "{error}");
}

#[test]
fn a_count_is_not_reached_from_elsewhere_while_a_table_is_upgraded() {
    let database = database();
    let mut client = database.client().unwrap();
    go_history(&mut client, "1, 2, 3");
    client.batch_execute("CREATE TABLE t001 (); CREATE TABLE t002 ()").unwrap();
    hold_lock(&mut client);
    let set = tables_set(3, "");
    let (waits, wait) = std::sync::mpsc::channel();
    let error = std::thread::scope(|scope| {
        let mut migrator = set.migrator().on_event(move |event| {
            if matches!(event, Event::Waiting { .. }) {
                waits.send(()).ok();
            }
        });
        let pool = Pool::from_url(database.url());
        let run = scope.spawn(move || migrator.run_pool(&pool, Goal::Down(NonZeroU32::MIN)));
        wait.recv().unwrap();
        // What another operator's rollback leaves.
        let moved = "DELETE FROM lokstra_core.schema_migrations WHERE version = 3";
        client.batch_execute(&format!("{moved}; SELECT pg_advisory_unlock_all()")).unwrap();
        run.join().unwrap().unwrap_err()
    });
    assert!(matches!(error.kind(), ErrorKind::ConcurrentChange { .. }), "{error}");
    assert_eq!(versions(&mut client), "1 2");
}
