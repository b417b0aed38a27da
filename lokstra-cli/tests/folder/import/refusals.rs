//! What is refused, what is reported, and what is left alone.

use std::fs;

use insta::assert_snapshot;

use super::{exists, migrated, rows};

#[test]
fn what_failed_half_way_is_refused_with_the_remedy() {
    for (tool, broken) in [
        ("sqlx", "UPDATE _sqlx_migrations SET success = false WHERE version > 20240101000000"),
        ("golang-migrate", "UPDATE schema_migrations SET dirty = true"),
        ("flyway", "UPDATE flyway_schema_history SET success = false WHERE version = '1.1'"),
    ] {
        let (project, mut client) = migrated(tool);
        client.batch_execute(broken).unwrap();
        let shown = project.lokstra(&format!("migration import -from {tool} -source theirs -yes"));
        assert!(
            shown.contains("has migrations that failed half-way; nothing was changed"),
            "{shown}"
        );
        assert!(shown.contains("help:") && shown.ends_with("-- exit code 2 --"), "{shown}");
        assert!(!project.path("migrations").exists());
        assert!(!exists(&mut client, "lokstra_core.schema_migrations"));
    }
}

#[test]
fn a_table_and_a_folder_that_disagree_are_refused_unless_forced() {
    let (project, mut client) = migrated("sqlx");
    let edited = "CREATE TABLE users (id int PRIMARY KEY, email varchar);\n";
    project.write("theirs/20240101000000_create_users.sql", edited);
    let gone = "INSERT INTO _sqlx_migrations VALUES (7, 'gone', now(), true, '', 0)";
    client.batch_execute(gone).unwrap();
    let import = "migration import -from sqlx -source theirs -yes";
    assert_snapshot!(project.lokstra(import), @"
    -- standard error --
    error: _sqlx_migrations and the folder disagree; nothing was changed
      7 is applied and has no file
      20240101000000 was applied from a text that differs from 20240101000000_create_users.sql
      help: import the files that ran; or, if the folder matches the database, use -force, which leaves out what has no file
    -- exit code 5 --
    ");
    assert!(!project.path("migrations").exists());
    let shown = project.lokstra(&format!("{import} -force"));
    assert_snapshot!(shown, @"
    3 migrations written to migrations:
      20240101000000_create_users.up.sql    from 20240101000000_create_users.sql
      20240101000000_create_users.down.sql  fails: there was no down script
      20240102000000_index_email.up.sql     from 20240102000000_index_email.up.sql; runs without a transaction
      20240102000000_index_email.down.sql   from 20240102000000_index_email.down.sql
      20240103000000_orders.up.sql          from 20240103000000_orders.up.sql
      20240103000000_orders.down.sql        from 20240103000000_orders.down.sql
    2 recorded in lokstra_core.schema_migrations as applied without running, from _sqlx_migrations:
      20240101000000_create_users  2024-05-01 10:00:00.123456+00
      20240102000000_index_email  2024-05-01 10:00:00.123456+00
    Pending: 20240103000000_orders
    -- standard error --
    warning: 7 is applied and has no file
    warning: 20240101000000 was applied from a text that differs from 20240101000000_create_users.sql
    ");
    assert_eq!(rows(&mut client).len(), 2);
}

#[test]
fn windows_line_ends_are_no_edit() {
    for (tool, file) in
        [("sqlx", "20240101000000_create_users.sql"), ("refinery", "V2__add_email.sql")]
    {
        let (project, mut client) = migrated(tool);
        let path = project.path(&format!("theirs/{file}"));
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace('\n', "\r\n")).unwrap();
        project.lokstra(&format!("migration import -from {tool} -source theirs -yes"));
        assert_eq!(rows(&mut client).len(), 2, "{tool}");
    }
}

#[test]
fn a_table_of_another_name_or_schema_is_named() {
    let (project, mut client) = migrated("goose");
    let moved = "CREATE SCHEMA app; ALTER TABLE goose_db_version SET SCHEMA app;
                 ALTER TABLE app.goose_db_version RENAME TO migrations";
    client.batch_execute(moved).unwrap();
    let import = "migration import -from goose -source theirs";
    assert_snapshot!(project.lokstra(import).lines().rev().take(2).collect::<Vec<_>>().join("\n"), @"
    nothing was changed: confirm with -yes
    This database has no history of goose: there is no table goose_db_version; name another with -table
    ");
    let shown = project.lokstra(&format!("{import} -table app.migrations -yes"));
    assert!(shown.contains("2 recorded"), "{shown}");
    assert_eq!(rows(&mut client).len(), 2);
}

#[test]
fn a_table_of_another_tool_is_reported() {
    let (project, mut client) = migrated("golang-migrate");
    // As Rails has it.
    client.batch_execute("ALTER TABLE schema_migrations DROP COLUMN dirty").unwrap();
    let shown = project.lokstra("migration import -from golang-migrate -source theirs");
    assert_snapshot!(shown, @r#"
    3 migrations to be written to migrations:
      001_create_users.up.sql    from 1_create_users.up.sql; without its BEGIN and COMMIT
      001_create_users.down.sql  from 1_create_users.down.sql
      002_index_email.up.sql     from 2_index_email.up.sql; runs without a transaction
      002_index_email.down.sql   fails: there was no down script
      003_orders.up.sql          from 3_orders.up.sql
      003_orders.down.sql        from 3_orders.down.sql
    -- standard error --
    error: schema_migrations cannot be read as the table of golang-migrate: column "dirty" does not exist
      help: name its table with -table, such as app.schema_migrations
    -- exit code 2 --
    "#);
}

#[test]
fn a_folder_of_another_tool_is_reported() {
    let (project, _client) = migrated("goose");
    for wrong in ["golang-migrate", "flyway", "diesel"] {
        let shown = project.lokstra(&format!("migration import -from {wrong} -source theirs"));
        let message = format!(
            "error: theirs has no migration of {wrong}\n  help: import with -from \
                               goose\n"
        );
        assert_eq!(shown, format!("-- standard error --\n{message}-- exit code 3 --"));
    }
    let (project, _client) = migrated("golang-migrate");
    assert_snapshot!(project.lokstra("migration import -from goose -source theirs"), @"
    -- standard error --
    error: theirs has no migration of goose
      help: import with -from sqlx or -from golang-migrate
    -- exit code 3 --
    ");
    let (project, _client) = migrated("flyway");
    assert_snapshot!(project.lokstra("migration import -from sqlx -source theirs"), @"
    -- standard error --
    error: theirs has no migration of sqlx
      help: import with -from flyway
    -- exit code 3 --
    ");
    // Of none.
    fs::create_dir(project.path("none")).unwrap();
    for name in ["a", "b", "c", "d", "e"] {
        project.write(&format!("none/{name}.sql"), "SELECT 1;\n");
    }
    assert_snapshot!(project.lokstra("migration import -from sqlx -source none"), @"
    -- standard error --
    error: none has no migration of sqlx
    none/a.sql: is not read by sqlx: its name is not that of a migration
      help: name it like 20240101000000_create_users.sql if it is one
    none/b.sql: is not read by sqlx: its name is not that of a migration
      help: name it like 20240101000000_create_users.sql if it is one
    none/c.sql: is not read by sqlx: its name is not that of a migration
      help: name it like 20240101000000_create_users.sql if it is one
    … and 2 more files like these
      help: name the folder of the tool with -source
    -- exit code 3 --
    ");
}

#[test]
fn without_a_database_only_the_folder_is_taken_over() {
    let (project, _client) = migrated("goose");
    let shown = project.lokstra_alone("migration import -from goose -source theirs -yes");
    assert_snapshot!(shown, @"
    3 migrations written to migrations:
      001_create_users.up.sql    from 00001_create_users.sql
      001_create_users.down.sql  from 00001_create_users.sql
      002_index_email.up.sql     from 00002_index_email.sql; runs without a transaction
      002_index_email.down.sql   from 00002_index_email.sql; runs without a transaction
      003_orders.up.sql          from 00003_orders.sql
      003_orders.down.sql        from 00003_orders.sql
    -- standard error --
    The history was not read: name the database with -db
    ");
}

#[test]
fn nothing_is_ever_overwritten() {
    let (project, _client) = migrated("goose");
    project.add("migrations", &["001_create_users"]);
    let import = "migration import -from goose -source theirs -yes";
    assert_snapshot!(project.lokstra(import), @"
    -- standard error --
    error: migrations has migrations, but not all of those to import
      002_index_email.up.sql is missing
      002_index_email.down.sql is missing
      003_orders.up.sql is missing
      003_orders.down.sql is missing
      help: name a new folder with -dir; files are never overwritten
    -- exit code 2 --
    ");
    let shown = project.lokstra("migration import -from goose -source theirs -dir theirs -yes");
    assert_snapshot!(shown, @"
    -- standard error --
    error: theirs is both the source and the target of the import
      help: name the folder of the other tool with -source, and a new one with -dir
    -- exit code 3 --
    ");
}

#[test]
fn a_folder_with_only_its_settings_is_filled() {
    let (project, mut client) = migrated("goose");
    fs::create_dir(project.path("migrations")).unwrap();
    project.write("migrations/migration.yaml", "schema-table: our_migrations\n");
    let shown = project.lokstra("migration import -from goose -source theirs -yes");
    assert!(shown.contains("2 recorded in lokstra_core.our_migrations"), "{shown}");
    assert!(exists(&mut client, "lokstra_core.our_migrations"));
}

#[test]
fn what_cannot_be_taken_over_keeps_everything_as_it_is() {
    let (project, _client) = migrated("goose");
    project.write("theirs/00004_seed.go", "package migrations\n");
    project.write("theirs/00005_env.sql", "-- +goose Up\n-- +goose ENVSUB ON\nSELECT '${A}';\n");
    let shown = project.lokstra("migration import -from goose -source theirs -yes");
    assert_snapshot!(shown, @"
    -- standard error --
    error: nothing was imported
    theirs/00004_seed.go: is a migration written in Go, which cannot be read here
      help: write the SQL that it runs to 00004_seed.sql, and remove this file
    theirs/00005_env.sql:2: substitutes variables of the environment
      help: write their values into the file, and remove the annotation
    -- exit code 2 --
    ");
    assert!(!project.path("migrations").exists());
}

#[test]
fn what_the_build_refuses_is_written_to_be_mended_and_recorded_afterwards() {
    let (project, mut client) = migrated("golang-migrate");
    let halves = "BEGIN;\nSELECT 1;\nROLLBACK;\nSELECT 2;\n";
    project.write("theirs/2_index_email.up.sql", halves);
    let import = "migration import -from golang-migrate -source theirs -yes";
    let shown = project.lokstra(import);
    assert!(
        shown.contains("Fix these problems, and import again to record the history:"),
        "{shown}"
    );
    assert!(
        shown.contains("migrations/002_index_email.up.sql:1:1: a migration cannot begin"),
        "{shown}"
    );
    assert!(!exists(&mut client, "lokstra_core.schema_migrations"));
    project.write("migrations/002_index_email.up.sql", "SELECT 1;\nSELECT 2;\n");
    assert_snapshot!(project.lokstra(import), @"
    migrations has these migrations already
      002_index_email.up.sql was edited since, and is used as it is
    2 recorded in lokstra_core.schema_migrations as applied without running, from schema_migrations:
      001_create_users  at an unknown time
      002_index_email  at an unknown time
    Pending: 003_orders
    -- standard error --
    They are not locked: run lokstra migration lock
    ");
    assert_eq!(rows(&mut client).len(), 2);
}

#[test]
fn a_history_of_ours_that_says_something_else_is_a_divergence() {
    let (project, mut client) = migrated("goose");
    let import = "migration import -from goose -source theirs -yes";
    project.lokstra(import);
    let edit = "UPDATE lokstra_core.schema_migrations SET checksum = repeat('ab', 32)";
    client.batch_execute(edit).unwrap();
    let shown = project.lokstra(import);
    assert!(shown.contains("001 was applied with checksum abababababab"), "{shown}");
    assert!(shown.ends_with("-- exit code 5 --"), "{shown}");
}

#[test]
fn a_version_that_was_passed_over_is_reported() {
    let (project, mut client) = migrated("goose");
    client.batch_execute("DELETE FROM goose_db_version WHERE version_id = 1").unwrap();
    let shown = project.lokstra("migration import -from goose -source theirs");
    let left: Vec<_> = shown.lines().filter(|line| line.starts_with("Left")).collect();
    assert_snapshot!(left.join("\n"), @"

    ");
}

#[test]
fn the_command_asks_for_what_it_needs() {
    let (project, _client) = migrated("goose");
    for arguments in ["migration import -source theirs", "migration import -from goose"] {
        let shown = project.lokstra(arguments);
        assert!(shown.contains("required arguments were not provided"), "{shown}");
        assert!(shown.ends_with("-- exit code 3 --"), "{shown}");
    }
    let shown = project.lokstra("migration import -from gooes -source theirs");
    assert!(shown.contains("tip: a similar value exists: 'goose'"), "{shown}");
}
