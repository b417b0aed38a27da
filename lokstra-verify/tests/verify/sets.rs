//! Which migrations of a set are verified, and with which rows.

use crate::reversible::USERS;
use crate::support::{database, files_set, pool, set, told, verify, version};
use insta::assert_snapshot;
use lokstra_verify::Verifier;

#[test]
fn each_database_of_a_set_is_verified() {
    let set = files_set(&[
        ("01_main/migration.yaml", "dbpool-name: a\nschema-table: audit.main_migrations"),
        ("01_main/001_a.up.sql", "CREATE TABLE a (); CREATE TABLE audit.log ();"),
        ("01_main/001_a.down.sql", "DROP TABLE audit.log;"),
        ("02_old/migration.yaml", "dbpool-name: b\nenabled: false\nschema-table: public.versions"),
        ("02_old/001_b.up.sql", "CREATE TABLE b ();"),
        ("02_old/001_b.down.sql", "DROP TABLE b;"),
    ]);
    assert_snapshot!(told(&verify(&set)), @r#"
    migrations/01_main/001_a.down.sql: 001_a is not undone by its down
      table public.a is still there
        help: DROP TABLE public.a;
      so it cannot be applied again: relation "a" already exists
    01_main: of 1 migration verified, 1 is not reversible: 001
    02_old: 1 migration is undone by its down
    "#);
    let only = Verifier::new(&set).database("02_old").verify_beside(&pool(&database())).unwrap();
    assert_snapshot!(told(&only), @"02_old: 1 migration is undone by its down");
}

#[test]
fn a_range_of_versions_can_be_verified() {
    let set = set(&[
        ("001_a", "CREATE TABLE a ();", "SELECT 1;"),
        ("002_b", "CREATE TABLE b ();", "DROP TABLE b;"),
        ("003_c", "CREATE TABLE c ();", "SELECT 1;"),
    ]);
    let verifier = || Verifier::new(&set).from(version(2));
    let found = verifier().to(version(2)).verify_beside(&pool(&database())).unwrap();
    assert_snapshot!(told(&found), @"migrations: 1 migration is undone by its down");
    let unknown = verifier().to(version(9)).verify_beside(&pool(&database())).unwrap_err();
    assert_snapshot!(unknown, @"there is no migration 009");
}

#[test]
fn rows_put_in_behind_a_version_are_seen_by_what_follows() {
    let set = set(&[
        USERS,
        (
            "002_drop_email",
            "ALTER TABLE users DROP COLUMN email;",
            "ALTER TABLE users ADD COLUMN email varchar(50) NOT NULL;",
        ),
        ("003_posts", "CREATE TABLE posts ();", "DROP TABLE posts; DELETE FROM users;"),
    ]);
    let rows = |sql| Verifier::new(&set).rows(version(1), sql).verify_beside(&pool(&database()));
    let found = rows("INSERT INTO users (email) VALUES ('a@example.org')").unwrap();
    assert_snapshot!(told(&found), @r#"
    migrations/002_drop_email.down.sql: 002_drop_email cannot be rolled back
      rollback of migration 002_drop_email failed
      migrations/002_drop_email.down.sql:1:1: column "email" of relation "users" contains null values (SQLSTATE 23502)
        |
      1 | ALTER TABLE users ADD COLUMN email varchar(50) NOT NULL;
        | ^
        state: 002 is still applied; the database is at 002
        help: fix the script and run again; applied migrations are kept
    migrations/003_posts.down.sql: 003_posts is not undone by its down
      table public.users has lost 1 row: 0 of 1 are left
        help: rows that were there before the up must survive the down: do not drop their table, or keep them elsewhere meanwhile
    migrations: of 3 migrations verified, 2 are not reversible: 002, 003
    "#);
    assert_snapshot!(rows("INSERT INTO nowhere VALUES (1)").unwrap_err(), @r#"
    the server refused the rows to insert after 001: relation "nowhere" does not exist (SQLSTATE 42P01)
      help: correct the SQL that was given for this version
    "#);
}
