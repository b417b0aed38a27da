//! A script, a trigger or a policy that keeps its own record out is detected.

use insta::assert_snapshot;
use lokstra::Event;
use lokstra::error::FailureState;

use lokstra_test_support::{
    advisory_locks, column, database, record_history, set, tables, tables_set, unchecked_script,
    versions,
};

#[test]
fn a_script_that_commits_by_itself_is_not_recorded_and_not_tried_again() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = unchecked_script("CREATE TABLE a ();\nCOMMIT;\nCREATE TABLE b ();");
    let error = set.up(&mut client).unwrap_err();
    assert_eq!(error.failure().unwrap().state, FailureState::Unrecorded);
    assert_snapshot!(error, @"
    migration 001_a failed
    migrations/001_a.up.sql: the script ended its transaction, a function that it calls reset all settings, or a trigger on the tracking table prevented the record from being written (SQLSTATE 22P02)
      state: 001 has no record; if it ended its transaction itself, a part of it may be committed, otherwise it was rolled back; no migration is applied
      help: remove BEGIN, COMMIT and ROLLBACK from the script, and undo by hand what it left; if a function resets all settings, write `reset` in a comment of the script; change any trigger that rejects the record
    ");
    for (after, state) in [
        ("SELECT 1 / 0", FailureState::Unrecorded),
        ("DO $$ BEGIN RAISE lock_not_available; END $$", FailureState::Unrecorded),
    ] {
        client
            .batch_execute("DROP TABLE IF EXISTS a, b; CREATE TABLE a (); CREATE TABLE b (c int)")
            .unwrap();
        let set = unchecked_script(&format!("INSERT INTO b VALUES (1);\nCOMMIT;\n{after};"));
        let error = set.up(&mut client).unwrap_err();
        assert_eq!(error.failure().unwrap().state, state, "{error}");
        assert_eq!(column(&mut client, "SELECT count(*) FROM b"), "1");
    }
    assert_eq!(advisory_locks(&mut client), "0");
}

#[test]
fn a_script_that_begins_its_own_transaction_is_not_recorded() {
    for script in ["COMMIT; BEGIN; SELECT 1;", "RESET ALL; COMMIT; BEGIN; SELECT 1;"] {
        let database = database();
        let mut client = database.client().unwrap();
        let error = unchecked_script(script).up(&mut client).unwrap_err();
        assert_eq!(error.failure().unwrap().state, FailureState::Unrecorded, "{script}");
        let records = "SELECT count(*) FROM lokstra_core.schema_migrations";
        assert_eq!(column(&mut client, records), "0", "{script}");
    }
}

#[test]
fn a_script_that_resets_all_settings_is_recorded() {
    let database = database();
    let mut client = database.client().unwrap();
    unchecked_script("RESET ALL; SELECT 1;").up(&mut client).unwrap();
    assert_eq!(column(&mut client, "SELECT version FROM lokstra_core.schema_migrations"), "1");
}

/// Keeps every further record from being written.
const SWALLOW: &str = "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER swallow BEFORE INSERT ON lokstra_core.schema_migrations
    FOR EACH ROW EXECUTE FUNCTION swallow();";

#[test]
fn a_script_that_keeps_its_own_record_out_is_rolled_back() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = set(&[("001_a", "CREATE TABLE a ()", "SELECT 1"), ("002_b", SWALLOW, "SELECT 1")]);
    let error = set.up(&mut client).unwrap_err();
    assert_eq!(error.failure().unwrap().state, FailureState::Unrecorded);
    assert_eq!(versions(&mut client), "1");
    assert_eq!(column(&mut client, "SELECT to_regproc('swallow')"), "NULL");
}

#[test]
fn a_trigger_added_between_two_steps_keeps_no_record_out_unnoticed() {
    let database = database();
    let (mut client, mut other) = (database.client().unwrap(), database.client().unwrap());
    let set = tables_set(2, "");
    let listen = |event: &Event<'_>| {
        if matches!(event, Event::StepFinished { .. }) {
            other.batch_execute(SWALLOW).unwrap();
        }
    };
    set.migrator().on_event(listen).up(&mut client).unwrap_err();
    assert_eq!((versions(&mut client), tables(&mut client)), ("1".into(), "t001".into()));
}

#[test]
fn a_trigger_that_changes_the_version_of_the_record_is_found_out() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = tables_set(1, "");
    record_history(&set, &mut client);
    client
        .batch_execute(
            "DELETE FROM lokstra_core.schema_migrations;
             CREATE FUNCTION renumber() RETURNS trigger LANGUAGE plpgsql
                 AS 'BEGIN NEW.version = 7; RETURN NEW; END';
             CREATE TRIGGER renumber BEFORE INSERT ON lokstra_core.schema_migrations
                 FOR EACH ROW EXECUTE FUNCTION renumber()",
        )
        .unwrap();
    let error = set.up(&mut client).unwrap_err();
    assert_eq!(error.failure().unwrap().state, FailureState::Unrecorded, "{error}");
    assert_eq!((versions(&mut client), tables(&mut client)), (String::new(), String::new()));
}

#[test]
fn a_record_that_row_security_hides_is_none() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = tables_set(1, "");
    record_history(&set, &mut client);
    let role = format!("secured_{}", database.name());
    client
        .batch_execute(&format!(
            "CREATE ROLE {role}; DELETE FROM lokstra_core.schema_migrations;
             ALTER TABLE lokstra_core.schema_migrations ENABLE ROW LEVEL SECURITY;
             CREATE POLICY written ON lokstra_core.schema_migrations FOR INSERT WITH CHECK (true);
             GRANT ALL ON SCHEMA lokstra_core, public TO {role};
             GRANT ALL ON lokstra_core.schema_migrations TO {role}; SET ROLE {role}"
        ))
        .unwrap();
    let error = set.up(&mut client).unwrap_err();
    assert_eq!(error.failure().unwrap().state, FailureState::RolledBack, "{error}");
    client.batch_execute("RESET ROLE").unwrap();
    assert_eq!((versions(&mut client), tables(&mut client)), (String::new(), String::new()));
}

#[test]
fn a_script_that_writes_its_own_record_fails_at_once() {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[("001_a", "SELECT 1", "SELECT 1")]).up(&mut client).unwrap();
    let write = "INSERT INTO lokstra_core.schema_migrations (version) VALUES (2)";
    let set = set(&[("001_a", "SELECT 1", "SELECT 1"), ("002_b", write, "SELECT 1")]);
    assert_snapshot!(set.up(&mut client).unwrap_err(), @r#"
    migration 002_b failed
    migrations/002_b.up.sql: duplicate key value violates unique constraint "schema_migrations_pkey" (SQLSTATE 23505)
      detail: Key (version)=(2) already exists.
      state: 002 was rolled back; the database is at 001
      help: fix the script and run again; applied migrations are kept
    "#);
}

#[test]
fn a_trigger_that_swallows_the_record_is_found_out() {
    let database = database();
    let mut client = database.client().unwrap();
    let first = ("001_a", "CREATE TABLE a ()", "DROP TABLE a");
    set(&[first]).up(&mut client).unwrap();
    client
        .batch_execute(
            "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
             CREATE TRIGGER swallow BEFORE INSERT ON lokstra_core.schema_migrations
                 FOR EACH ROW EXECUTE FUNCTION swallow()",
        )
        .unwrap();
    set(&[first, ("002_b", "CREATE TABLE b ()", "DROP TABLE b")]).up(&mut client).unwrap_err();
    assert_eq!(tables(&mut client), "a");
}
