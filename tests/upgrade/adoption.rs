//! The history of the Go framework is continued in place.

use insta::assert_snapshot;
use lokstra::Event;
use lokstra::postgres::Client;

use lokstra_test_support::{column, database, set, tables, tables_set, versions, wait_until};

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
fn rows_without_a_checksum_are_trusted_and_reported() {
    let database = database();
    let mut client = database.client().unwrap();
    go_history(&mut client);
    let mut shown = Vec::new();
    let listen = |event: &Event<'_>| {
        if let Event::Warning { warning, .. } = event {
            shown.push(warning.to_string());
        }
    };
    tables_set(3, "").migrator().on_event(listen).up(&mut client).unwrap();
    assert_snapshot!(shown.join("\n"), @"001 was applied by another program without a checksum, and trusted; the checksums are recorded now");
    assert_eq!(versions(&mut client), "1 2 3");
    let missing = "SELECT count(*) FROM lokstra_core.schema_migrations WHERE checksum IS NULL";
    assert_eq!(column(&mut client, missing), "0");
}

#[test]
fn a_rollback_trusts_no_row_without_a_checksum() {
    let database = database();
    let mut client = database.client().unwrap();
    go_history(&mut client);
    client
        .batch_execute(
            "INSERT INTO lokstra_core.schema_migrations (version) VALUES (2); CREATE TABLE t002 ()",
        )
        .unwrap();
    tables_set(2, "").down(&mut client).unwrap();
    let blank = "SELECT version FROM lokstra_core.schema_migrations WHERE checksum IS NULL";
    assert_eq!(column(&mut client, blank), "1");
}

#[test]
fn what_is_rolled_back_during_the_adoption_is_planned_for() {
    let database = database();
    let mut client = database.client().unwrap();
    go_history(&mut client);
    client
        .batch_execute(
            "INSERT INTO lokstra_core.schema_migrations (version) VALUES (2);
             CREATE FUNCTION roll_back() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN DELETE FROM lokstra_core.schema_migrations WHERE version = 2; RETURN NULL; END';
             CREATE TRIGGER roll_back AFTER UPDATE ON lokstra_core.schema_migrations
                 EXECUTE FUNCTION roll_back()",
        )
        .unwrap();
    let report = tables_set(3, "").up(&mut client).unwrap();
    assert_eq!(report.steps.len(), 2, "{report}");
    assert_eq!(
        (versions(&mut client), tables(&mut client)),
        ("1 2 3".into(), "t001 t002 t003".into())
    );
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

#[test]
fn every_row_has_the_time_in_utc() {
    let database = database();
    let mut config = database.config();
    config.options("-c timezone=Asia/Jakarta");
    let mut client = config.connect(lokstra::postgres::NoTls).unwrap();
    go_history(&mut client);
    client.batch_execute("DELETE FROM lokstra_core.schema_migrations; DROP TABLE t001").unwrap();
    tables_set(3, "").up(&mut client).unwrap();
    let off = "SELECT count(*) FROM lokstra_core.schema_migrations
               WHERE abs(extract(epoch FROM applied_at - timezone('UTC', now()))) > 60";
    assert_eq!(column(&mut client, off), "0");
}

#[test]
fn a_long_script_does_not_keep_others_from_reading_the_history() {
    let database = database();
    let mut client = database.client().unwrap();
    go_history(&mut client);
    client.batch_execute("DELETE FROM lokstra_core.schema_migrations; DROP TABLE t001").unwrap();
    let url = database.url().to_owned();
    let slow = std::thread::spawn(move || tables_set(1, "SELECT pg_sleep(0.8);\n").up_url(&url));
    wait_until(|| lokstra_test_support::advisory_locks(&mut client) != "0");
    // Within the script, past the change of the table.
    let sleeping = "SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event = 'PgSleep'";
    wait_until(|| column(&mut client, sleeping) != "0");
    client.batch_execute("SET lock_timeout = '50ms'").unwrap();
    assert_eq!(versions(&mut client), "");
    slow.join().unwrap().unwrap();
}
