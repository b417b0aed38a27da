//! What becomes of the scripts themselves.

use std::fs;
use std::process::Command;

use insta::assert_snapshot;
use lokstra_scratch::{Database, Server};
use tempfile::TempDir;

use super::migrated;
use crate::project::Project;

/// A folder `theirs` with these files, and an empty database.
fn project(files: &[(&str, &str)]) -> Project {
    let dir = TempDir::new().unwrap();
    let project = Project { dir, database: Server::shared().unwrap().database().unwrap() };
    fs::create_dir_all(project.path("theirs")).unwrap();
    for (name, text) in files {
        project.write(&format!("theirs/{name}"), text);
    }
    project
}

/// The tables with their columns, rows and comments.
fn schema(database: &Database) -> Vec<String> {
    let query = "SELECT format('%s.%s %s', table_schema, table_name,
                     query_to_xml(format('TABLE %I.%I', table_schema, table_name),
                         true, true, ''))
                 FROM information_schema.tables
                 WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'lokstra_core')
                 ORDER BY 1";
    let mut client = database.client().unwrap();
    client.query(query, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

fn psql(database: &Database, path: &std::path::Path) {
    let own = lokstra_scratch::find::binaries().unwrap().join("psql");
    let mut psql = Command::new(if own.exists() { own } else { "psql".into() });
    psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database.url(), "-f"]).arg(path);
    let output = psql.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn without_its_transactions_a_script_leaves_what_psql_leaves() {
    for text in [
        "BEGIN;\nCREATE TABLE a (n int);\nCOMMIT;\nBEGIN;\nINSERT INTO a VALUES (1);\nEND;\n",
        "CREATE TABLE a (n int);\nINSERT INTO a VALUES (1);\nCOMMIT;\n",
        "CREATE TABLE a (n int);\nBEGIN WORK; INSERT INTO a VALUES (1); COMMIT WORK;\nCREATE TABLE b ();",
        "COMMIT;\nCREATE TABLE a ();\nSTART TRANSACTION;\nDROP TABLE a;\nCOMMIT;\nCREATE TABLE c ();\n",
        "BEGIN;\nCREATE SCHEMA app;\nSET LOCAL search_path = app;\nCREATE TABLE a ();\nCOMMIT;\n",
        "BEGIN;\nCREATE TABLE a (n int);\nCOMMIT;\nCREATE INDEX CONCURRENTLY i ON a (n);\n",
    ] {
        let project = project(&[("1_a.up.sql", text), ("1_a.down.sql", "")]);
        let other = Server::shared().unwrap().database().unwrap();
        psql(&other, &project.path("theirs/1_a.up.sql"));
        project.lokstra("migration import -from golang-migrate -source theirs -yes");
        let shown = project.lokstra("migration up");
        assert!(shown.contains("1 migration applied"), "{text}\n{shown}");
        assert_eq!(schema(&project.database), schema(&other), "{text}");
    }
}

#[test]
fn a_transaction_that_means_something_else_stays_and_is_reported() {
    for text in [
        "CREATE SCHEMA app;\nBEGIN;\nSET LOCAL search_path = app;\nCOMMIT;\nCREATE TABLE a ();\n",
        "BEGIN;\nCREATE TABLE a ();\nROLLBACK;\nCREATE TABLE b ();\n",
        "BEGIN;\nCREATE TABLE a ();\n",
    ] {
        let project = project(&[("1_a.up.sql", text), ("1_a.down.sql", "")]);
        let shown = project.lokstra("migration import -from golang-migrate -source theirs");
        assert!(shown.contains("[transaction-control]"), "{shown}");
    }
}

