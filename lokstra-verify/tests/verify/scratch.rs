//! The scratch databases: where they are made, and that nothing of them stays.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::{column, set, told};
use insta::assert_snapshot;
use lokstra_runtime::Pool;
use lokstra_scratch::{PrivateServer, Server, ServerOptions};
use lokstra_verify::{Verifier, VerifyError};

/// A server without anybody else's scratch databases.
fn server() -> PrivateServer {
    Server::start(&ServerOptions::new()).unwrap()
}

fn databases(server: &Server) -> String {
    let query = "SELECT datname FROM pg_database WHERE datname LIKE 'lokstra%' ORDER BY 1";
    column(&mut server.client().unwrap(), query)
}

fn one() -> lokstra_runtime::Migrations {
    set(&[("001_a", "CREATE TABLE a ();", "DROP TABLE a;")])
}

#[test]
fn the_scratch_database_is_dropped_and_the_named_one_is_not_touched() {
    let server = server();
    let target = server.database().unwrap();
    let mut names = String::new();
    let set = one();
    let found = Verifier::new(&set)
        .on_check(|_| names = databases(&server))
        .verify_beside(&Pool::from_url(target.url()))
        .unwrap();
    assert!(!found.is_failure());
    assert!(names.starts_with("lokstra_verify_"), "{names}");
    assert_eq!(databases(&server), "");
    let schemas = "SELECT to_regclass('a'), to_regnamespace('lokstra_core')";
    assert_eq!(column(&mut target.client().unwrap(), schemas), "NULL");
}

#[test]
fn the_scratch_database_is_dropped_also_when_it_panics() {
    let server = server();
    let pool = Pool::from_url(server.url("postgres"));
    let set = one();
    let verifier = Verifier::new(&set).on_check(|_| panic!("on purpose"));
    catch_unwind(AssertUnwindSafe(|| verifier.verify_beside(&pool))).unwrap_err();
    assert_eq!(databases(&server), "");
}

#[test]
fn what_a_killed_run_left_is_dropped_when_it_is_old_and_unused() {
    let server = server();
    let now = "SELECT extract(epoch FROM now())::bigint";
    let now: i64 = column(&mut server.client().unwrap(), now).parse().unwrap();
    let name = |age, nth| format!("lokstra_verify_{}_{}_{nth}", now - age, std::process::id());
    let [old, used, young, kept] = [
        name(4000, 1),
        name(4000, 2),
        name(60, 3),
        name(4000, 4).replace("verify_", "verify_kept_"),
    ];
    let mut client = server.client().unwrap();
    for name in [&old, &used, &young, &kept] {
        client.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    }
    let _session = Pool::from_url(server.url(&used)).connect().unwrap();
    let pool = Pool::from_url(server.url("postgres"));
    assert!(!Verifier::new(&one()).verify_beside(&pool).unwrap().is_failure());
    let mut left = [used, young, kept];
    left.sort();
    assert_eq!(databases(&server), left.join(" "));
}

#[test]
fn a_scratch_database_can_be_kept_to_look_into_it() {
    let server = server();
    let pool = Pool::from_url(server.url("postgres"));
    let set = one();
    let found = Verifier::new(&set).keep(true).verify_beside(&pool).unwrap();
    let kept = databases(&server);
    assert_eq!(found.databases[0].kept.as_deref(), Some(kept.as_str()));
    assert!(told(&found).ends_with(&format!("\n  kept: database {kept}")), "{found}");
    let mut client = pool.sibling(&kept).connect().unwrap();
    assert_eq!(column(&mut client, "SELECT to_regclass('a')"), "a");
}

#[test]
fn it_is_made_like_the_database_that_is_named() {
    let server = server();
    let target = server.database_with("ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'").unwrap();
    let set = set(&[(
        "001_a",
        "DO $$ BEGIN ASSERT current_setting('server_encoding') = 'SQL_ASCII'; END $$;",
        "SELECT 1;",
    )]);
    let found = Verifier::new(&set).verify_beside(&Pool::from_url(target.url())).unwrap();
    assert_snapshot!(told(&found), @"migrations: 1 migration is undone by its down");
}

