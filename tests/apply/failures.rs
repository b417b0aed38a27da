//! A migration that fails: what is rolled back, what is reported.

use insta::assert_snapshot;
use lokstra::ErrorKind;
use lokstra::postgres::Client;

use lokstra_test_support::{database, set, set_from_files, tables, unchecked_script, versions};

/// The error of a second migration with this text.
fn error(up: &str) -> String {
    let database = database();
    let mut client = database.client().unwrap();
    let first =
        "CREATE TABLE users (id int PRIMARY KEY, email text); INSERT INTO users VALUES (1, 'a')";
    let set =
        set(&[("001_create_users", first, "DROP TABLE users"), ("002_change", up, "SELECT 1")]);
    let error = set.up(&mut client).unwrap_err();
    assert_eq!(versions(&mut client), "1");
    assert_eq!(error.report().unwrap().steps.len(), 1, "what was done before is in the report");
    error.to_string()
}

#[test]
fn the_documents_third_migration_names_its_statement_and_its_state() {
    let database = database();
    let mut client = database.client().unwrap();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("tests/fixtures/document_003_as_printed");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    let as_printed = set_from_files(&files);
    assert_snapshot!(as_printed.up(&mut client).unwrap_err(), @r#"
    migration 003_create_orders failed
    migrations/003_create_orders.up.sql:1:1: there is no unique constraint matching given keys for referenced table "users" (SQLSTATE 42830)
      |
    1 | CREATE TABLE IF NOT EXISTS orders (
      | ^
      state: 003 was rolled back; the database is at 002
      help: fix the script and run again; applied migrations are kept
    "#);
    assert_eq!(tables(&mut client), "users");
}

#[test]
fn a_position_counts_characters_and_not_bytes() {
    assert_snapshot!(error("-- é漢\nSELECT 'é漢🐘', nothing FROM users;\n"), @r#"
    migration 002_change failed
    migrations/002_change.up.sql:2:15: column "nothing" does not exist (SQLSTATE 42703)
      |
    2 | SELECT 'é漢🐘', nothing FROM users;
      |               ^
      state: 002 was rolled back; the database is at 001
      help: fix the script and run again; applied migrations are kept
    "#);
}

#[test]
fn a_statement_without_a_position_is_named_all_the_same() {
    let up = "ALTER TABLE users ADD name text;\n\n-- twice\nINSERT INTO users VALUES (1, 'b');\n";
    assert_snapshot!(error(up), @r#"
    migration 002_change failed
    migrations/002_change.up.sql:4:1: duplicate key value violates unique constraint "users_pkey" (SQLSTATE 23505)
      |
    4 | INSERT INTO users VALUES (1, 'b');
      | ^
      detail: Key (id)=(1) already exists.
      state: 002 was rolled back; the database is at 001
      help: fix the script and run again; applied migrations are kept
    "#);
}

#[test]
fn an_error_inside_a_block_says_where() {
    assert_snapshot!(error("DO $$\nBEGIN\n  RAISE EXCEPTION 'no' USING HINT = 'do not';\nEND $$;"), @"
    migration 002_change failed
    migrations/002_change.up.sql:1:1: no (SQLSTATE P0001)
      |
    1 | DO $$
      | ^
      hint: do not
      context: PL/pgSQL function inline_code_block line 3 at RAISE
      state: 002 was rolled back; the database is at 001
      help: fix the script and run again; applied migrations are kept
    ");
}

#[test]
fn a_syntax_error_points_at_its_word() {
    assert_snapshot!(error("-- lokstra: no-syntax-check\nSELECT 1;\nALTER TABEL users ADD x int;\n"), @r#"
    migration 002_change failed
    migrations/002_change.up.sql:3:7: syntax error at or near "TABEL" (SQLSTATE 42601)
      |
    3 | ALTER TABEL users ADD x int;
      |       ^
      state: 002 was rolled back; the database is at 001
      help: fix the script and run again; applied migrations are kept
    "#);
}

#[test]
fn a_statement_that_refuses_a_transaction_has_the_marker_as_help() {
    let database = database();
    let set = unchecked_script("CREATE INDEX CONCURRENTLY a ON pg_class (oid);");
    assert_snapshot!(set.up(&mut database.client().unwrap()).unwrap_err(), @"
    migration 001_a failed
    migrations/001_a.up.sql: CREATE INDEX CONCURRENTLY cannot run inside a transaction block (SQLSTATE 25001)
      state: 001 was rolled back; no migration is applied
      help: make the first line of the file `-- lokstra: no-transaction`; its statements then run one by one
    ");
}

#[test]
fn a_block_that_may_commit_has_the_marker_as_help() {
    let up = "DO $$ BEGIN IF true THEN COMMIT; END IF; END $$";
    assert!(
        error(up).contains("help: make the first line of the file `-- lokstra: no-transaction`")
    );
}

#[test]
fn an_isolation_level_that_comes_too_late_has_no_marker_as_help() {
    let sql = "SELECT pg_catalog.set_config('transaction_isolation', 'serializable', true)";
    let shown = error(sql);
    assert!(shown.contains("help: remove it: the run's own query comes first"), "{shown}");
}

#[test]
fn a_failed_migration_leaves_nothing_and_the_next_run_continues() {
    let database = database();
    let mut client = database.client().unwrap();
    let broken =
        set(&[("001_a", "CREATE TABLE a (); CREATE TABLE b (); SELECT 1 / 0", "SELECT 1")]);
    broken.up(&mut client).unwrap_err();
    assert_eq!(tables(&mut client), "");
    let mended = set(&[("001_a", "CREATE TABLE a (); CREATE TABLE b ()", "SELECT 1")]);
    mended.up(&mut client).unwrap();
    assert_eq!(tables(&mut client), "a b");
}

#[test]
fn a_constraint_that_waits_for_the_commit_fails_before_it() {
    let up = "CREATE TABLE orders (id int REFERENCES users DEFERRABLE INITIALLY DEFERRED);\n\
              INSERT INTO orders VALUES (7);\nSELECT 1;\n";
    assert_snapshot!(error(up), @r#"
    migration 002_change failed
    migrations/002_change.up.sql: insert or update on table "orders" violates foreign key constraint "orders_id_fkey" (SQLSTATE 23503)
      detail: Key (id)=(7) is not present in table "users".
      state: 002 was rolled back; the database is at 001
      help: correct the rows that the script writes (they are checked at the end of the transaction), and run again
    "#);
}

#[test]
fn a_script_that_ends_its_own_backend_is_given_up_after_three_tries() {
    let database = database();
    let set = set(&[("001_a", "SELECT pg_terminate_backend(pg_backend_pid())", "SELECT 1")]);
    // The client may see the end of the connection before the server's last words.
    let shown = set.up_url(database.url()).unwrap_err().to_string();
    let words = "terminating connection due to administrator command (SQLSTATE 57P01)";
    assert_snapshot!(shown.replace(words, "connection closed"), @"
    the connection was lost while 001 was running: connection closed
      state: 001 is either done as a whole or not at all
      help: run again, which continues from what the history says
    ");
}

#[test]
fn what_the_server_refuses_of_our_own_text_is_not_blamed_on_the_script() {
    let database = database();
    let role = format!("poor_{}", database.name());
    let mut admin = database.client().unwrap();
    admin.batch_execute(&format!("CREATE ROLE {role} LOGIN")).unwrap();
    let mut config = database.config();
    config.user(&role);
    let mut client = config.connect(lokstra::postgres::NoTls).unwrap();
    let error = set(&[("001_a", "SELECT 1", "SELECT 1")]).up(&mut client).unwrap_err();
    assert_snapshot!(lacks(&error, &database), @r#"
    this role lacks privileges on the tracking table lokstra_core.schema_migrations: permission denied for database <database> (SQLSTATE 42501)
      help: ask its owner or a superuser to run: GRANT CREATE ON DATABASE "<database>" TO "poor_<database>";
    "#);
    // Each remedy, as it is reported, leads to the next.
    admin.batch_execute("CREATE SCHEMA lokstra_core").unwrap();
    let set = set(&[("001_a", "SELECT 1", "SELECT 1")]);
    let error = set.up(&mut client).unwrap_err();
    assert_snapshot!(lacks(&error, &database), @r#"
    this role lacks privileges on the tracking table lokstra_core.schema_migrations: permission denied for schema lokstra_core (SQLSTATE 42501)
      help: ask its owner or a superuser to run: GRANT USAGE, CREATE ON SCHEMA "lokstra_core" TO "poor_<database>";
    "#);
    grant(&error, &mut admin);
    set.up(&mut client).unwrap();
    let role_of = "ALTER TABLE lokstra_core.schema_migrations OWNER TO CURRENT_USER";
    admin.batch_execute(role_of).unwrap();
    let error = set.status(&mut client).unwrap_err();
    assert_snapshot!(lacks(&error, &database), @r#"
    this role lacks privileges on the tracking table lokstra_core.schema_migrations: permission denied for table schema_migrations (SQLSTATE 42501)
      help: ask its owner or a superuser to run: GRANT SELECT, INSERT, UPDATE, DELETE ON "lokstra_core"."schema_migrations" TO "poor_<database>";
    "#);
    grant(&error, &mut admin);
    set.status(&mut client).unwrap();
    drop(client);
    admin.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).unwrap();
}

fn lacks(error: &lokstra::Error, database: &lokstra_scratch::Database) -> String {
    error.to_string().replace(database.name(), "<database>")
}

fn grant(error: &lokstra::Error, admin: &mut Client) {
    let ErrorKind::MissingPrivileges { grants, .. } = error.kind() else { panic!("{error}") };
    for grant in grants {
        admin.batch_execute(grant).unwrap();
    }
}

#[test]
fn a_position_alone_shows_the_statement() {
    let database = database();
    let up = "-- lokstra: no-syntax-check\nSELECT 1;\nSELEC 2;\nSELECT 3;\n";
    let set = set(&[("001_a", up, "SELECT 1")]);
    let error = set.up(&mut database.client().unwrap()).unwrap_err();
    let lokstra::ErrorKind::MigrationFailed(failure) = error.kind() else { panic!("{error}") };
    assert_eq!(failure.statement, Some(2));
}

#[test]
fn a_schema_that_is_there_already_points_to_baseline_and_no_rollback_does() {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE TABLE a ()").unwrap();
    let first = set(&[("001_a", "CREATE TABLE a ()", "CREATE TABLE a ()")]);
    assert!(first.up(&mut client).unwrap_err().to_string().contains("`baseline`"));
    client.batch_execute("DROP TABLE a").unwrap();
    first.up(&mut client).unwrap();
    assert!(!first.down(&mut client).unwrap_err().to_string().contains("`baseline`"));
}

#[test]
fn a_failed_down_stays_applied() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = set(&[("001_a", "CREATE TABLE a ()", "DROP TABLE a; DROP TABLE nothing")]);
    set.up(&mut client).unwrap();
    assert_snapshot!(set.down(&mut client).unwrap_err(), @r#"
    rollback of migration 001_a failed
    migrations/001_a.down.sql:1:15: table "nothing" does not exist (SQLSTATE 42P01)
      |
    1 | DROP TABLE a; DROP TABLE nothing
      |               ^
      state: 001 is still applied; the database is at 001
      help: fix the script and run again; applied migrations are kept
    "#);
    assert_eq!((tables(&mut client), versions(&mut client)), ("a".into(), "1".into()));
}
