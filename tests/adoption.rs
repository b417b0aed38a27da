//! The history of the Go framework goes on in place.

mod support;

use insta::assert_snapshot;
use lokstra::Event;
use lokstra::postgres::Client;
use support::{column, database, set, tables_set, versions};

fn go_history(client: &mut Client) {
    client
        .batch_execute(
            "CREATE SCHEMA lokstra_core;
             CREATE TABLE lokstra_core.schema_migrations (
                 version INTEGER PRIMARY KEY,
                 applied_at TIMESTAMP NOT NULL DEFAULT NOW(),
                 description TEXT
             );
             INSERT INTO lokstra_core.schema_migrations (version, description) VALUES (1, 't');
             CREATE TABLE t001 ()",
        )
        .unwrap();
}

#[test]
fn rows_without_a_checksum_are_taken_on_trust_and_told() {
    let database = database();
    let mut client = database.client().unwrap();
    go_history(&mut client);
    let mut told = Vec::new();
    let listen = |event: &Event<'_>| {
        if let Event::Warned { warning, .. } = event {
            told.push(warning.to_string());
        }
    };
    tables_set(3, "").migrator().on_event(listen).up(&mut client).unwrap();
    assert_snapshot!(told.join("\n"), @"001 was applied by another program without a checksum and taken on trust; the checksums are recorded now");
    assert_eq!(versions(&mut client), "1 2 3");
    let missing = "SELECT count(*) FROM lokstra_core.schema_migrations WHERE checksum IS NULL";
    assert_eq!(column(&mut client, missing), "0");
}

#[test]
fn the_go_program_can_still_write_to_it() {
    let database = database();
    let mut client = database.client().unwrap();
    go_history(&mut client);
    tables_set(2, "").up(&mut client).unwrap();
    client
        .batch_execute(
            "INSERT INTO lokstra_core.schema_migrations (version, description) VALUES (3, 't')",
        )
        .unwrap();
    tables_set(3, "").up(&mut client).unwrap();
    assert_eq!(versions(&mut client), "1 2 3");
}

#[test]
fn a_version_that_its_column_cannot_hold_is_refused_before_any_sql() {
    let database = database();
    let mut client = database.client().unwrap();
    go_history(&mut client);
    let set = set(&[
        ("001_t", "CREATE TABLE t001 ();\n", "DROP TABLE t001;\n"),
        ("20260201093000_t", "CREATE TABLE t2 ();\n", "DROP TABLE t2;\n"),
    ]);
    assert_snapshot!(set.up(&mut client).unwrap_err(), @"
    20260201093000 does not fit into the `version` column of lokstra_core.schema_migrations, an integer
      help: ALTER TABLE lokstra_core.schema_migrations ALTER COLUMN version TYPE bigint;
    ");
    assert_eq!(versions(&mut client), "1");
}

#[test]
fn nothing_pending_changes_nothing_in_it() {
    let database = database();
    let mut client = database.client().unwrap();
    go_history(&mut client);
    let columns =
        "SELECT count(*) FROM information_schema.columns WHERE table_name = 'schema_migrations'";
    let set = tables_set(1, "");
    set.status(&mut client).unwrap();
    assert_eq!(column(&mut client, columns), "3");
}
