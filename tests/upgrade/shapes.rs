//! Tables of every earlier shape go on in place: rows, columns and owners as they are.

use insta::assert_snapshot;
use lokstra::postgres::{Client, NoTls};
use lokstra_scratch::Database;

use lokstra_test_support::{column, database, set, tables_set, versions};

/// A table made by this SQL, with 001 applied.
pub(crate) fn history(table: &str) -> (Database, Client) {
    let database = database();
    let mut client = database.client().unwrap();
    client
        .batch_execute(&format!(
            "CREATE SCHEMA lokstra_core; CREATE TABLE {table};
             INSERT INTO lokstra_core.schema_migrations (version, description) VALUES (1, 't');
             CREATE TABLE t001 ()"
        ))
        .unwrap();
    (database, client)
}

pub(crate) fn columns(client: &mut Client) -> String {
    let query = "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod)
                     || CASE WHEN attnotnull THEN ' not null' ELSE '' END, ', ' ORDER BY attnum)
                 FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped
                 AND attrelid = 'lokstra_core.schema_migrations'::regclass";
    column(client, query)
}

/// Everything that a table of ours does: up, no-op, status, down, up again.
pub(crate) fn goes_on(client: &mut Client) {
    let set = tables_set(3, "");
    set.up(client).unwrap();
    assert!(set.up(client).unwrap().steps.is_empty());
    assert_eq!(set.status(client).unwrap().applied(), 3);
    set.migrator().down(client, 2.try_into().unwrap()).unwrap();
    set.up(client).unwrap();
    assert_eq!(versions(client), "1 2 3");
    let missing = "SELECT count(*) FROM lokstra_core.schema_migrations
                   WHERE checksum IS NULL OR down_checksum IS NULL";
    assert_eq!(column(client, missing), "0");
}

#[test]
fn the_table_of_the_go_framework() {
    let (_database, mut client) = history(
        "lokstra_core.schema_migrations (version INTEGER PRIMARY KEY,
         applied_at TIMESTAMP NOT NULL DEFAULT NOW(), description TEXT)",
    );
    goes_on(&mut client);
    assert_snapshot!(columns(&mut client), @"version integer not null, applied_at timestamp without time zone not null, description text, checksum text, down_checksum text, applied_by text, execution_ms bigint");
}

#[test]
fn our_table_before_it_knew_who_and_how_long() {
    let (_database, mut client) = history(
        "lokstra_core.schema_migrations (version int8 PRIMARY KEY, description text,
         applied_at timestamptz NOT NULL DEFAULT now(), checksum text, down_checksum text)",
    );
    goes_on(&mut client);
    assert_snapshot!(columns(&mut client), @"version bigint not null, description text, applied_at timestamp with time zone not null, checksum text, down_checksum text, applied_by text, execution_ms bigint");
}

#[test]
fn our_table_before_it_knew_the_down_checksum() {
    let (_database, mut client) = history(
        "lokstra_core.schema_migrations (version int8 PRIMARY KEY, description text,
         applied_at timestamptz NOT NULL DEFAULT now(), checksum text, applied_by text,
         execution_ms int8)",
    );
    goes_on(&mut client);
    assert_snapshot!(columns(&mut client), @"version bigint not null, description text, applied_at timestamp with time zone not null, checksum text, applied_by text, execution_ms bigint, down_checksum text");
}

#[test]
fn a_column_that_was_added_by_hand_stays_and_is_filled_by_its_default() {
    let (_database, mut client) = history(
        "lokstra_core.schema_migrations (version INTEGER PRIMARY KEY, \"odd, one\" int DEFAULT 7,
         applied_at TIMESTAMP NOT NULL DEFAULT NOW(), description TEXT, note text NOT NULL
         DEFAULT 'none')",
    );
    goes_on(&mut client);
    let notes = "SELECT \"odd, one\" || note FROM lokstra_core.schema_migrations";
    assert_eq!(column(&mut client, notes), "7none 7none 7none");
    assert_snapshot!(columns(&mut client), @"version integer not null, odd, one integer, applied_at timestamp without time zone not null, description text, note text not null, checksum text, down_checksum text, applied_by text, execution_ms bigint");
}

