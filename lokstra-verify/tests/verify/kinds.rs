//! Every kind of object that a migration can make.

use crate::support::{changes, remedies, set, told, verify};
use insta::assert_snapshot;
use lokstra_runtime::Migrations;
use lokstra_scratch::Server;
use lokstra_verify::Finding;

/// One of each kind. The server is 13 or newer.
const ONE_OF_EACH: &str = "
    CREATE SCHEMA shop;
    CREATE EXTENSION hstore SCHEMA shop;
    CREATE TABLE shop.users (id serial PRIMARY KEY, email text UNIQUE, age int CHECK (age > 0));
    CREATE TABLE days (day date) PARTITION BY RANGE (day);
    CREATE TABLE days_2026 PARTITION OF days FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    ALTER TABLE kept ADD COLUMN added int GENERATED ALWAYS AS IDENTITY, ADD CONSTRAINT positive CHECK (id > 0);
    CREATE INDEX kept_idx ON kept (id);
    CREATE STATISTICS kept_stats ON id, name FROM kept;
    CREATE TRIGGER kept_trigger BEFORE UPDATE ON kept FOR EACH ROW
        EXECUTE FUNCTION suppress_redundant_updates_trigger();
    CREATE RULE kept_rule AS ON DELETE TO kept DO INSTEAD NOTHING;
    CREATE POLICY kept_policy ON kept USING (id > 0);
    CREATE SEQUENCE numbers;
    CREATE VIEW names AS SELECT name FROM kept;
    CREATE MATERIALIZED VIEW cached AS SELECT name FROM kept;
    CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
    CREATE FUNCTION plus(point, int) RETURNS point LANGUAGE sql IMMUTABLE AS 'SELECT $1';
    CREATE PROCEDURE nothing() LANGUAGE sql AS '';
    CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
    CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
    CREATE EVENT TRIGGER watch ON ddl_command_start WHEN TAG IN ('CREATE CAST') EXECUTE FUNCTION on_ddl();
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE TYPE pair AS (a int, b text);
    CREATE TYPE span AS RANGE (subtype = float8);
    CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
    CREATE OPERATOR <+> (LEFTARG = point, RIGHTARG = int, FUNCTION = plus);
    CREATE OPERATOR FAMILY family USING btree;
    CREATE OPERATOR CLASS class FOR TYPE mood USING hash FAMILY hash_family AS STORAGE mood;
    CREATE FUNCTION as_int(pair) RETURNS int LANGUAGE sql AS 'SELECT ($1).a';
    CREATE CAST (pair AS int) WITH FUNCTION as_int(pair);
    CREATE COLLATION german (LOCALE = 'C');
    CREATE CONVERSION latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
    CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = simple);
    CREATE TEXT SEARCH CONFIGURATION searching (PARSER = default);
    CREATE FOREIGN DATA WRAPPER wrapper;
    CREATE SERVER elsewhere FOREIGN DATA WRAPPER wrapper;
    CREATE FOREIGN TABLE remote (id int) SERVER elsewhere;
    CREATE USER MAPPING FOR CURRENT_USER SERVER elsewhere OPTIONS (password 'hunter2');
    CREATE PUBLICATION published FOR TABLE kept;
    CREATE ACCESS METHOD method TYPE INDEX HANDLER bthandler;
    CREATE LANGUAGE plother HANDLER plpgsql_call_handler;
    ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
    SELECT lo_create(0);
";

fn kept(up: &str, down: &str) -> Migrations {
    let kept = "CREATE TABLE kept (id int, name text);
                CREATE OPERATOR FAMILY hash_family USING hash;";
    let undone = "DROP TABLE kept CASCADE; DROP OPERATOR FAMILY hash_family USING hash;";
    set(&[("001_kept", kept, undone), ("002_change", up, down)])
}