#[test]
fn beside_a_target_roles_are_refused_before_anything_runs() {
    let server = server();
    let pool = Pool::from_url(server.url("postgres"));
    let set = set(&[
        (
            "001_app",
            "SELECT 1;\nCREATE ROLE app;\nCREATE TABLE a ();",
            "DROP TABLE a; DROP ROLE app;",
        ),
        ("002_grant", "GRANT CONNECT ON DATABASE shop TO app;", "SELECT 1;"),
    ]);
    let refused = Verifier::new(&set).verify_beside(&pool).unwrap_err();
    assert!(matches!(refused, VerifyError::Outside(_)));
    assert_snapshot!(refused, @"
    on the server of the target, scripts must not change what other databases use
      migrations/001_app.up.sql:2: this statement changes a role
      migrations/001_app.down.sql:1: this statement changes a role
      migrations/002_grant.up.sql:1: this statement changes a database by its name
      help: verify on a throw-away server, where all roles and databases are its own
    ");
    let roles = "SELECT count(*) FROM pg_roles WHERE rolname = 'app'";
    assert_eq!(column(&mut server.client().unwrap(), roles), "0");
}

#[test]
fn on_a_throw_away_server_roles_are_compared_too() {
    let set = set(&[
        ("001_app", "CREATE ROLE app;", "DROP ROLE app;"),
        (
            "002_bob",
            "CREATE ROLE bob LOGIN; GRANT app TO bob; ALTER ROLE app SET search_path = a;",
            "REVOKE app FROM bob;",
        ),
    ]);
    let found = Verifier::new(&set).verify_on_throw_away_server().unwrap();
    assert_snapshot!(told(&found), @r#"
    migrations/002_bob.down.sql: 002_bob is not undone by its down
      role app is changed
        settings: search_path=a, was none
        help: put it back in the down script
      role bob is still there
        help: DROP ROLE bob;
      so it cannot be applied again: role "bob" already exists
    migrations: of 2 migrations verified, 1 is not reversible: 002
    "#);
}

#[test]
fn a_role_that_may_not_create_databases_is_reported() {
    let server = server();
    server.client().unwrap().batch_execute("CREATE ROLE app LOGIN").unwrap();
    let url = server.url("postgres").replace("postgres@", "app@");
    let refused = Verifier::new(&one()).verify_beside(&Pool::from_url(url)).unwrap_err();
    assert_snapshot!(refused, @"
    cannot create the scratch database: permission denied to create database (SQLSTATE 42501)
      help: use a role that has CREATEDB, over a direct connection, or use a throw-away server
    ");
}

#[test]
fn a_role_that_is_no_superuser_can_verify() {
    let server = server();
    server.client().unwrap().batch_execute("CREATE ROLE app LOGIN CREATEDB").unwrap();
    let url = server.url("postgres").replace("postgres@", "app@");
    let set =
        set(&[("001_a", "CREATE TABLE a (id serial); INSERT INTO a DEFAULT VALUES;", "SELECT 1;")]);
    let found = Verifier::new(&set).verify_beside(&Pool::from_url(url)).unwrap();
    assert_snapshot!(told(&found), @r#"
    migrations/001_a.down.sql: 001_a is not undone by its down
      table public.a is still there
        help: DROP TABLE public.a;
      so it cannot be applied again: relation "a" already exists
    migrations: of 1 migration verified, 1 is not reversible: 001
    "#);
    assert_eq!(databases(&server), "");
}

#[test]
fn a_database_that_is_not_in_the_set_is_reported() {
    let set = one();
    let pool = Pool::from_url("postgres://nowhere.invalid/db");
    let unknown = Verifier::new(&set).database("02_orders").verify_beside(&pool).unwrap_err();
    assert_snapshot!(unknown, @"
    there is no database `02_orders`
      databases: migrations
    ");
}

#[test]
fn a_stop_ends_it_behind_the_current_migration_and_drops_the_database() {
    let server = server();
    let pool = Pool::from_url(server.url("postgres"));
    let set = set(&[
        ("001_a", "CREATE TABLE a ();", "DROP TABLE a;"),
        ("002_b", "CREATE TABLE b ();", "DROP TABLE b;"),
    ]);
    let (stop, mut checked) = (lokstra_runtime::Stop::new(), 0);
    let asked = stop.clone();
    let stopped = Verifier::new(&set)
        .stop(stop)
        .on_check(|_| {
            checked += 1;
            asked.finish_current();
        })
        .verify_beside(&pool);
    assert_snapshot!(stopped.unwrap_err(), @"stopped; the scratch database is dropped");
    assert_eq!((checked, databases(&server)), (1, String::new()));
}