#[test]
fn a_column_that_was_dropped_is_not_missed() {
    let (_database, mut client) = history(
        "lokstra_core.schema_migrations (gone int, version BIGINT PRIMARY KEY,
         applied_at TIMESTAMP NOT NULL DEFAULT NOW(), description VARCHAR(255))",
    );
    client.batch_execute("ALTER TABLE lokstra_core.schema_migrations DROP COLUMN gone").unwrap();
    goes_on(&mut client);
    assert_snapshot!(columns(&mut client), @"version bigint not null, applied_at timestamp without time zone not null, description character varying(255), checksum text, down_checksum text, applied_by text, execution_ms bigint");
}

#[test]
fn a_table_in_another_schema_keeps_its_side_tables_there() {
    let database = database();
    let mut client = database.client().unwrap();
    client
        .batch_execute(
            "CREATE SCHEMA audit; CREATE TABLE audit.billing (version INTEGER PRIMARY KEY,
                 applied_at TIMESTAMP NOT NULL DEFAULT NOW(), description TEXT);
             INSERT INTO audit.billing (version, description) VALUES (1, 't');
             CREATE TABLE t001 ()",
        )
        .unwrap();
    let index = (
        "002_index",
        "-- lokstra: no-transaction\nCREATE INDEX CONCURRENTLY ON t001 ((1));\n",
        "SELECT 1;",
    );
    let set = set(&[("001_t", "CREATE TABLE t001 ();", "DROP TABLE t001;"), index]);
    set.migrator().table("audit.billing".parse().unwrap()).up(&mut client).unwrap();
    let tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'audit' ORDER BY 1";
    assert_eq!(column(&mut client, tables), "billing lokstra_down lokstra_progress");
    assert_eq!(column(&mut client, "SELECT version FROM audit.billing ORDER BY 1"), "1 2");
    assert_eq!(column(&mut client, "SELECT to_regnamespace('lokstra_core')"), "NULL");
}

/// The Go table as the administrator made it, and a role that may only write rows to it.
fn foreign() -> (Database, Client, Client, String) {
    let (database, mut admin) = history(
        "lokstra_core.schema_migrations (version INTEGER PRIMARY KEY,
         applied_at TIMESTAMP NOT NULL DEFAULT NOW(), description TEXT)",
    );
    let role = format!("app_{}", database.name());
    admin
        .batch_execute(&format!(
            "CREATE ROLE {role} LOGIN; GRANT ALL ON SCHEMA public TO {role};
             GRANT USAGE, CREATE ON SCHEMA lokstra_core TO {role};
             GRANT SELECT, INSERT, UPDATE, DELETE ON lokstra_core.schema_migrations TO {role}"
        ))
        .unwrap();
    let app = database.config().user(&role).connect(NoTls).unwrap();
    (database, admin, app, role)
}

#[test]
fn a_table_of_another_owner_is_read_and_its_upgrade_refused() {
    let (_database, mut admin, mut app, role) = foreign();
    assert_eq!(tables_set(1, "").up(&mut app).unwrap().warnings.len(), 1);
    let shown = tables_set(2, "").up(&mut app).unwrap_err().to_string();
    assert_snapshot!(shown.replace(&role, "app"), @r#"
    this role may not create or extend the tracking table lokstra_core.schema_migrations: must be owner of table schema_migrations (SQLSTATE 42501)
      help: ask a role that may do it to run this once, and to grant this role SELECT, INSERT, UPDATE and DELETE on it: ALTER TABLE "lokstra_core"."schema_migrations" ADD COLUMN IF NOT EXISTS checksum pg_catalog.text, ADD COLUMN IF NOT EXISTS down_checksum pg_catalog.text, ADD COLUMN IF NOT EXISTS applied_by pg_catalog.text, ADD COLUMN IF NOT EXISTS execution_ms pg_catalog.int8;
    "#);
    assert_eq!(versions(&mut admin), "1");
    let (_, remedy) = shown.split_once("on it: ").unwrap();
    admin.batch_execute(remedy).unwrap();
    tables_set(2, "").up(&mut app).unwrap();
    assert_eq!(versions(&mut admin), "1 2");
    drop(app);
    admin.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).unwrap();
}