#[test]
fn an_object_of_each_kind_that_is_left_behind_is_reported() {
    let found = verify(&kept(ONE_OF_EACH, "SELECT 1;"));
    let objects: Vec<_> = changes(&found)
        .findings
        .iter()
        .filter_map(|finding| match finding {
            Finding::Differs(_, difference) => Some(difference.object.to_string()),
            _ => None,
        })
        .collect();
    assert_snapshot!(objects.join("\n"), @"
    schema shop
    extension hstore
    language plother
    access method method
    foreign-data wrapper wrapper
    server elsewhere
    user mapping FOR postgres SERVER elsewhere
    collation public.german
    conversion public.latin
    domain public.email
    type public.mood
    type public.pair
    type public.span
    aggregate public.total(integer)
    function public.as_int(public.pair)
    function public.on_ddl()
    function public.plus(point,integer)
    function public.twice(integer)
    procedure public.nothing()
    operator public.<+>(point,integer)
    operator family public.family USING btree
    operator class public.class USING hash
    cast (public.pair AS integer)
    text search dictionary public.words
    text search configuration public.searching
    event trigger watch
    publication published
    default privileges of postgres on tables
    the large objects
    foreign table public.remote
    table public.days
    table public.days_2026
    table shop.users
    column added of table public.kept
    sequence public.numbers
    materialized view public.cached
    view public.names
    constraint positive on table public.kept
    index public.kept_idx on table public.kept
    statistics public.kept_stats on table public.kept
    trigger kept_trigger on table public.kept
    rule kept_rule on table public.kept
    policy kept_policy on table public.kept
    ");
}

#[test]
fn the_remedies_for_what_is_left_behind_are_a_down_that_undoes_it() {
    let found = verify(&kept(ONE_OF_EACH, "SELECT 1;"));
    let by_hand = "ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM PUBLIC;
                   SELECT lo_unlink(oid) FROM pg_largeobject_metadata;";
    let down = remedies(changes(&found)) + by_hand;
    let again = verify(&kept(ONE_OF_EACH, &down));
    assert_snapshot!(told(&again), @"migrations: all 2 migrations are undone by their downs");
}

#[test]
fn what_belongs_to_an_extension_is_not_reported_twice() {
    let found = verify(&set(&[("001_a", "CREATE EXTENSION hstore;", "SELECT 1;")]));
    assert_snapshot!(told(&found), @r#"
    migrations/001_a.down.sql: 001_a is not undone by its down
      extension hstore is still there
        help: DROP EXTENSION hstore;
      so it cannot be applied again: extension "hstore" already exists
    migrations: of 1 migration verified, 1 is not reversible: 001
    "#);
}

#[test]
fn what_was_granted_and_revoked_again_is_no_difference() {
    let found = verify(&set(&[
        ("001_a", "CREATE TABLE a ();", "DROP TABLE a;"),
        ("002_grant", "GRANT SELECT ON a TO PUBLIC;", "REVOKE SELECT ON a FROM PUBLIC;"),
    ]));
    assert_snapshot!(told(&found), @"migrations: all 2 migrations are undone by their downs");
}

/// As PostgreSQL 15.20 does with `pg_attver`, wherever a catalog has room for a note.
#[test]
fn what_a_server_keeps_for_itself_is_no_difference() {
    let note = "UPDATE pg_attribute SET attoptions = attoptions || ('{pg_note=' || txid_current() || '}')::text[]
                WHERE attrelid IN ('a'::regclass, 'v'::regclass, 'm'::regclass) AND attnum > 0;
                UPDATE pg_class SET reloptions = reloptions || ('{pg_note=' || txid_current() || '}')::text[]
                WHERE relname IN ('a', 'v', 'm', 'a_pkey')
                   OR oid = (SELECT reltoastrelid FROM pg_class WHERE relname = 'a');";
    let create = "CREATE TABLE a (id int PRIMARY KEY, t text) WITH (fillfactor = 50);
                  CREATE VIEW v WITH (security_barrier) AS SELECT 1 AS one;
                  CREATE MATERIALIZED VIEW m AS SELECT 1 AS one;
                  ALTER VIEW v ALTER one SET DEFAULT 2;";
    let found = verify(&set(&[
        (
            "001_a",
            &format!("{create}{note}"),
            "DROP TABLE a; DROP VIEW v; DROP MATERIALIZED VIEW m;",
        ),
        ("002_note", note, "SELECT 1;"),
    ]));
    assert_snapshot!(told(&found), @"migrations: all 2 migrations are undone by their downs");
}

#[test]
fn the_order_in_which_options_were_set_is_no_difference() {
    let found = verify(&set(&[
        (
            "001_a",
            "CREATE TABLE a (id int) WITH (fillfactor = 50, autovacuum_enabled = off);",
            "DROP TABLE a;",
        ),
        ("002_b", "ALTER TABLE a RESET (fillfactor);", "ALTER TABLE a SET (fillfactor = 50);"),
    ]));
    assert_snapshot!(told(&found), @"migrations: all 2 migrations are undone by their downs");
}

#[test]
fn an_option_that_a_down_does_not_put_back_is_reported() {
    let found = verify(&set(&[
        (
            "001_a",
            "CREATE TABLE a (id int PRIMARY KEY, t text); CREATE VIEW v AS SELECT 1 AS one;
             CREATE MATERIALIZED VIEW m AS SELECT 1 AS one;
             CREATE TABLE parted (id int) PARTITION BY LIST (id);",
            "DROP TABLE a, parted; DROP VIEW v; DROP MATERIALIZED VIEW m;",
        ),
        (
            "002_b",
            "ALTER TABLE a SET (fillfactor = 50, toast.autovacuum_enabled = off), ALTER t SET (n_distinct = 5);
             ALTER TABLE parted ALTER id SET (n_distinct_inherited = 7);
             ALTER INDEX a_pkey SET (deduplicate_items = off);
             ALTER VIEW v SET (security_barrier);
             ALTER MATERIALIZED VIEW m SET (parallel_workers = 2);
             ALTER MATERIALIZED VIEW m ALTER one SET (n_distinct = 1);",
            "SELECT 1;",
        ),
    ]));
    assert_snapshot!(told(&found), @r#"
    migrations/002_b.down.sql: 002_b is not undone by its down
      table public.a is changed
        options: fillfactor=50, was none
        options of the TOAST table: autovacuum_enabled=off, was none
        help: put it back in the down script
      column id of table public.parted is changed
        options: n_distinct_inherited=7, was none
        help: put it back in the down script
      column one of materialized view public.m is changed
        options: n_distinct=1, was none
        help: put it back in the down script
      column t of table public.a is changed
        options: n_distinct=5, was none
        help: put it back in the down script
      materialized view public.m is changed
        options: parallel_workers=2, was none
        help: put it back in the down script
      view public.v is changed
        options: security_barrier=true, was none
        help: put it back in the down script
      constraint a_pkey on table public.a is changed
        options of the index: deduplicate_items=off, was none
        help: put it back in the down script
    migrations: of 2 migrations verified, 1 is not reversible: 002
    "#);
}

/// From PostgreSQL 14 and 15 on.
#[test]
fn what_newer_servers_have_is_reported_too() {
    if Server::shared().unwrap().version() < 15 {
        return;
    }
    let found = verify(&set(&[
        ("001_a", "CREATE TABLE a (id int, t text);", "DROP TABLE a;"),
        (
            "002_b",
            "ALTER TABLE a ALTER t SET COMPRESSION pglz;
             CREATE PUBLICATION p FOR TABLE a (id) WHERE (id > 0);",
            "SELECT 1;",
        ),
        (
            "003_c",
            "ALTER PUBLICATION p SET TABLE a; ALTER PUBLICATION p ADD TABLES IN SCHEMA public;",
            "SELECT 1;",
        ),
    ]));
    assert_snapshot!(told(&found), @r#"
    migrations/002_b.down.sql: 002_b is not undone by its down
      publication p is still there
        help: DROP PUBLICATION p;
      column t of table public.a is changed
        compression: pglz, was none
        help: put it back in the down script
      so it cannot be applied again: publication "p" already exists
    migrations/003_c.down.sql: 003_c is not undone by its down
      publication p is changed
        tables: public.a, was public.a (id) WHERE (id > 0)
        schemas: public, was none
        help: put it back in the down script
    migrations: of 3 migrations verified, 2 are not reversible: 002, 003
    "#);
}