#[test]
fn an_empty_down_script_is_reported_and_rolls_back_as_it_did() {
    let project = project(&[
        ("1_nothing.up.sql", ""),
        ("1_nothing.down.sql", ""),
        ("2_t.up.sql", "CREATE TABLE t (id int);\n"),
        ("2_t.down.sql", ""),
    ]);
    let import = "migration import -from golang-migrate -source theirs -yes";
    assert_snapshot!(project.lokstra(import), @"
    2 migrations written to migrations:
      001_nothing.up.sql    from 1_nothing.up.sql; had no statement
      001_nothing.down.sql  from 1_nothing.down.sql; nothing to undo
      002_t.up.sql          from 2_t.up.sql
      002_t.down.sql        from 2_t.down.sql; is empty: a rollback only forgets the migration
    -- standard error --
    This database has no history of golang-migrate: there is no table schema_migrations; name another with -table
    ");
    project.lokstra("migration up");
    assert_snapshot!(project.lokstra("migration down -steps 2 -yes"), @"
    Rolled back 002: t (… ms)
    Rolled back 001: nothing (… ms)
    2 migrations rolled back. No migrations applied yet
    ");
}

#[test]
fn dbmate_is_taken_over() {
    let (project, mut client) = migrated("dbmate");
    assert_snapshot!(project.lokstra("migration import -from dbmate -source theirs -yes"), @"
    3 migrations written to migrations:
      20240101000000_create_users.up.sql    from 20240101000000_create_users.sql
      20240101000000_create_users.down.sql  from 20240101000000_create_users.sql
      20240102000000_index_email.up.sql     from 20240102000000_index_email.sql; runs without a transaction
      20240102000000_index_email.down.sql   from 20240102000000_index_email.sql; runs without a transaction
      20240103000000_orders.up.sql          from 20240103000000_orders.sql
      20240103000000_orders.down.sql        from 20240103000000_orders.sql
    2 recorded in lokstra_core.schema_migrations as applied without running, from schema_migrations:
      20240101000000_create_users  at an unknown time
      20240102000000_index_email  at an unknown time
    Pending: 20240103000000_orders
    ");
    assert_eq!(super::rows(&mut client).len(), 2);
    assert_snapshot!(project.lokstra("migration up"), @"
    Applied 20240103000000: orders (… ms)
    1 migration applied. Current version: 20240103000000
    ");
}

#[test]
fn a_file_that_the_wrong_tool_would_run_whole_is_refused() {
    let project = project(&[
        ("1_t.sql", "-- +goose Up\nCREATE TABLE t (id int);\n\n-- +goose Down\nDROP TABLE t;\n"),
        ("2_u.sql", "-- migrate:up\nCREATE TABLE u ();\n\n-- migrate:down\nDROP TABLE u;\n"),
    ]);
    assert_snapshot!(project.lokstra("migration import -from sqlx -source theirs -yes"), @"
    -- standard error --
    error: nothing was imported
    theirs/1_t.sql:4: begins a down section of goose; sqlx runs what follows as part of the up script
      help: import with -from goose
    theirs/2_u.sql:4: begins a down section of dbmate; sqlx runs what follows as part of the up script
      help: import with -from dbmate
    -- exit code 2 --
    ");
    assert!(!project.path("migrations").exists());
}

#[test]
fn a_history_table_in_a_script_and_other_numbers_are_reported() {
    let project = project(&[
        ("20240101000000000002_b.up.sql", "DELETE FROM schema_migrations;\n"),
        ("20240101000000000001_a.up.sql", "SELECT 1;\n"),
    ]);
    assert_snapshot!(project.lokstra("migration import -from golang-migrate -source theirs"), @"
    2 migrations to be written to migrations:
      001_a.up.sql    from 20240101000000000001_a.up.sql
      001_a.down.sql  fails: there was no down script
      002_b.up.sql    from 20240101000000000002_b.up.sql
      002_b.down.sql  fails: there was no down script
    -- standard error --
    warning: theirs/20240101000000000001_a.up.sql: the version 20240101000000000001 is above 9223372036854775807: all migrations are numbered 001 to 002 instead, in the order in which golang-migrate runs them
      help: number new migrations after these, as `lokstra migration create` does
    warning: theirs/20240101000000000002_b.up.sql:1: uses schema_migrations, the history table of golang-migrate or dbmate, which a new database does not have
      help: remove the statement from the imported file, or run it only if the table exists: IF to_regclass('schema_migrations') IS NOT NULL
    This database has no history of golang-migrate: there is no table schema_migrations; name another with -table
    nothing was changed: confirm with -yes
    ");
}

#[test]
fn a_line_break_in_the_name_of_a_file_begins_no_line_of_sql() {
    let text = "CREATE TABLE a ();\n";
    for (tool, files) in [
        ("sqlx", &[("1_a\nDROP TABLE users; --.sql", text)][..]),
        ("flyway", &[("V1__a\rDROP TABLE users; --.sql", text)]),
        ("diesel", &[("1_a\nDROP TABLE users; --/up.sql", text)]),
        (
            "golang-migrate",
            &[
                ("1_a\nDROP TABLE users; --.up.sql", text),
                ("1_a\nDROP TABLE users; --.down.sql", ""),
                ("a\nDROP TABLE users; --.sql", ""),
            ],
        ),
    ] {
        let project = project(&[]);
        for (name, text) in files {
            let path = project.path("theirs").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let import = format!("migration import -from {tool} -source theirs -dir new -yes");
        let shown = project.lokstra(&import);
        assert!(shown.contains("from 1_a␊DROP") || shown.contains("from V1__a␍DROP"), "{shown}");
        assert!(!shown.contains("\nDROP"), "{shown}");
        for entry in fs::read_dir(project.path("new")).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            assert!(!text.split(['\n', '\r']).any(|line| line.starts_with("DROP")), "{text}");
        }
    }
}

#[test]
fn no_line_of_a_file_outside_of_their_folder_is_shown() {
    let secrets = [
        "DB_PASSWORD=hunter2\n",
        "SELECT '${hunter2}', ${hunter2};\n",
        "-- +goose hunter2\nhunter2 {{ hunter2 }};\n",
        "-- +goose Up\nhunter2\n",
        "-- migrate:up\nhunter2\n",
        "BEGIN; hunter2;\n",
    ];
    for (tool, name) in [
        ("golang-migrate", "1_a.up.sql"),
        ("sqlx", "1_a.sql"),
        ("goose", "1_a.sql"),
        ("dbmate", "1_a.sql"),
        ("flyway", "V1__a.sql"),
        ("refinery", "V1__a.sql"),
        ("diesel", "1_a/up.sql"),
    ] {
        let project = project(&[]);
        let path = project.path("theirs").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(project.path(".secret"), path).unwrap();
        for secret in secrets {
            project.write(".secret", secret);
            for json in ["", " -json"] {
                let import = format!("migration import -from {tool} -source theirs -dir new{json}");
                let shown = project.lokstra(&import);
                assert!(!shown.contains("hunter2"), "{shown}");
            }
        }
    }
}

#[test]
fn a_folder_behind_a_link_is_outside_and_a_link_within_is_not() {
    let project = project(&[("b", "hunter2;\n")]);
    fs::create_dir(project.path("other")).unwrap();
    project.write("other/V1__a.sql", "hunter2;\n");
    let link = std::os::unix::fs::symlink::<&str, std::path::PathBuf>;
    link("../other", project.path("theirs/other")).unwrap();
    let import = "migration import -from refinery -source theirs -dir new";
    let shown = project.lokstra(import);
    assert!(!shown.contains("hunter2") && shown.contains("a link leads out"), "{shown}");
    link("b", project.path("theirs/V2__b.sql")).unwrap();
    let shown = project.lokstra(import);
    assert!(shown.contains("1 | hunter2;"), "{shown}");
}

#[test]
fn a_file_outside_of_their_folder_is_not_copied_into_ours() {
    let project = project(&[("1_a.up.sql", "SELECT 1;\n"), ("1_a.down.sql", "SELECT 1;\n")]);
    project.write(".secret", "SELECT 'hunter2';\n");
    let link = project.path("theirs/2_b.up.sql");
    std::os::unix::fs::symlink(project.path(".secret"), &link).unwrap();
    let import = "migration import -from golang-migrate -source theirs -dir new";
    let shown = project.lokstra(import);
    assert!(shown.contains("theirs/2_b.up.sql: a link leads out of the folder"), "{shown}");
    let shown = project.lokstra(&format!("{import} -yes"));
    insta::assert_snapshot!(shown, @"
    -- standard error --
    error: nothing was imported
    theirs/2_b.up.sql: a link leads out of the folder to this file, which is not copied
      help: replace the link by a copy if it is a script, and import again
    -- exit code 2 --
    ");
    assert!(!project.path("new").exists());
}

#[test]
fn import_warns_of_the_hazards_that_it_locks_as_lock_does() {
    let project = project(&[
        ("1_a.up.sql", "CREATE TABLE a (n int);\n"),
        ("1_a.down.sql", "DROP TABLE a;\n"),
        ("2_b.up.sql", "CREATE INDEX i ON a (n);\n"),
        ("2_b.down.sql", "DROP INDEX i;\n"),
    ]);
    let shown =
        project.lokstra("migration import -from golang-migrate -source theirs -dir new -yes");
    insta::assert_snapshot!(shown, @"
    2 migrations written to new:
      001_a.up.sql    from 1_a.up.sql
      001_a.down.sql  from 1_a.down.sql
      002_b.up.sql    from 2_b.up.sql
      002_b.down.sql  from 2_b.down.sql
    -- standard error --
    This database has no history of golang-migrate: there is no table schema_migrations; name another with -table
    warning: new/002_b.up.sql:1:1: locked with a hazard: writes to the table are blocked until the index is built [create-index]
      help: to change the script or to suppress its hazard with a reason, restore the previous lokstra.lock, edit the script, and lock again
    ");
}

#[test]
fn a_source_file_that_cannot_be_read_is_named() {
    let project = project(&[("1_a.up.sql", "SELECT 1;\n")]);
    let import = "migration import -from golang-migrate -source theirs -dir new";
    for (target, why) in [("/dev/zero", "not a regular file"), ("gone", "No such file")] {
        let path = project.path("theirs/2_b.up.sql");
        std::os::unix::fs::symlink(target, &path).unwrap();
        let shown = project.lokstra(import);
        let expected = format!("error: theirs/2_b.up.sql: cannot be read: {why}");
        assert!(shown.contains(&expected), "{shown}");
        fs::remove_file(path).unwrap();
    }
    let made = Command::new("mkfifo").arg(project.path("theirs/2_b.up.sql")).status().unwrap();
    assert!(made.success());
    let shown = project.lokstra(import);
    assert!(shown.contains("theirs/2_b.up.sql: cannot be read: not a regular file"), "{shown}");
}

#[test]
fn a_file_is_cut_at_annotations_of_goose_in_any_case() {
    let text = "-- +goose up\nCREATE TABLE t (id int);\n-- +goose DOWN\nDROP TABLE t;\n";
    let project = project(&[("1_t.sql", text)]);
    project.lokstra("migration import -from goose -source theirs -yes");
    let of = |name: &str| fs::read_to_string(project.path(&format!("migrations/{name}"))).unwrap();
    assert_eq!(of("001_t.up.sql"), "CREATE TABLE t (id int);\n");
    assert_eq!(of("001_t.down.sql"), "DROP TABLE t;\n");
}
