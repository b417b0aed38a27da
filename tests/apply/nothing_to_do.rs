//! A boot with nothing to do: one small message, and nothing that it does not notice.

use insta::assert_snapshot;
use lokstra::Migrations;
use lokstra::postgres::{Client, NoTls};
use lokstra_scratch::{Database, Server};

use lokstra_test_support::wire::{Counts, Wire};
use lokstra_test_support::{build_set_unchecked, database, record_history, set, tables_set};

/// What a boot over a connection of its own costs.
fn boot(set: &Migrations, database: &Database) -> Counts {
    let wire = Wire::before(database);
    let report = set.up_url(&wire.url).unwrap();
    assert!(report.steps.is_empty() && report.warnings.is_empty(), "{report}");
    assert_eq!(report.current, set.databases().next().unwrap().newest());
    wire.take_all()
}

#[test]
fn it_receives_no_more_for_ten_thousand_migrations_than_for_ten() {
    for count in [10, 1_000, 10_000] {
        let database = database();
        let set = build_set_unchecked(count, |_| "SELECT 1".to_owned());
        record_history(&set, &mut database.client().unwrap());
        let Counts { sent, received, answered } = boot(&set, &database);
        assert_eq!(sent, "QX");
        assert!(answered < 256, "{answered} bytes at {count} migrations");
        assert!(received < 1_000, "{received} bytes at {count} migrations");
    }
}

#[test]
fn the_fingerprint_is_the_same_in_every_encoding() {
    for encoding in ["UTF8", "LATIN1", "SQL_ASCII", "EUC_JP"] {
        let database =
            Server::shared().unwrap().database_with(&format!("ENCODING {encoding}")).unwrap();
        let set = tables_set(2, "");
        set.up_url(database.url()).unwrap();
        assert_eq!(boot(&set, &database).sent, "QX", "{encoding}");
    }
}

#[test]
fn no_migrations_and_none_applied_is_nothing_to_do() {
    let database = database();
    let one = tables_set(1, "");
    one.up_url(database.url()).unwrap();
    one.down(&mut database.client().unwrap()).unwrap();
    assert_eq!(boot(&build_set_unchecked(0, |_| String::new()), &database).sent, "QX");
}

#[test]
fn another_table_that_is_given_at_run_time_has_the_same_fingerprint() {
    let database = database();
    let wire = Wire::before(&database);
    let mut client = Client::connect(&wire.url, NoTls).unwrap();
    let set = tables_set(2, "");
    let mut migrator = set.migrator().table("audit.billing".parse().unwrap());
    migrator.up(&mut client).unwrap();
    wire.take();
    assert!(migrator.up(&mut client).unwrap().steps.is_empty());
    assert_eq!(wire.take().sent, "Q");
}

#[test]
fn a_role_that_may_only_read_needs_no_more() {
    let database = database();
    let set = tables_set(2, "");
    set.up_url(database.url()).unwrap();
    let wire = Wire::before(&database);
    let mut client = Client::connect(&wire.url, NoTls).unwrap();
    client
        .batch_execute(
            "CREATE ROLE only_reads; GRANT USAGE ON SCHEMA lokstra_core TO only_reads;
             GRANT SELECT ON lokstra_core.schema_migrations TO only_reads; SET ROLE only_reads",
        )
        .unwrap();
    wire.take();
    let report = set.up(&mut client).unwrap();
    client.batch_execute("RESET ROLE; DROP OWNED BY only_reads; DROP ROLE only_reads").unwrap();
    assert_snapshot!(report, @"migrations: nothing to do, at version 002");
    assert_eq!(wire.take().sent, "QQ");
}

#[test]
fn a_table_of_the_go_framework_is_one_message_once_it_has_our_columns() {
    let database = database();
    let mut client = database.client().unwrap();
    client
        .batch_execute(
            "CREATE SCHEMA lokstra_core; CREATE TABLE t001 ();
             CREATE TABLE lokstra_core.schema_migrations (version INTEGER PRIMARY KEY,
                 applied_at TIMESTAMP NOT NULL DEFAULT NOW(), description TEXT);
             INSERT INTO lokstra_core.schema_migrations (version, description) VALUES (1, 't')",
        )
        .unwrap();
    let set = tables_set(2, "");
    let report = set.up_url(database.url()).unwrap();
    assert_eq!(report.warnings.len(), 1, "{report}");
    assert_eq!(boot(&set, &database).sent, "QX");
}

/// What a boot reports after this was done to the history of 001 and 002.
fn after(change: &str) -> String {
    let database = database();
    let applied = [("001_a", "SELECT 1;", "SELECT -1;"), ("002_b", "SELECT 2;", "SELECT -2;")];
    let applied = set(&applied);
    applied.up_url(database.url()).unwrap();
    let mut client = database.client().unwrap();
    client.batch_execute(&format!("SET search_path = lokstra_core; {change}")).unwrap();
    let wire = Wire::before(&database);
    let shown = match applied.up_url(&wire.url) {
        Ok(report) => report.to_string(),
        Err(error) => error.to_string(),
    };
    assert!(wire.take_all().sent.starts_with("QQ"), "{change}");
    format!("{change}\n  {}", shown.lines().nth(1).unwrap_or(&shown).trim())
}

#[test]
fn what_is_unusual_is_still_reported() {
    let changes = [
        "UPDATE schema_migrations SET checksum = repeat('0', 64) WHERE version = 1",
        "UPDATE schema_migrations SET down_checksum = repeat('0', 64) WHERE version = 1",
        "UPDATE schema_migrations SET description = 'c' WHERE version = 1",
        "UPDATE schema_migrations SET checksum = NULL WHERE version = 2",
        "UPDATE schema_migrations SET checksum = 'x' WHERE version = 2",
        "UPDATE schema_migrations SET version = 3 WHERE version = 2",
        "INSERT INTO schema_migrations (version) VALUES (3)",
        "INSERT INTO schema_migrations (version) VALUES (0)",
        "DELETE FROM schema_migrations WHERE version = 1",
    ];
    assert_snapshot!(changes.map(after).join("\n"), @"
    UPDATE schema_migrations SET checksum = repeat('0', 64) WHERE version = 1
      migrations/001_a.up.sql: migration 001 was edited after it was applied: the history has checksum 000000000000, the file 17db4fd369ed
    UPDATE schema_migrations SET down_checksum = repeat('0', 64) WHERE version = 1
      warning: the down SQL of 001 was edited after it was applied; a rollback runs the new text
    UPDATE schema_migrations SET description = 'c' WHERE version = 1
      warning: migration 001 was `c` when it was applied and is `a` now
    UPDATE schema_migrations SET checksum = NULL WHERE version = 2
      warning: 002 was applied by another program without a checksum, and trusted; the checksums are recorded now
    UPDATE schema_migrations SET checksum = 'x' WHERE version = 2
      lokstra_core.schema_migrations has a row that lokstra cannot interpret: its checksum is `x`
    UPDATE schema_migrations SET version = 3 WHERE version = 2
      migration 003_b is applied and newer than all of these migrations
    INSERT INTO schema_migrations (version) VALUES (3)
      warning: 003 is applied and unknown here: the database is ahead of these migrations
    INSERT INTO schema_migrations (version) VALUES (0)
      warning: 000 is applied and unknown here, though newer ones are known
    DELETE FROM schema_migrations WHERE version = 1
      migrations/001_a.up.sql: migration 001 is not applied, but 002, which comes after it, is
    ");
}
