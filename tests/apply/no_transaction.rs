//! Scripts that run statement by statement.

use insta::assert_snapshot;
use lokstra::Goal;
use lokstra::maintenance::Repair;

use lokstra_test_support::{advisory_locks, column, database, set, tables, version, versions};

const USERS: (&str, &str, &str) =
    ("001_create_users", "CREATE TABLE users (id int, email text);", "DROP TABLE users;");

#[test]
fn what_refuses_a_transaction_runs() {
    let database = database();
    let mut client = database.client().unwrap();
    let up = "-- lokstra: no-transaction\nCREATE INDEX CONCURRENTLY a ON users (email);\nVACUUM users;\n";
    let down = "-- lokstra: no-transaction\nDROP INDEX CONCURRENTLY a;\n";
    let set = set(&[USERS, ("002_index", up, down)]);
    set.up(&mut client).unwrap();
    assert_eq!(
        column(&mut client, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'a'::regclass"),
        "t"
    );
    set.down(&mut client).unwrap();
    assert_eq!(column(&mut client, "SELECT to_regclass('a')"), "NULL");
    assert_eq!(versions(&mut client), "1");
}

#[test]
fn a_failed_statement_is_where_the_next_run_continues() {
    let database = database();
    let mut client = database.client().unwrap();
    let marker = "-- lokstra: no-transaction\n";
    let script = |second: &str| {
        format!("{marker}INSERT INTO users VALUES (1, 'a');\n{second};\nCREATE TABLE after ();\n")
    };
    let broken = script("CREATE INDEX CONCURRENTLY a ON users (emial)");
    let error = set(&[USERS, ("002_index", &broken, "SELECT 1")]).up(&mut client).unwrap_err();
    assert_snapshot!(error, @r#"
    migration 002_index failed
    migrations/002_index.up.sql:3:1: column "emial" does not exist (SQLSTATE 42703)
      |
    3 | CREATE INDEX CONCURRENTLY a ON users (emial);
      | ^
      state: of 002, 1 of 3 statements are done and kept; the database is at 001
      help: fix this statement (not earlier ones) and run again, which continues here
    "#);
    assert_eq!(versions(&mut client), "1");

    let rewritten = broken.replace("(1, 'a')", "(2, 'b')");
    let error = set(&[USERS, ("002_index", &rewritten, "SELECT 1")]).up(&mut client).unwrap_err();
    assert_snapshot!(error, @"
    migrations/002_index.up.sql: 002 was interrupted after statement 1, and the statements that ran differ from the file
      help: restore the statements up to there; only later ones may change
    ");

    let mended = script("CREATE INDEX CONCURRENTLY a ON users (email)");
    set(&[USERS, ("002_index", &mended, "SELECT 1")]).up(&mut client).unwrap();
    assert_eq!(column(&mut client, "SELECT id FROM users"), "1");
    assert_eq!((tables(&mut client), versions(&mut client)), ("after users".into(), "1 2".into()));
    assert_eq!(column(&mut client, "SELECT count(*) FROM lokstra_core.lokstra_progress"), "0");
    assert_eq!(advisory_locks(&mut client), "0");
}

#[test]
fn a_timeout_of_the_role_does_not_cut_it_short() {
    let database = database();
    let mut config = database.config();
    config.options("-c statement_timeout=300ms");
    let mut client = config.connect(lokstra::postgres::NoTls).unwrap();
    let up = "-- lokstra: no-transaction\nSELECT pg_sleep(0.6);\n";
    set(&[("001_slow", up, "SELECT 1")]).up(&mut client).unwrap();
    assert_eq!(column(&mut client, "SHOW statement_timeout"), "300ms");
}

/// A set whose second migration has this text, after the marker.
fn second(sql: &str) -> lokstra::Migrations {
    let up = format!("-- lokstra: no-transaction\n{sql}");
    set(&[(USERS.0, USERS.1, USERS.2), ("002_second", &up, "SELECT 1;")])
}

#[test]
fn a_write_is_done_once_however_often_the_script_is_tried() {
    let database = database();
    let mut client = database.client().unwrap();
    let write = "INSERT INTO users VALUES (1, 'a');\nUPDATE users SET id = id + 1;\n";
    let broken = second(&format!("{write}VACUUM nothing;\n"));
    for _ in 0..3 {
        broken.up(&mut client).unwrap_err();
    }
    second(&format!("{write}VACUUM users;\n")).up(&mut client).unwrap();
    assert_eq!(column(&mut client, "SELECT id FROM users"), "2");
}

#[test]
fn a_statement_that_fails_in_its_transaction_is_not_run_again_without_it() {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE SEQUENCE tries").unwrap();
    // It would succeed the second time.
    second("SELECT 1 / (nextval('tries') - 1);\n").up(&mut client).unwrap_err();
    assert_eq!(column(&mut client, "SELECT last_value FROM tries"), "1");
}

#[test]
fn a_routine_may_commit_by_itself() {
    let database = database();
    let mut client = database.client().unwrap();
    let batches = "DO $$ BEGIN\n  FOR n IN 1..3 LOOP INSERT INTO users VALUES (n); COMMIT; END LOOP;\nEND $$;\n";
    second(batches).up(&mut client).unwrap();
    assert_eq!(column(&mut client, "SELECT id FROM users ORDER BY 1"), "1 2 3");
}

#[test]
fn a_routine_that_was_cut_off_asks_the_operator() {
    let database = database();
    let mut client = database.client().unwrap();
    let batches = "SELECT 1;\nDO $$ BEGIN\n  INSERT INTO users VALUES (1); COMMIT; \
                   PERFORM pg_terminate_backend(pg_backend_pid());\nEND $$;\nSELECT 2;\n";
    let set = second(batches);
    let error = set.up_url(database.url()).unwrap_err();
    assert_snapshot!(error, @"
    migrations/002_second.up.sql: statement 2 of 002 failed or was interrupted in an earlier run; it commits by itself, so it may have run completely or in part
      help: check the database, use one of these, and run again
      to run it again: lokstra migration repair -redo-statement 002 (in a program: `repair`)
      if it ran completely: lokstra migration repair -skip-statement 002 (in a program: `repair`)
    ");
    set.migrator().repair(&mut client, Repair::SkipStatement(version(2))).unwrap();
    set.up(&mut client).unwrap();
    assert_eq!(
        (column(&mut client, "SELECT id FROM users"), versions(&mut client)),
        ("1".into(), "1 2".into())
    );
}

#[test]
fn an_invalid_index_is_named_and_never_taken_for_done() {
    let database = database();
    let mut client = database.client().unwrap();
    let first = set(&[USERS]);
    first.up(&mut client).unwrap();
    client.batch_execute("INSERT INTO users VALUES (1, 'a'), (2, 'a')").unwrap();
    let index =
        second("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email ON users (email);\n");
    assert_snapshot!(index.up(&mut client).unwrap_err(), @r#"
    migration 002_second failed
    migrations/002_second.up.sql:2:1: could not create unique index "users_email" (SQLSTATE 23505)
      |
    2 | CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email O…
      | ^
      detail: Key (email)=(a) is duplicated.
      state: no statement of 002 is done; the database is at 001; index users_email is INVALID: drop it, or allow `rebuild_invalid_indexes` (-rebuild-invalid)
      help: fix the cause, run DROP INDEX CONCURRENTLY "users_email"; and run again, or run with -rebuild-invalid
    "#);
    client.batch_execute("DELETE FROM users WHERE id = 2").unwrap();
    assert_snapshot!(index.up(&mut client).unwrap_err(), @"
    migrations/002_second.up.sql: the index users_email of 002 is INVALID: an earlier run failed to build it, and `IF NOT EXISTS` accepted it
      help: run DROP INDEX CONCURRENTLY users_email; and run again, which creates it; or run with `rebuild_invalid_indexes` (-rebuild-invalid)
    ");
    client.batch_execute("DROP INDEX users_email").unwrap();
    index.up(&mut client).unwrap();
    assert_eq!(column(&mut client, "SELECT count(*) FROM pg_index WHERE NOT indisvalid"), "0");
    assert_eq!(column(&mut client, "SELECT to_regclass('users_email')"), "users_email");
}

#[test]
fn a_record_that_is_refused_leaves_neither_a_lock_nor_a_transaction() {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[USERS]).up(&mut client).unwrap();
    client
        .batch_execute(
            "SET statement_timeout = '9s';
             CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN RAISE insufficient_privilege; END';
             CREATE TRIGGER refuse BEFORE INSERT ON lokstra_core.schema_migrations
                 FOR EACH ROW EXECUTE FUNCTION refuse()",
        )
        .unwrap();
    let set = second("UPDATE users SET id = id + 1;\nINSERT INTO users VALUES (1, 'a');\n");
    for _ in 0..2 {
        set.up(&mut client).unwrap_err();
    }
    assert_eq!(advisory_locks(&mut client), "0");
    assert_eq!(column(&mut client, "SHOW statement_timeout"), "9s");
    assert_eq!(column(&mut client, "SELECT id FROM users"), "1");
}

#[test]
fn a_record_that_a_trigger_swallows_is_all_that_is_missing() {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[USERS]).up(&mut client).unwrap();
    client
        .batch_execute(
            "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
             CREATE TRIGGER swallow BEFORE INSERT ON lokstra_core.schema_migrations
                 FOR EACH ROW EXECUTE FUNCTION swallow()",
        )
        .unwrap();
    let set = second("INSERT INTO users VALUES (1, 'a');\n");
    assert_snapshot!(set.up(&mut client).unwrap_err(), @"
    migration 002_second failed
    migrations/002_second.up.sql: a trigger on the tracking table prevented the record from being written (SQLSTATE 22P02)
      state: of 002, 1 of 1 statements are done and kept; the database is at 001
      help: the script ran, and only its record is missing: fix the cause and run again
    ");
    client.batch_execute("DROP TRIGGER swallow ON lokstra_core.schema_migrations").unwrap();
    set.up(&mut client).unwrap();
    assert_eq!(column(&mut client, "SELECT count(*) FROM users"), "1");
}

#[test]
fn nothing_is_rolled_back_below_a_partial_migration() {
    let database = database();
    let mut client = database.client().unwrap();
    let half = second("INSERT INTO users VALUES (1, 'a');\nINSERT INTO nowhere VALUES (2);\n");
    half.up(&mut client).unwrap_err();
    assert_snapshot!(half.down(&mut client).unwrap_err(), @"
    001 cannot be rolled back while another migration is partial
      002: 1 of 2 statements of its up script are done
      help: run `up` to finish it; or undo by hand what it did, and discard its progress: lokstra migration repair -forget-progress 002 (in a program: `repair`)
    ");
    assert_eq!((tables(&mut client), versions(&mut client)), ("users".into(), "1".into()));

    let mended = second("INSERT INTO users VALUES (1, 'a');\nSELECT 2;\n");
    mended.up(&mut client).unwrap();
    assert_eq!(column(&mut client, "SELECT id FROM users"), "1");
    mended.down(&mut client).unwrap();
    assert_eq!(advisory_locks(&mut client), "0");
}

#[test]
fn nothing_is_applied_past_a_partial_rollback() {
    let database = database();
    let mut client = database.client().unwrap();
    let down = "-- lokstra: no-transaction\nDELETE FROM users;\nSELECT 1 / 0;\n";
    let two = ("002_second", "INSERT INTO users VALUES (1, 'a')", down);
    set(&[USERS, two]).up(&mut client).unwrap();
    set(&[USERS, two]).down(&mut client).unwrap_err();
    let three = set(&[USERS, two, ("003_third", "SELECT 1", "SELECT 1")]);
    assert_snapshot!(three.up(&mut client).unwrap_err(), @"
    003 cannot be applied while another migration is partial
      002: 1 of 2 statements of its down script are done
      help: run `down` to finish it; or undo by hand what it did, and discard its progress: lokstra migration repair -forget-progress 002 (in a program: `repair`)
    ");
}

#[test]
fn a_script_without_a_transaction_does_not_go_past_it_either() {
    let database = database();
    let mut client = database.client().unwrap();
    let down = "-- lokstra: no-transaction\nDELETE FROM users;\nSELECT 1 / 0;\n";
    let two = ("002_second", "SELECT 1", down);
    set(&[USERS, two]).up(&mut client).unwrap();
    set(&[USERS, two]).down(&mut client).unwrap_err();
    let up = "-- lokstra: no-transaction\nVACUUM users;\n";
    let error = set(&[USERS, two, ("003_third", up, "SELECT 1")]).up(&mut client).unwrap_err();
    assert!(matches!(error.kind(), lokstra::ErrorKind::PartialScript { .. }), "{error}");
}

#[test]
fn a_place_behind_letters_of_several_bytes_is_found() {
    let database = database();
    let set = second("INSERT INTO users VALUES (1, 'é'), (nothing(), 'a');\n");
    let shown = set.up(&mut database.client().unwrap()).unwrap_err().to_string();
    assert!(shown.contains("002_second.up.sql:2:37: function nothing()"), "{shown}");
}

#[test]
fn what_commits_by_itself_and_is_repeatable_is_repeated_when_cut_off() {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[USERS]).up(&mut client).unwrap();
    let mut lock = client.transaction().unwrap();
    lock.batch_execute("LOCK TABLE users IN SHARE UPDATE EXCLUSIVE MODE").unwrap();
    std::thread::scope(|scope| {
        let run = scope.spawn(|| second("VACUUM users;\n").up_url(database.url()));
        let cut_off = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'
                       AND query LIKE '%VACUUM users%'";
        let mut other = database.client().unwrap();
        lokstra_test_support::wait_until(|| column(&mut other, cut_off) == "t");
        lock.rollback().unwrap();
        run.join().unwrap().unwrap();
    });
    assert_eq!(versions(&mut client), "1 2");
}

#[test]
fn a_refusal_of_our_own_sql_is_not_blamed_on_the_script() {
    let database = database();
    let mut client = database.client().unwrap();
    client
        .batch_execute(
            "CREATE SEQUENCE tries;
             CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS
                 'BEGIN PERFORM nextval(''tries''); RAISE insufficient_privilege; END';
             CREATE EVENT TRIGGER refuse ON ddl_command_start EXECUTE FUNCTION refuse()",
        )
        .unwrap();
    let up = "-- lokstra: no-transaction\nVACUUM;\n";
    let error = set(&[("001_a", up, "SELECT 1")]).up(&mut client).unwrap_err();
    assert!(matches!(error.kind(), lokstra::ErrorKind::Server(_)), "{error}");
    // Also of the probe before the first script.
    assert_eq!(column(&mut client, "SELECT last_value FROM tries"), "2");
}

#[test]
fn a_routine_that_fails_may_be_done_in_part_and_the_operator_is_asked() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = second(
        "DO $$ BEGIN\n  INSERT INTO users VALUES (1); COMMIT; PERFORM 1 / 0;\nEND $$;\nSELECT 2;\n",
    );
    assert_snapshot!(set.up(&mut client).unwrap_err(), @"
    migration 002_second failed
    migrations/002_second.up.sql:2:1: division by zero (SQLSTATE 22012)
      |
    2 | DO $$ BEGIN
      | ^
      context: SQL statement \"SELECT 1 / 0\"
        PL/pgSQL function inline_code_block line 2 at PERFORM
      state: no statement of 002 is done; the database is at 001; the failed statement commits by itself, and may have run in part
      help: check the database, fix the statement, and use one of these before you run again
      to run it again: lokstra migration repair -redo-statement 002 (in a program: `repair`)
      if it ran completely: lokstra migration repair -skip-statement 002 (in a program: `repair`)
    ");
    let again = set.up(&mut client).unwrap_err();
    assert!(matches!(again.kind(), lokstra::ErrorKind::StatementUncertain { .. }), "{again}");
    assert_eq!(column(&mut client, "SELECT id FROM users"), "1");
}

#[test]
fn a_refused_first_statement_leaves_nothing_partial() {
    let first = ["VACUUM nowhere", "INSERT INTO nowhere VALUES (1)", "DROP INDEX CONCURRENTLY a"];
    for statement in first {
        let database = database();
        let mut client = database.client().unwrap();
        let down = format!("-- lokstra: no-transaction\n{statement};\n");
        let all = [USERS, ("002_b", "SELECT 1", &down), ("003_c", "SELECT 1", "SELECT 1")];
        let set = set(&all);
        set.up(&mut client).unwrap();
        let error = set.migrator().down_to(&mut client, version(1)).unwrap_err().to_string();
        assert!(error.contains("state: 002 is still applied; the database is at 002"), "{error}");
        assert!(set.status(&mut client).unwrap().partial_scripts.is_empty());
        let plan = set.migrator().plan(&mut client, Goal::Latest).unwrap();
        assert_eq!(plan.steps.len(), 1);
        set.up(&mut client).unwrap();
        assert_eq!(versions(&mut client), "1 2 3");
    }
}

#[test]
fn a_row_of_earlier_that_says_nothing_is_done_is_in_nobodys_way() {
    let database = database();
    let mut client = database.client().unwrap();
    let half = second("INSERT INTO users VALUES (1, 'a');\nINSERT INTO nowhere VALUES (2);\n");
    half.up(&mut client).unwrap_err();
    client.batch_execute("UPDATE lokstra_core.lokstra_progress SET done = 0").unwrap();
    assert!(half.status(&mut client).unwrap().partial_scripts.is_empty());
    half.down(&mut client).unwrap();
    assert_eq!(tables(&mut client), "");
}

#[test]
fn a_plan_is_refused_where_its_run_would_be() {
    let database = database();
    let mut client = database.client().unwrap();
    let half = second("INSERT INTO users VALUES (1, 'a');\nINSERT INTO nowhere VALUES (2);\n");
    half.up(&mut client).unwrap_err();
    let down = Goal::Down(std::num::NonZeroU32::MIN);
    let shown = half.migrator().plan(&mut client, down).unwrap_err().to_string();
    assert_eq!(half.down(&mut client).unwrap_err().to_string(), shown);
    let changed = second("INSERT INTO users VALUES (2, 'a');\nSELECT 2;\n");
    let shown = changed.migrator().plan(&mut client, Goal::Latest).unwrap_err().to_string();
    assert_eq!(changed.up(&mut client).unwrap_err().to_string(), shown);
}
