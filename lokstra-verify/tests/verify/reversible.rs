//! What a down did not undo is reported, object by object, with file and remedy.

use crate::support::{set, told, verify};
use insta::assert_snapshot;

pub(crate) const USERS: (&str, &str, &str) = (
    "001_create_users",
    "CREATE TABLE users (id serial PRIMARY KEY, email varchar(50) NOT NULL);",
    "DROP TABLE users;",
);

#[test]
fn a_set_whose_downs_undo_everything_passes() {
    let found = verify(&set(&[
        USERS,
        (
            "002_add_name",
            "ALTER TABLE users ADD COLUMN name text; CREATE INDEX users_name ON users (name);",
            "ALTER TABLE users DROP COLUMN name;",
        ),
    ]));
    assert_snapshot!(told(&found), @"migrations: all 2 migrations are undone by their downs");
    assert!(!found.is_failure());
}

#[test]
fn every_object_that_differs_is_reported_with_file_and_remedy() {
    let found = verify(&set(&[
        USERS,
        (
            "002_widen_email",
            "ALTER TABLE users ALTER COLUMN email TYPE text, ALTER COLUMN email SET DEFAULT '';
             CREATE INDEX users_email_idx ON users (email);
             CREATE TYPE mood AS ENUM ('sad', 'happy');",
            "SELECT 1;",
        ),
        ("003_create_posts", "CREATE TABLE posts (id int);", "DROP TABLE posts;"),
        ("004_drop_name", "DROP TABLE posts;", "SELECT 1;"),
    ]));
    assert_snapshot!(told(&found), @r#"
    migrations/002_widen_email.down.sql: 002_widen_email is not undone by its down
      type public.mood is still there
        help: DROP TYPE public.mood;
      column email of table public.users is changed
        type: text, was character varying(50)
        default: ''::text, was none
        help: ALTER TABLE public.users ALTER COLUMN email TYPE character varying(50);
        ALTER TABLE public.users ALTER COLUMN email DROP DEFAULT;
      index public.users_email_idx on table public.users is still there
        help: DROP INDEX public.users_email_idx;
      so it cannot be applied again: relation "users_email_idx" already exists
    migrations/004_drop_name.down.sql: 004_drop_name is not undone by its down
      table public.posts is gone
        help: create it again in the down script, as it was
      so it cannot be applied again: table "posts" does not exist
    migrations: of 4 migrations verified, 2 are not reversible: 002, 004
    "#);
    assert!(found.is_failure());
}

#[test]
fn rows_that_a_down_loses_or_leaves_are_reported() {
    let found = verify(&set(&[
        (
            "001_create_plans",
            "CREATE TABLE plans (name text, price int); CREATE TABLE kinds (name text);
             INSERT INTO plans VALUES ('free', 0), ('pro', 10);",
            "DROP TABLE plans, kinds;",
        ),
        ("002_seed", "INSERT INTO kinds VALUES ('a'), ('b');", "SELECT 1;"),
        ("003_reseed", "INSERT INTO plans VALUES ('max', 99);", "DELETE FROM plans;"),
        ("004_raise", "UPDATE plans SET price = price + 1;", "UPDATE plans SET price = 0;"),
        (
            "005_paid",
            "ALTER TABLE plans ADD COLUMN paid bool; UPDATE plans SET paid = price > 0;",
            "ALTER TABLE plans DROP COLUMN paid;",
        ),
    ]));
    assert_snapshot!(told(&found), @"
    migrations/002_seed.down.sql: 002_seed is not undone by its down
      table public.kinds has 2 rows more: 2 instead of 0
        help: delete in the down script what the up script inserted
    migrations/003_reseed.down.sql: 003_reseed is not undone by its down
      table public.plans has lost 2 rows: 0 of 2 are left
        help: rows that were there before the up must survive the down: do not drop their table, or keep them elsewhere meanwhile
    migrations/004_raise.down.sql: 004_raise is not undone by its down
      table public.plans has as many rows as before, but not the same
        help: put back in the down script what the up script updated
    migrations: of 5 migrations verified, 3 are not reversible: 002, 003, 004
    ");
}

#[test]
fn another_order_of_columns_is_reported_and_no_failure() {
    let found = verify(&set(&[
        USERS,
        ("002_add_name", "ALTER TABLE users ADD name text;", "ALTER TABLE users DROP name;"),
        (
            "003_drop_email",
            "ALTER TABLE users DROP email;",
            "ALTER TABLE users ADD email varchar(50) NOT NULL;",
        ),
    ]));
    assert_snapshot!(told(&found), @"
    migrations/003_drop_email.down.sql: 003_drop_email has differences that are not failures
      table public.users has its columns in another order, since one was dropped and added again
        column order: id, name, email, was id, email, name
    migrations: all 3 migrations are undone by their downs
    ");
    assert!(!found.is_failure());
}

#[test]
fn parentheses_in_a_function_count_where_they_say_something() {
    let function = |body: &str| {
        format!(
            "CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $$\n{body}\n$$;"
        )
    };
    let sql = |body: &str| {
        format!("CREATE OR REPLACE FUNCTION g(a int) RETURNS int LANGUAGE sql AS $${body}$$;")
    };
    let text = "BEGIN IF (a > 1) AND (a < 9) THEN RETURN (a + 1); END IF; RETURN 6 - (a - 1); END";
    let found = verify(&set(&[
        ("001_f", &(function(text) + &sql("SELECT (a * 2) + 1")), "DROP FUNCTION f, g;"),
        (
            "002_f",
            &(function("BEGIN RETURN 1; END") + &sql("SELECT 1")),
            &(function(
                "BEGIN\n  IF a > 1 AND a < 9 THEN RETURN a + 1; END IF;\n  RETURN 6 - (a - 1);\nEND",
            ) + &sql("SELECT a * 2 + 1")),
        ),
        ("003_f", &function("BEGIN RETURN 1; END"), &function(&text.replace("(a - 1)", "a - 1"))),
    ]));
    let told = told(&found);
    let counts: Vec<_> = found.checks().map(lokstra_verify::Check::is_failure).collect();
    assert_eq!(counts, [false, false, true], "{told}");
    assert_eq!(told.matches("is spelt differently, with the same meaning").count(), 2, "{told}");
}

#[test]
fn another_spelling_is_reported_and_no_failure() {
    let function = |body: &str| {
        format!("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\n{body}\n$$;")
    };
    let table = "CREATE TABLE t (a varchar(9), b int, c int);
                 ALTER TABLE t ADD CONSTRAINT k CHECK (b = 1 OR (b = 2 OR c = 3));
                 CREATE VIEW v AS SELECT a FROM t WHERE b = 1 AND (b = 2 AND c = 3);
                 CREATE INDEX i ON t (a) WHERE b = 1 OR (b = 2 OR c = 3);";
    let again = table
        .replace("CREATE TABLE t (a varchar(9), b int, c int);", "")
        .replace("(b = 2 OR c = 3)", "b = 2 OR c = 3");
    let again = again.replace("(b = 2 AND c = 3)", "b = 2 AND c = 3");
    let dropped = "ALTER TABLE t DROP CONSTRAINT k; DROP VIEW v; DROP INDEX i;";
    let found = verify(&set(&[
        ("001_f", &function("BEGIN\n    RETURN 1;\nEND"), "DROP FUNCTION f();"),
        (
            "002_f",
            &function("BEGIN\n    RETURN 2;\nEND"),
            &function("begin\n  RETURN 1; -- as before\nend"),
        ),
        ("003_t", table, "DROP VIEW v; DROP TABLE t;"),
        ("004_t", dropped, &again),
        ("005_f", &function("BEGIN\n    RETURN 2;\nEND"), &function("BEGIN\n  RETURN 3;\nEND")),
    ]));
    // Up to 15, the server writes the table before a column of a view.
    assert_snapshot!(told(&found).replace("(t.", "("), @"
    migrations/002_f.down.sql: 002_f has differences that are not failures
      function public.f() is spelt differently, with the same meaning
        definition:
          was BEGIN
          was     RETURN 1;
          was END
          is  begin
          is    RETURN 1; -- as before
          is  end
    migrations/004_t.down.sql: 004_t has differences that are not failures
      view public.v is spelt differently, with the same meaning
        definition:
          was   WHERE ((b = 1) AND ((b = 2) AND (c = 3)));
          is    WHERE ((b = 1) AND (b = 2) AND (c = 3));
      constraint k on table public.t is spelt differently, with the same meaning
        definition: CHECK (((b = 1) OR (b = 2) OR (c = 3))), was CHECK (((b = 1) OR ((b = 2) OR (c = 3))))
      index public.i on table public.t is spelt differently, with the same meaning
        definition: CREATE INDEX i ON public.t USING btree (a) WHERE ((b = 1) OR (b = 2) OR (c = 3)), was CREATE INDEX i ON public.t USING btree (a) WHERE ((b = 1) OR ((b = 2) OR (c = 3)))
    migrations/005_f.down.sql: 005_f is not undone by its down
      function public.f() is changed
        definition:
          was     RETURN 2;
          is    RETURN 3;
        help: CREATE OR REPLACE FUNCTION public.f()
         RETURNS integer
         LANGUAGE plpgsql
        AS $function$
        BEGIN
            RETURN 2;
        END
        $function$;
    migrations: of 5 migrations verified, 1 is not reversible: 005
    ");
}

/// What `verify` advises is a down that undoes the up.
#[test]
fn a_definition_that_the_server_wrote_means_the_same_when_it_is_run() {
    let check = "CHECK (((a)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[])))";
    let found = verify(&set(&[
        (
            "001_t",
            "CREATE TABLE t (a varchar(9), CONSTRAINT k CHECK (a IN ('x', 'y')));",
            "DROP TABLE t;",
        ),
        (
            "002_t",
            "ALTER TABLE t DROP CONSTRAINT k;",
            &format!("ALTER TABLE t ADD CONSTRAINT k {check};"),
        ),
    ]));
    assert!(!found.is_failure(), "{found}");
}

#[test]
fn a_down_that_fails_is_reported_and_the_next_migrations_are_verified() {
    let found = verify(&set(&[
        USERS,
        ("002_a", "CREATE TABLE a ();", "DROP TABLE b;"),
        ("003_c", "CREATE TABLE c ();", "SELECT 1;"),
        ("004_d", "CREATE TABLE d ();", "DROP TABLE d;"),
    ]));
    assert_snapshot!(told(&found), @r#"
    migrations/002_a.down.sql: 002_a cannot be rolled back
      rollback of migration 002_a failed
      migrations/002_a.down.sql:1:1: table "b" does not exist (SQLSTATE 42P01)
        |
      1 | DROP TABLE b;
        | ^
        state: 002 is still applied; the database is at 002
        help: fix the script and run again; applied migrations are kept
    migrations/003_c.down.sql: 003_c is not undone by its down
      table public.c is still there
        help: DROP TABLE public.c;
      so it cannot be applied again: relation "c" already exists
    migrations: of 4 migrations verified, 2 are not reversible: 002, 003
    "#);
}

#[test]
fn an_up_that_fails_ends_it() {
    let found = verify(&set(&[
        USERS,
        ("002_a", "CREATE TABLE a (id int REFERENCES nowhere);", "DROP TABLE a;"),
        ("003_b", "CREATE TABLE b ();", "DROP TABLE b;"),
    ]));
    assert_snapshot!(told(&found), @r#"
    migrations/002_a.up.sql: 002_a cannot be applied
      migration 002_a failed
      migrations/002_a.up.sql:1:1: relation "nowhere" does not exist (SQLSTATE 42P01)
        |
      1 | CREATE TABLE a (id int REFERENCES nowhere);
        | ^
        state: 002 was rolled back; the database is at 001
        help: fix the script and run again; applied migrations are kept
      not judged: no migration before it creates this, which is its mistake unless another program does
    migrations: of 2 migrations verified, 1 is not reversible: 002
      not run, since they come after: 003
    "#);
}

#[test]
fn a_second_up_that_does_something_else_is_reported() {
    let found = verify(&set(&[
        (
            "001_count",
            "CREATE SEQUENCE times; CREATE TABLE log (id int);",
            "DROP TABLE log; DROP SEQUENCE times;",
        ),
        (
            "002_a",
            "CREATE TABLE a (id int);
             DO $$ BEGIN IF nextval('times') = 1 THEN
                 ALTER TABLE a ADD COLUMN once int; INSERT INTO log VALUES (1);
             ELSE ALTER TABLE a ADD COLUMN twice int; END IF; END $$;",
            "DROP TABLE a; DELETE FROM log;",
        ),
    ]));
    assert_snapshot!(told(&found), @"
    migrations/002_a.up.sql: 002_a differs when it is applied again after its down
      column once of table public.a is missing the second time
      column twice of table public.a is only there the second time
      table public.log has 0 rows, and 1 the first time
    migrations: of 2 migrations verified, 1 is not reversible: 002
    ");
}

#[test]
fn no_transaction_scripts_are_verified_too() {
    let found = verify(&set(&[
        USERS,
        (
            "002_index",
            "-- lokstra: no-transaction\nCREATE INDEX CONCURRENTLY i ON users (email);",
            "-- lokstra: no-transaction\nDROP INDEX CONCURRENTLY i;",
        ),
        (
            "003_indexes",
            "-- lokstra: no-transaction\nCREATE INDEX CONCURRENTLY j ON users (email);
             CREATE INDEX CONCURRENTLY k ON users (email);",
            "-- lokstra: no-transaction\nDROP INDEX CONCURRENTLY j; DROP INDEX CONCURRENTLY l;",
        ),
        ("004_last", "CREATE TABLE last ();", "DROP TABLE last;"),
    ]));
    assert_snapshot!(told(&found), @r#"
    migrations/003_indexes.down.sql: 003_indexes cannot be rolled back
      rollback of migration 003_indexes failed
      migrations/003_indexes.down.sql:2:28: index "l" does not exist (SQLSTATE 42704)
        |
      2 | DROP INDEX CONCURRENTLY j; DROP INDEX CONCURRENTLY l;
        |                            ^
        state: of 003, 1 of 2 statements are done and kept; the database is at 003
        help: fix this statement (not earlier ones) and run again, which continues here
    migrations: of 4 migrations verified, 1 is not reversible: 003
    "#);
}

#[test]
fn a_suppression_lets_pass_what_its_statement_names() {
    let found = verify(&set(&[
        (
            "001_mood",
            "-- lokstra: allow(not-undone): every environment has it
             CREATE TYPE mood AS ENUM ('sad');
             CREATE TYPE size AS ENUM ('small');",
            "SELECT 1;",
        ),
        (
            "002_happy",
            "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'happy';",
            "-- lokstra: allow(not-undone): a label cannot be dropped from mood",
        ),
        (
            "003_sizes",
            "CREATE TABLE sizes ();",
            "-- lokstra: allow(not-undone): sizes go with the next release\nSELECT 1;",
        ),
    ]));
    assert_snapshot!(told(&found), @r#"
    migrations/001_mood.down.sql: 001_mood is not undone by its down
      type public.size is still there
        help: DROP TYPE public.size;
      so it cannot be applied again: type "mood" already exists
    migrations/001_mood.down.sql: 001_mood has differences that are not failures
      type public.mood is still there
        suppressed: every environment has it
    migrations/002_happy.down.sql: suppressed, 002_happy is not undone: a label cannot be dropped from mood
    migrations/003_sizes.down.sql: 003_sizes cannot be applied again after its down
      migration 003_sizes failed
      migrations/003_sizes.up.sql:1:1: relation "sizes" already exists (SQLSTATE 42P07)
        |
      1 | CREATE TABLE sizes ();
        | ^
        state: 003 was rolled back; the database is at 002
        help: fix the script and run again; applied migrations are kept
    migrations/003_sizes.down.sql: 003_sizes has differences that are not failures
      table public.sizes is still there
        suppressed: sizes go with the next release
    migrations: of 3 migrations verified, 2 are not reversible: 001, 003
    "#);
}
