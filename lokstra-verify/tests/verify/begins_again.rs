//! After a finding, the next check begins with what the up scripts alone have made.

use insta::assert_snapshot;
use lokstra_verify::Verifier;

use crate::support::{database, pool, set, told, verify, version};

const USERS: &str = "CREATE TABLE users (id int PRIMARY KEY);";

#[test]
fn what_one_down_leaves_is_not_reported_of_the_next_migrations() {
    let found = verify(&set(&[
        ("001_users", USERS, "DROP TABLE users;"),
        ("002_left", "CREATE TABLE a (id int);", "ALTER TABLE a ADD COLUMN more int;"),
        ("003_fine", "CREATE VIEW v AS SELECT id FROM a;", "DROP VIEW v;"),
        ("004_rows", "INSERT INTO users VALUES (1);", "DELETE FROM users WHERE id = 2;"),
        ("005_last", "ALTER TABLE a ADD COLUMN more int;", "ALTER TABLE a DROP COLUMN more;"),
    ]));
    assert_snapshot!(told(&found), @r#"
    migrations/002_left.down.sql: 002_left is not undone by its down
      table public.a is still there
        help: DROP TABLE public.a;
      so it cannot be applied again: relation "a" already exists
    migrations/004_rows.down.sql: 004_rows is not undone by its down
      table public.users has 1 row more: 1 instead of 0
        help: delete in the down script what the up script inserted
      so it cannot be applied again: duplicate key value violates unique constraint "users_pkey"
    migrations: of 5 migrations verified, 2 are not reversible: 002, 004
    "#);
}

#[test]
fn settings_of_the_database_survive_a_finding() {
    // Each in pieces, as the words would be refused beside another database.
    let setting = |what: &str| {
        format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATA' || 'BASE %I {what}', current_database()); END $$;"
        )
    };
    let (set_it, reset) = (setting("SET work_mem = 8192"), setting("RESET work_mem"));
    let found = verify(&set(&[
        ("001_memory", &set_it, &reset),
        ("002_left", USERS, "SELECT 1;"),
        ("003_default", &reset, &set_it),
    ]));
    let failed = found.checks().filter(|check| check.is_failure());
    assert_eq!(failed.map(|check| check.version).collect::<Vec<_>>(), [version(2)]);
}

#[test]
fn rows_are_put_in_once_between_what_is_verified_and_what_is_not() {
    let set = set(&[
        ("001_users", USERS, "DROP TABLE users;"),
        ("002_left", "CREATE TABLE a (id int);", "SELECT 1;"),
        ("003_b", "CREATE TABLE b (id int);", "DROP TABLE b;"),
        ("004_c", "CREATE TABLE c (id int);", "DROP TABLE c;"),
    ]);
    let verifier = Verifier::new(&set).rows(version(1), "INSERT INTO users VALUES (1)");
    let verifier = verifier.verified("migrations", [version(1), version(3)]);
    let found = verifier.verify_beside(&pool(&database())).unwrap();
    let checked = found.checks().map(|check| (check.version, check.is_failure()));
    assert_eq!(checked.collect::<Vec<_>>(), [(version(2), true), (version(4), false)]);
}
