//! Baseline, repair and the flags of the policies, as an operator types them.

use std::process::Command;

use crate::project::{Project, shown};
use insta::assert_snapshot;

fn applied(migrations: &[&str]) -> Project {
    let project = Project::new(migrations);
    project.lokstra("migration up");
    project
}

fn remove(project: &Project, name: &str) {
    for direction in ["up", "down"] {
        let path = project.path(&format!("migrations/{name}.{direction}.sql"));
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_schema_that_is_there_already_has_the_baseline_as_help() {
    let project = Project::new(&["001_create_users"]);
    project.lokstra("migration up");
    project.database.client().unwrap().batch_execute("DROP SCHEMA lokstra_core CASCADE").unwrap();
    assert_snapshot!(project.lokstra("migration up"), @r#"
    -- standard error --
    error: migration 001_create_users failed
    migrations/001_create_users.up.sql:1:1: relation "migrations_001" already exists (SQLSTATE 42P07)
      |
    1 | CREATE TABLE migrations_001 ();
      | ^
      state: 001 was rolled back; no migration is applied
      help: if the database already has this schema, record that with `baseline` (on the command line: lokstra migration baseline -to VERSION, the newest one whose changes are there); otherwise fix the script and run again
    -- exit code 2 --
    "#);
}

#[test]
fn a_baseline_is_confirmed_with_a_flag_where_there_is_no_terminal() {
    let project = Project::new(&["001_create_users", "002_add_email", "003_orders"]);
    assert_snapshot!(project.lokstra("migration baseline -to 002"), @"
    -- standard error --
    These migrations will be recorded as applied, without running them:
      001_create_users
      002_add_email
    error: nothing was changed: there is no terminal to ask for confirmation
      help: confirm with -yes
    -- exit code 3 --
    ");
    assert_snapshot!(project.lokstra("migration version"), @"No migrations applied yet");
    assert_snapshot!(project.lokstra("migration baseline -to 002 -yes"), @"
    migrations: 2 recorded in lokstra_core.schema_migrations as applied without running, now at version 002
      001_create_users
      002_add_email
    ");
    assert_snapshot!(project.lokstra("migration up"), @"
    Applied 003: orders (… ms)
    1 migration applied. Current version: 003
    ");
    assert_snapshot!(project.lokstra("migration baseline -to 002 -yes"), @"
    -- standard error --
    error: no baseline at 002: the history contradicts it; nothing was recorded
      003 is applied and comes after it
        help: if the database has the schema of 003, set the baseline to 003
    -- exit code 5 --
    ");
    assert_snapshot!(project.lokstra("migration baseline"), @"
    -- standard error --
    error: the following required arguments were not provided:
      -to <VERSION>

    Usage: lokstra migration baseline -to <VERSION>

    For more information, try '-help'.
    -- exit code 3 --
    ");
}

/// At a terminal, with this answer.
fn at_a_terminal(project: &Project, arguments: &str, answer: &str) -> String {
    let typed = format!(
        "(sleep 0.5; echo {answer}) | script -qec '{} {arguments}' /dev/null",
        env!("CARGO_BIN_EXE_lokstra")
    );
    let mut shell = Command::new("sh");
    shell.current_dir(project.dir.path()).env("DATABASE_URL", project.database.url());
    shown(shell.args(["-c", &typed]), &project.database)
}

#[test]
fn at_a_terminal_the_operator_is_asked() {
    let project = Project::new(&["001_create_users"]);
    let no = at_a_terminal(&project, "migration baseline -to 001", "n");
    assert!(no.contains("Does this database have the schema of these migrations? [y/N]"), "{no}");
    assert!(no.contains("nothing was changed"), "{no}");
    assert_eq!(project.lokstra("migration version"), "No migrations applied yet");
    let yes = at_a_terminal(&project, "migration baseline -to 001", "y");
    assert!(yes.contains("1 recorded in lokstra_core.schema_migrations"), "{yes}");
    assert_eq!(project.lokstra("migration version"), "Current version: 001");
}

#[test]
fn a_baseline_that_contradicts_the_history_exits_as_a_divergence() {
    let project = applied(&["001_a", "002_b"]);
    assert_snapshot!(project.lokstra("migration baseline -to 001 -yes"), @"
    -- standard error --
    error: no baseline at 001: the history contradicts it; nothing was recorded
      002 is applied and comes after it
        help: if the database has the schema of 002, set the baseline to 002
    -- exit code 5 --
    ");
}

#[test]
fn repair_lists_shows_and_changes_only_on_request() {
    let project = applied(&["001_a", "002_b"]);
    assert_snapshot!(project.lokstra("migration repair"), @"Nothing to repair");
    project.write("migrations/001_a.up.sql", "CREATE TABLE people ();\n");
    assert_snapshot!(project.lokstra("migration repair"), @"
    accept 001 as it is now
      before: `a`, checksum 2c1e83d2dc5c, of the down SQL 2e499d191e75
      after:  `a`, checksum 9812fa4c2ca5, of the down SQL 2e499d191e75
      to do it: lokstra migration repair -accept 001 -yes
    ");
    assert_snapshot!(project.lokstra("migration repair -accept 1"), @"
    accept 001 as it is now
      before: `a`, checksum 2c1e83d2dc5c, of the down SQL 2e499d191e75
      after:  `a`, checksum 9812fa4c2ca5, of the down SQL 2e499d191e75
    -- standard error --
    nothing was changed: confirm with -yes
    ");
    assert!(project.lokstra("migration up").contains("edited"));
    assert_snapshot!(project.lokstra("migration repair -accept 1 -yes"), @"
    accept 001 as it is now
      before: `a`, checksum 2c1e83d2dc5c, of the down SQL 2e499d191e75
      after:  `a`, checksum 9812fa4c2ca5, of the down SQL 2e499d191e75
    ");
    assert_snapshot!(project.lokstra("migration up"), @"Nothing to do. Current version: 002");
    assert_snapshot!(project.lokstra("migration repair -accept 1 -yes"), @"
    -- standard error --
    error: cannot accept 001 as it is now: it is as it was applied; nothing was changed
      help: see lokstra migration repair for the possible repairs
    -- exit code 2 --
    ");
    assert_snapshot!(project.lokstra("migration repair -accept 1 -forget 2"), @"
    -- standard error --
    error: the argument '-accept <VERSION>' cannot be used with '-forget <VERSION>'

    Usage: lokstra migration repair -accept <VERSION>

    For more information, try '-help'.
    -- exit code 3 --
    ");
}

#[test]
fn a_migration_that_is_gone_is_forgotten() {
    let project = applied(&["001_a", "002_b", "003_c"]);
    remove(&project, "002_b");
    assert_snapshot!(project.lokstra("migration repair -forget 002 -yes"), @"
    forget that 002 is applied
      before: `b`, checksum 1cabe012179b, of the down SQL 5a96868d47e7
      after:  no row; its objects stay in the database
    ");
    assert_snapshot!(project.lokstra("migration status"), @"
    Migration Status:
    =================
    [✓] 001: a
    [✓] 003: c

    Total: 2 migrations, 2 applied, 0 pending
    ");
}

#[test]
fn a_partial_script_is_shown_and_mended() {
    let project = Project::new(&["001_a"]);
    let up = "-- lokstra: no-transaction\nCREATE TABLE x ();\nSELECT 1/0;\nCREATE TABLE y ();\n";
    project.write("migrations/001_a.up.sql", up);
    project.lokstra("migration up");
    assert_snapshot!(project.lokstra("migration status"), @"
    Migration Status:
    =================
    [ ] 001: a  (1 of 3 statements of its up script are done)

    Total: 1 migration, 0 applied, 1 pending
    ");
    assert_snapshot!(project.lokstra("migration repair -skip-statement 001 -yes"), @"
    skip a statement of 001
      before: 1 of 3 statements of its up script are done; next is migrations/001_a.up.sql:3: SELECT 1/0
      after:  2 of 3 statements of its up script are done; next is migrations/001_a.up.sql:4: CREATE TABLE y ()
    ");
    assert_snapshot!(project.lokstra("migration up"), @"
    Applied 001: a (… ms)
    1 migration applied. Current version: 001
    ");
    assert_snapshot!(project.lokstra("migration repair -redo-statement 001"), @"
    -- standard error --
    error: cannot run a statement of 001 again: none of its scripts is partial; nothing was changed
      help: see lokstra migration repair for the possible repairs
    -- exit code 2 --
    ");
}

#[test]
fn what_the_folder_lacks_is_rolled_back_with_the_sql_of_the_database() {
    let project = applied(&["001_a", "002_b"]);
    remove(&project, "002_b");
    assert_snapshot!(project.lokstra("migration down -yes"), @"
    -- standard error --
    error: migration 002 is applied and unknown here, so it cannot be rolled back
      help: roll it back with the build that applied it, or with the down SQL that is stored in the database: `stored_down(true)` (on the command line: -stored)
    -- exit code 2 --
    ");
    assert_snapshot!(project.lokstra("migration down -stored -yes"), @"
    -- migrations/002_b.down.sql (as stored in the database)
    DROP TABLE migrations_002;

    Rolled back 002: b (… ms)
    1 migration rolled back. Current version: 001
    ");
}

#[test]
fn removed_migrations_are_allowed_with_a_flag() {
    let project = applied(&["001_a", "002_b", "003_c"]);
    remove(&project, "002_b");
    project.add("migrations", &["004_d"]);
    assert_snapshot!(project.lokstra("migration up"), @"
    -- standard error --
    error: the database and these migrations disagree; nothing was run
      migration 002_b is applied and unknown here
        help: restore the files of 002, or continue without them with `allow_missing(true)` (on the command line: -allow-missing), or, if they were removed on purpose, lokstra migration repair -forget 002 (in a program: `repair`)
    -- exit code 5 --
    ");
    assert_snapshot!(project.lokstra("migration up -allow-missing"), @"
    Applied 004: d (… ms)
    1 migration applied. Current version: 004
    -- standard error --
    warning: 002 is applied and unknown here, though newer ones are known
    ");
}

#[test]
fn a_database_ahead_of_the_folder_is_an_error_with_a_flag() {
    let project = applied(&["001_a", "002_b"]);
    remove(&project, "002_b");
    assert_snapshot!(project.lokstra("migration up"), @"
    Nothing to do. Current version: 002
    -- standard error --
    warning: 002 is applied and unknown here: the database is ahead of these migrations
    ");
    assert_snapshot!(project.lokstra("migration up -strict"), @"
    -- standard error --
    error: the database and these migrations disagree; nothing was run
      migration 002_b is applied and newer than all of these migrations
        help: use the newer build that migrated this database, or a later one
    -- exit code 5 --
    ");
}

#[test]
fn of_several_databases_one_is_chosen() {
    let project = Project::new(&[]);
    for (folder, yaml) in [
        ("migrations/01_main-db", "dbpool-name: db_main\n"),
        ("migrations/02_orders-db", "dbpool-name: db_main\nschema-table: orders\n"),
    ] {
        project.add(folder, &["001_first"]);
        project.write(&format!("{folder}/migration.yaml"), yaml);
    }
    let run = |arguments: &str| {
        let mut command = project.command();
        command.env("LOKSTRA_DSN_DB_MAIN", project.database.url());
        shown(command.args(arguments.split(' ')), &project.database)
    };
    assert_snapshot!(run("migration baseline -to 1 -yes"), @"
    -- standard error --
    error: migrations has several databases
      databases: 01_main-db, 02_orders-db
      help: choose one: -dir migrations/01_main-db
    -- exit code 3 --
    ");
    assert_eq!(run("migration repair"), run("migration baseline -to 1 -yes"));
    assert_snapshot!(run("migration baseline -to 1 -yes -dir migrations/02_orders-db"), @"
    02_orders-db: 1 recorded in lokstra_core.orders as applied without running, now at version 001
      001_first
    ");
}

#[test]
fn another_migration_leads_from_status_to_a_way_out_that_works() {
    let project = Project::new(&["001_a", "002_alice"]);
    project.lokstra("migration up");
    for direction in ["up", "down"] {
        let file = |name: &str| project.path(&format!("migrations/002_{name}.{direction}.sql"));
        std::fs::remove_file(file("alice")).unwrap();
        std::fs::write(file("bob"), format!("SELECT '{direction} of bob';\n")).unwrap();
    }
    assert_snapshot!(project.lokstra("migration status"), @"
    Migration Status:
    =================
    [✓] 001: a
    [ ] 002: bob  (not applied: 002 is another migration here, alice)

    Total: 2 migrations, 1 applied, 1 pending
    ");
    assert_snapshot!(project.lokstra("migration up"), @"
    -- standard error --
    error: the database and these migrations disagree; nothing was run
      migrations/002_bob.up.sql: 002_bob is not applied: another migration, 002_alice, is applied as 002
        help: roll 002_alice back with the build that applied it, or with the down SQL that is stored in the database: lokstra migration down -steps 1 -stored (in a program: `stored_down(true)`); or keep it, with its files, and move 002_bob behind it: lokstra migration renumber, or a new file name; or, if both are one migration, restore its name or its text
    -- exit code 5 --
    ");
    assert_snapshot!(project.lokstra("migration repair -accept 002 -yes"), @"
    -- standard error --
    error: cannot accept 002 as it is now: another migration is applied under its version, and its own script never ran; nothing was changed
      help: roll back what is applied with the build that applied it; if the database keeps its down SQL: lokstra migration down -stored
    -- exit code 2 --
    ");
    assert_snapshot!(project.lokstra("migration baseline -to 002 -yes"), @"
    -- standard error --
    error: no baseline at 002: the history contradicts it; nothing was recorded
      002 is alice in the history, and bob here
        help: roll back what is applied with the build that applied it, or with the down SQL that is stored in the database: lokstra migration down -stored; if another program uses this tracking table, give these migrations one of their own: `schema-table` in migration.yaml
    -- exit code 5 --
    ");
    assert_snapshot!(project.lokstra("migration goto 001 -yes"), @"
    -- standard error --
    error: the database and these migrations disagree; nothing was run
      migrations/002_bob.up.sql: 002_bob is not applied: another migration, 002_alice, is applied as 002
        help: roll 002_alice back with the build that applied it, or with the down SQL that is stored in the database: lokstra migration down -steps 1 -stored (in a program: `stored_down(true)`); or keep it, with its files, and move 002_bob behind it: lokstra migration renumber, or a new file name; or, if both are one migration, restore its name or its text
    -- exit code 5 --
    ");
    assert_snapshot!(project.lokstra("migration down -steps 1 -stored -yes"), @"
    -- migrations/002_alice.down.sql (as stored in the database)
    DROP TABLE migrations_002;

    Rolled back 002: alice (… ms)
    1 migration rolled back. Current version: 001
    ");
    assert_snapshot!(project.lokstra("migration up"), @"
    Applied 002: bob (… ms)
    1 migration applied. Current version: 002
    ");
}

#[test]
fn doctor_names_both_migrations_of_one_version() {
    let project = Project::new(&["001_a", "002_alice"]);
    project.lokstra("migration up");
    for direction in ["up", "down"] {
        let file = |name: &str| project.path(&format!("migrations/002_{name}.{direction}.sql"));
        std::fs::remove_file(file("alice")).unwrap();
        std::fs::write(file("bob"), format!("SELECT '{direction} of bob';\n")).unwrap();
    }
    let shown = project.lokstra("migration doctor");
    let problem = "problem  history: migrations/002_bob.up.sql: 002_bob is not applied: another \
                   migration, 002_alice, is applied as 002";
    assert!(shown.contains(problem), "{shown}");
    let shown = project.lokstra("migration status -json");
    assert!(shown.contains("\"state\": \"another\""), "{shown}");
    assert!(shown.contains("\"applied_description\": \"alice\""), "{shown}");
}

#[test]
fn repair_says_that_the_history_is_that_of_another_program() {
    let project = applied(&["001_a", "002_b"]);
    for name in ["001_a", "002_b"] {
        for direction in ["up", "down"] {
            std::fs::remove_file(project.path(&format!("migrations/{name}.{direction}.sql")))
                .unwrap();
        }
    }
    project.add("migrations", &["001_x", "002_y", "003_z"]);
    project.write("migrations/001_x.up.sql", "CREATE TABLE x (a int);\n");
    project.write("migrations/002_y.up.sql", "CREATE TABLE y (a int);\n");
    assert_snapshot!(project.lokstra("migration repair"), @"
    Nothing to repair: none of the 2 applied migrations is one of these (001_a to 002_b): another program uses this tracking table
      help: give these migrations a tracking table of their own: `schema-table` in migration.yaml (in a program: `table`); or, if this is the wrong database, correct its pool
    ");
}
