//! A run waits for a PgBouncer that restarts, has no connection to give or no server behind it.

use std::time::Duration;

use lokstra::postgres::{Client, NoTls};
use lokstra::{Event, Goal, Pool};
use lokstra_scratch::{PgBouncer, PoolMode, Server};

use crate::pgbouncer::pgbouncer;
use lokstra_test_support::{advisory_locks, column, database, tables_set, versions, wait_until};

#[test]
fn a_pooler_that_restarts_in_the_middle_is_gone_through_again() {
    let database = database();
    let mut pooler = pgbouncer(PoolMode::Transaction, &[]);
    let url = pooler.url(&database);
    let slow = "SELECT pg_sleep(0.2);\n";
    let run = std::thread::spawn(move || tables_set(10, slow).up_url(&url));
    let mut client = database.client().unwrap();
    wait_until(|| column(&mut client, "SELECT to_regclass('t002')") != "NULL");
    pooler.restart().unwrap();
    run.join().unwrap().unwrap();
    assert_eq!(versions(&mut client), "1 2 3 4 5 6 7 8 9 10");
    assert_eq!(advisory_locks(&mut client), "0");
}

#[test]
fn a_pooler_that_has_no_connection_to_give_is_waited_for() {
    let database = database();
    let settings = [("default_pool_size", "1"), ("query_wait_timeout", "1")];
    let pooler = pgbouncer(PoolMode::Transaction, &settings);
    let url = pooler.url(&database);
    let mut other = Client::connect(&url, NoTls).unwrap();
    other.batch_execute("BEGIN").unwrap();
    let run = std::thread::spawn(move || tables_set(2, "").up_url(&url));
    // PgBouncer gives a query up after 1 s: it does so twice.
    std::thread::sleep(Duration::from_millis(2500));
    other.batch_execute("COMMIT").unwrap();
    run.join().unwrap().unwrap();
    assert_eq!(versions(&mut database.client().unwrap()), "1 2");
}

#[test]
fn a_server_behind_a_pooler_is_waited_for_too() {
    let server = Server::start(&lokstra_scratch::ServerOptions::new()).unwrap();
    let database = server.database().unwrap();
    let pooler = PgBouncer::start(&server, PoolMode::Transaction, &[]).unwrap();
    server.stop().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Longer than the first pauses between two attempts.
            std::thread::sleep(Duration::from_secs(2));
            server.restart().unwrap();
        });
        tables_set(1, "").up_url(&pooler.url(&database)).unwrap();
    });
    assert_eq!(versions(&mut database.client().unwrap()), "1");
}

#[test]
fn a_full_server_that_a_pooler_reports_with_its_own_code_is_waited_for() {
    let database = database();
    let mut client = database.client().unwrap();
    let role = format!("full_{}", database.name());
    let full = format!("CREATE ROLE {role} LOGIN CONNECTION LIMIT 0");
    client.batch_execute(&full).unwrap();
    client.batch_execute(&format!("GRANT ALL ON DATABASE {} TO {role}", database.name())).unwrap();
    client.batch_execute(&format!("GRANT ALL ON SCHEMA public TO {role}")).unwrap();
    let pooler = pgbouncer(PoolMode::Transaction, &[("user", &role)]);
    let mut refused = String::new();
    let set = tables_set(1, "");
    let mut migrator = set.migrator().on_event(|event| {
        if let Event::Connecting { error, .. } = event {
            refused.push_str(&error.to_string());
            client.batch_execute(&format!("ALTER ROLE {role} CONNECTION LIMIT -1")).unwrap();
        }
    });
    migrator.run_pool(&Pool::from_url(pooler.url(&database)), Goal::Latest).unwrap();
    drop(migrator);
    assert!(refused.contains("too many connections for role"), "{refused}");
    assert_eq!(versions(&mut client), "1");
}

#[test]
fn a_database_that_a_pooler_does_not_find_fails_at_once() {
    let database = database();
    let pooler = pgbouncer(PoolMode::Transaction, &[]);
    let url = pooler.url(&database).replace(database.name(), "nowhere");
    let started = std::time::Instant::now();
    let error = tables_set(1, "").up_url(&url).unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(10), "{error}");
    // It passes on what the server said, or says the same with a code of its own.
    assert!(error.to_string().contains(r#"database "nowhere" does not exist"#), "{error}");
}
