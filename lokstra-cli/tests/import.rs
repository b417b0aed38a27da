//! The migrations of other tools, taken over as an operator does it. What the Rust tools left in their
//! databases is in the fixtures as those tools made it (see docs/testing.md); the tables of the others
//! are made as their sources make them.

mod project;

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use lokstra_scratch::Server;
use postgres::Client;
use project::Project;
use tempfile::TempDir;

/// The folder of a tool, and a database in which it has run all but the last migration.
fn migrated(tool: &str) -> (Project, Client) {
    let dir = TempDir::new().unwrap();
    let database = Server::shared().unwrap().database().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(tool);
    copy(&fixture.join("migrations"), &dir.path().join("theirs"));
    let mut client = database.client().unwrap();
    let history = fs::read_to_string(fixture.join("history.sql")).unwrap();
    let schema = "CREATE TABLE users (id int PRIMARY KEY, email text)";
    client.batch_execute(&format!("SET timezone = 'UTC'; {schema}; {history}")).unwrap();
    (Project { dir, database }, client)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn rows(client: &mut Client) -> Vec<String> {
    let query = "SELECT concat_ws(' ', version, description,
                     to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS'),
                     coalesce(applied_by, '-'), coalesce(execution_ms::text, '-'))
                 FROM lokstra_core.schema_migrations ORDER BY version";
    client.query(query, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

fn exists(client: &mut Client, name: &str) -> bool {
    client.query_one("SELECT to_regclass($1::text) IS NOT NULL", &[&name]).unwrap().get(0)
}

#[test]
fn without_yes_it_is_told_what_would_be_done_and_nothing_is() {
    let (project, mut client) = migrated("sqlx");
    assert_snapshot!(project.lokstra("migration import -from sqlx -source theirs"), @"
    3 migrations to be written to migrations:
      20240101000000_create_users.up.sql    from 20240101000000_create_users.sql
      20240101000000_create_users.down.sql  fails: there was no down script
      20240102000000_index_email.up.sql     from 20240102000000_index_email.up.sql; runs without a transaction
      20240102000000_index_email.down.sql   from 20240102000000_index_email.down.sql
      20240103000000_orders.up.sql          from 20240103000000_orders.up.sql
      20240103000000_orders.down.sql        from 20240103000000_orders.down.sql
    2 to be recorded in lokstra_core.schema_migrations as applied, not run, from _sqlx_migrations:
      20240101000000_create_users  2024-05-01 10:00:00.123456+00
      20240102000000_index_email  2024-05-01 10:00:00.123456+00
    Left to be run: 20240103000000_orders
    -- standard error --
    nothing was changed: -yes changes it
    ");
    assert!(!project.path("migrations").exists());
    assert!(!exists(&mut client, "lokstra_core.schema_migrations"));
}

#[test]
fn with_yes_the_folder_is_written_and_the_history_recorded() {
    let (project, mut client) = migrated("sqlx");
    assert_snapshot!(project.lokstra("migration import -from sqlx -source theirs -yes"), @"
    3 migrations written to migrations:
      20240101000000_create_users.up.sql    from 20240101000000_create_users.sql
      20240101000000_create_users.down.sql  fails: there was no down script
      20240102000000_index_email.up.sql     from 20240102000000_index_email.up.sql; runs without a transaction
      20240102000000_index_email.down.sql   from 20240102000000_index_email.down.sql
      20240103000000_orders.up.sql          from 20240103000000_orders.up.sql
      20240103000000_orders.down.sql        from 20240103000000_orders.down.sql
    2 recorded in lokstra_core.schema_migrations as applied, not run, from _sqlx_migrations:
      20240101000000_create_users  2024-05-01 10:00:00.123456+00
      20240102000000_index_email  2024-05-01 10:00:00.123456+00
    Left to be run: 20240103000000_orders
    ");
    assert_snapshot!(rows(&mut client).join("\n"), @"
    20240101000000 create_users 2024-05-01 10:00:00.123 - 12
    20240102000000 index_email 2024-05-01 10:00:00.123 - 12
    ");
    assert_snapshot!(project.files("migrations").join("\n"), @"
    20240101000000_create_users.down.sql
    20240101000000_create_users.up.sql
    20240102000000_index_email.down.sql
    20240102000000_index_email.up.sql
    20240103000000_orders.down.sql
    20240103000000_orders.up.sql
    lokstra.lock
    ");
    assert_snapshot!(project.lokstra("migration up"), @"
    Applied 20240103000000: orders (… ms)
    1 migration applied. Current version: 20240103000000
    ");
    assert!(exists(&mut client, "orders"));
}

#[test]
fn a_second_time_nothing_is_changed() {
    let (project, mut client) = migrated("sqlx");
    project.lokstra("migration import -from sqlx -source theirs -yes");
    project.lokstra("migration up");
    let before = rows(&mut client);
    assert_snapshot!(project.lokstra("migration import -from sqlx -source theirs -yes"), @"
    migrations has these migrations already
    Nothing to record in lokstra_core.schema_migrations from _sqlx_migrations
    ");
    assert_eq!(rows(&mut client), before);
}

#[test]
fn the_history_of_the_next_database_is_recorded_by_the_same_command() {
    let (project, _client) = migrated("goose");
    project.lokstra_alone("migration import -from goose -source theirs -yes");
    // As a team does: it goes on with our folder before every database is taken over.
    project.add("migrations", &["004_more"]);
    project.lokstra("migration lock");
    project.write("migrations/003_orders.down.sql", "DROP TABLE IF EXISTS orders;\n");
    fs::remove_file(project.path("migrations/lokstra.lock")).unwrap();
    project.lokstra("migration lock");
    assert_snapshot!(project.lokstra("migration import -from goose -source theirs -yes"), @"
    migrations has these migrations already
      003_orders.down.sql was edited since, and is taken as it is
    2 recorded in lokstra_core.schema_migrations as applied, not run, from goose_db_version:
      001_create_users  2024-05-01 10:00:01+00
      002_index_email  2024-05-01 10:00:04+00
    Left to be run: 003_orders
    Left to be run: 004_more
    ");
}

#[test]
fn refinery_is_taken_over() {
    let (project, mut client) = migrated("refinery");
    assert_snapshot!(project.lokstra("migration import -from refinery -source theirs -yes"), @"
    3 migrations written to migrations:
      001_create_users.up.sql    from V1__Create_users.sql
      001_create_users.down.sql  fails: there was no down script
      002_add_email.up.sql       from V2__add_email.sql
      002_add_email.down.sql     fails: there was no down script
      003_orders.up.sql          from V3__orders.sql
      003_orders.down.sql        fails: there was no down script
    2 recorded in lokstra_core.schema_migrations as applied, not run, from refinery_schema_history:
      001_create_users  2024-05-01T10:00:00.123456789Z
      002_add_email  2024-05-01T10:00:00.123456789Z
    Left to be run: 003_orders
    ");
    assert_snapshot!(rows(&mut client).join("\n"), @"
    1 create_users 2024-05-01 10:00:00.123 - -
    2 add_email 2024-05-01 10:00:00.123 - -
    ");
    assert_snapshot!(project.lokstra("migration up"), @"
    Applied 003: orders (… ms)
    1 migration applied. Current version: 003
    ");
    // It has no down scripts: ours say so, instead of forgetting the migration.
    assert_snapshot!(project.lokstra("migration down"), @"
    -- standard error --
    error: rollback of migration 003_orders failed
    migrations/003_orders.down.sql:3:1: 003_orders cannot be undone (SQLSTATE P0001)
      |
    3 | DO $$
      | ^
      hint: Its file says what to do.
      context: PL/pgSQL function inline_code_block line 3 at RAISE
      state: 003 stays applied; the database is at 003
      help: correct the script, build, and run again: what is applied stays
    -- exit code 2 --
    ");
    project.write("migrations/003_orders.down.sql", "DROP TABLE orders;\n");
    fs::remove_file(project.path("migrations/lokstra.lock")).unwrap();
    project.lokstra("migration lock");
    assert_snapshot!(project.lokstra("migration down"), @"
    Rolled back 003: orders (… ms)
    1 migration rolled back. Current version: 002
    -- standard error --
    warning: the down SQL of 003 was edited after it was applied; a rollback runs the new text
    ");
}

#[test]
fn diesel_is_taken_over() {
    let (project, mut client) = migrated("diesel");
    assert_snapshot!(project.lokstra("migration import -from diesel -source theirs -yes"), @"
    3 migrations written to migrations:
      20240101000000_create_users.up.sql    from 2024-01-01-000000_create_users/up.sql
      20240101000000_create_users.down.sql  from 2024-01-01-000000_create_users/down.sql
      20240102000000_index_email.up.sql     from 2024-01-02-000000_index_email/up.sql; runs without a transaction
      20240102000000_index_email.down.sql   from 2024-01-02-000000_index_email/down.sql; runs without a transaction
      20240103000000_orders.up.sql          from 2024-01-03-000000_orders/up.sql
      20240103000000_orders.down.sql        fails: there was no down script
    2 recorded in lokstra_core.schema_migrations as applied, not run, from __diesel_schema_migrations:
      20240101000000_create_users  2024-05-01 10:00:00.123456+00
      20240102000000_index_email  2024-05-01 10:00:00.123456+00
    Left to be run: 20240103000000_orders
    ");
    assert_snapshot!(rows(&mut client).join("\n"), @"
    20240101000000 create_users 2024-05-01 10:00:00.123 - -
    20240102000000 index_email 2024-05-01 10:00:00.123 - -
    ");
}

#[test]
fn golang_migrate_is_taken_over() {
    let (project, mut client) = migrated("golang-migrate");
    let import = "migration import -from golang-migrate -source theirs -yes";
    assert_snapshot!(project.lokstra(import), @"
    3 migrations written to migrations:
      001_create_users.up.sql    from 1_create_users.up.sql; without its BEGIN and COMMIT
      001_create_users.down.sql  from 1_create_users.down.sql
      002_index_email.up.sql     from 2_index_email.up.sql; runs without a transaction
      002_index_email.down.sql   fails: there was no down script
      003_orders.up.sql          from 3_orders.up.sql
      003_orders.down.sql        from 3_orders.down.sql
    2 recorded in lokstra_core.schema_migrations as applied, not run, from schema_migrations:
      001_create_users  nobody knows when
      002_index_email  nobody knows when
    Left to be run: 003_orders
    ");
    let rows: Vec<_> = rows(&mut client).iter().map(|row| row[..5].to_owned()).collect();
    assert_eq!(rows, ["1 cre", "2 ind"]);
}

#[test]
fn goose_is_taken_over() {
    let (project, mut client) = migrated("goose");
    assert_snapshot!(project.lokstra("migration import -from goose -source theirs -yes"), @"
    3 migrations written to migrations:
      001_create_users.up.sql    from 00001_create_users.sql
      001_create_users.down.sql  from 00001_create_users.sql
      002_index_email.up.sql     from 00002_index_email.sql; runs without a transaction
      002_index_email.down.sql   from 00002_index_email.sql; runs without a transaction
      003_orders.up.sql          from 00003_orders.sql
      003_orders.down.sql        from 00003_orders.sql
    2 recorded in lokstra_core.schema_migrations as applied, not run, from goose_db_version:
      001_create_users  2024-05-01 10:00:01+00
      002_index_email  2024-05-01 10:00:04+00
    Left to be run: 003_orders
    ");
    assert_snapshot!(rows(&mut client).join("\n"), @"
    1 create_users 2024-05-01 10:00:01.000 - -
    2 index_email 2024-05-01 10:00:04.000 - -
    ");
}

#[test]
fn flyway_is_taken_over_and_numbered_anew() {
    let (project, mut client) = migrated("flyway");
    assert_snapshot!(project.lokstra("migration import -from flyway -source theirs -yes"), @"
    3 migrations written to migrations:
      001_create_users.up.sql    from V1__Create_users.sql
      001_create_users.down.sql  fails: there was no down script
      002_index_email.up.sql     from V1_1__Index_email.sql; runs without a transaction
      002_index_email.down.sql   fails: there was no down script
      003_orders.up.sql          from later/V2__Orders.sql
      003_orders.down.sql        from later/U2__Orders.sql
    2 recorded in lokstra_core.schema_migrations as applied, not run, from flyway_schema_history:
      001_create_users  2024-05-01 10:00:00+00
      002_index_email  2024-05-01 10:00:01+00
    Left to be run: 003_orders
    -- standard error --
    warning: theirs/R__Views.sql: is repeatable, which there is not here
      help: when what it makes changes next, put it into a migration: CREATE OR REPLACE …
    ");
    assert_snapshot!(rows(&mut client).join("\n"), @"
    1 create_users 2024-05-01 10:00:00.000 migrator 12
    2 index_email 2024-05-01 10:00:01.000 migrator 34
    ");
}

#[test]
fn the_json_document_says_the_same() {
    let (project, _client) = migrated("flyway");
    let import = "migration import -from flyway -source theirs -json";
    assert_snapshot!(project.lokstra(import), @r#"
    {
      "done": false,
      "files": [
        {
          "changes": [],
          "from": "V1__Create_users.sql",
          "name": "001_create_users.up.sql"
        },
        {
          "changes": [
            "irreversible"
          ],
          "from": null,
          "name": "001_create_users.down.sql"
        },
        {
          "changes": [
            "no-transaction"
          ],
          "from": "V1_1__Index_email.sql",
          "name": "002_index_email.up.sql"
        },
        {
          "changes": [
            "irreversible"
          ],
          "from": null,
          "name": "002_index_email.down.sql"
        },
        {
          "changes": [],
          "from": "later/V2__Orders.sql",
          "name": "003_orders.up.sql"
        },
        {
          "changes": [],
          "from": "later/U2__Orders.sql",
          "name": "003_orders.down.sql"
        }
      ],
      "folder": "migrations",
      "history": {
        "forced": [],
        "from": "flyway_schema_history",
        "pending": [
          {
            "description": "orders",
            "out_of_order": false,
            "version": "003"
          }
        ],
        "recorded": [
          {
            "applied_at": "2024-05-01 10:00:00+00",
            "applied_by": "migrator",
            "description": "create_users",
            "execution_ms": 12,
            "version": "001"
          },
          {
            "applied_at": "2024-05-01 10:00:01+00",
            "applied_by": "migrator",
            "description": "index_email",
            "execution_ms": 34,
            "version": "002"
          }
        ],
        "table": "lokstra_core.schema_migrations"
      },
      "source": "theirs",
      "tool": "flyway",
      "warnings": [
        {
          "help": "when what it makes changes next, put it into a migration: CREATE OR REPLACE …",
          "line": null,
          "message": "is repeatable, which there is not here",
          "path": "R__Views.sql"
        }
      ]
    }
    -- standard error --
    warning: theirs/R__Views.sql: is repeatable, which there is not here
      help: when what it makes changes next, put it into a migration: CREATE OR REPLACE …
    nothing was changed: -yes changes it
    "#);
}

#[test]
fn what_failed_half_way_is_refused_with_the_remedy() {
    for (tool, broken) in [
        ("sqlx", "UPDATE _sqlx_migrations SET success = false WHERE version > 20240101000000"),
        ("golang-migrate", "UPDATE schema_migrations SET dirty = true"),
        ("flyway", "UPDATE flyway_schema_history SET success = false WHERE version = '1.1'"),
    ] {
        let (project, mut client) = migrated(tool);
        client.batch_execute(broken).unwrap();
        let told = project.lokstra(&format!("migration import -from {tool} -source theirs -yes"));
        assert!(told.contains("has what failed half-way; nothing was changed"), "{told}");
        assert!(told.contains("help:") && told.ends_with("-- exit code 2 --"), "{told}");
        assert!(!project.path("migrations").exists());
        assert!(!exists(&mut client, "lokstra_core.schema_migrations"));
    }
}

#[test]
fn a_table_and_a_folder_that_disagree_are_refused_unless_forced() {
    let (project, mut client) = migrated("sqlx");
    let edited = "CREATE TABLE users (id int);\n";
    project.write("theirs/20240101000000_create_users.sql", edited);
    let gone = "INSERT INTO _sqlx_migrations VALUES (7, 'gone', now(), true, '', 0)";
    client.batch_execute(gone).unwrap();
    let import = "migration import -from sqlx -source theirs -yes";
    assert_snapshot!(project.lokstra(import), @"
    -- standard error --
    error: _sqlx_migrations and the folder disagree; nothing was changed
      7 is applied and has no file
      20240101000000 was applied from another text than that of 20240101000000_create_users.sql
      help: import the files that were run; or, if the folder has what is in the database: -force, which leaves out what has no file
    -- exit code 5 --
    ");
    assert!(!project.path("migrations").exists());
    let told = project.lokstra(&format!("{import} -force"));
    assert_snapshot!(told, @"
    3 migrations written to migrations:
      20240101000000_create_users.up.sql    from 20240101000000_create_users.sql
      20240101000000_create_users.down.sql  fails: there was no down script
      20240102000000_index_email.up.sql     from 20240102000000_index_email.up.sql; runs without a transaction
      20240102000000_index_email.down.sql   from 20240102000000_index_email.down.sql
      20240103000000_orders.up.sql          from 20240103000000_orders.up.sql
      20240103000000_orders.down.sql        from 20240103000000_orders.down.sql
    2 recorded in lokstra_core.schema_migrations as applied, not run, from _sqlx_migrations:
      20240101000000_create_users  2024-05-01 10:00:00.123456+00
      20240102000000_index_email  2024-05-01 10:00:00.123456+00
    Left to be run: 20240103000000_orders
    -- standard error --
    warning: 7 is applied and has no file
    warning: 20240101000000 was applied from another text than that of 20240101000000_create_users.sql
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
    nothing was changed: -yes changes it
    There is no history of goose in this database: no table goose_db_version; -table names another
    ");
    let told = project.lokstra(&format!("{import} -table app.migrations -yes"));
    assert!(told.contains("2 recorded"), "{told}");
    assert_eq!(rows(&mut client).len(), 2);
}

#[test]
fn a_table_of_another_tool_is_told() {
    let (project, mut client) = migrated("golang-migrate");
    // As Rails has it.
    client.batch_execute("ALTER TABLE schema_migrations DROP COLUMN dirty").unwrap();
    let told = project.lokstra("migration import -from golang-migrate -source theirs");
    assert_snapshot!(told, @r#"
    3 migrations to be written to migrations:
      001_create_users.up.sql    from 1_create_users.up.sql; without its BEGIN and COMMIT
      001_create_users.down.sql  from 1_create_users.down.sql
      002_index_email.up.sql     from 2_index_email.up.sql; runs without a transaction
      002_index_email.down.sql   fails: there was no down script
      003_orders.up.sql          from 3_orders.up.sql
      003_orders.down.sql        from 3_orders.down.sql
    -- standard error --
    error: schema_migrations cannot be read as the table of golang-migrate: column "dirty" does not exist
      help: -table names theirs, such as app.schema_migrations
    -- exit code 2 --
    "#);
}

#[test]
fn a_folder_of_another_tool_is_told() {
    let (project, _client) = migrated("goose");
    let told = project.lokstra("migration import -from golang-migrate -source theirs");
    assert_snapshot!(told, @"
    -- standard error --
    error: theirs has no migration of golang-migrate
    theirs/00001_create_users.sql: is not read by golang-migrate: its name is none of a migration
      help: name it like 1_create_users.up.sql if it is one
    theirs/00002_index_email.sql: is not read by golang-migrate: its name is none of a migration
      help: name it like 1_create_users.up.sql if it is one
    theirs/00003_orders.sql: is not read by golang-migrate: its name is none of a migration
      help: name it like 1_create_users.up.sql if it is one
      help: -source names their folder
    -- exit code 3 --
    ");
}

#[test]
fn without_a_database_only_the_folder_is_taken_over() {
    let (project, _client) = migrated("goose");
    let told = project.lokstra_alone("migration import -from goose -source theirs -yes");
    assert_snapshot!(told, @"
    3 migrations written to migrations:
      001_create_users.up.sql    from 00001_create_users.sql
      001_create_users.down.sql  from 00001_create_users.sql
      002_index_email.up.sql     from 00002_index_email.sql; runs without a transaction
      002_index_email.down.sql   from 00002_index_email.sql; runs without a transaction
      003_orders.up.sql          from 00003_orders.sql
      003_orders.down.sql        from 00003_orders.sql
    -- standard error --
    The history was not looked at: -db names the database
    ");
}

#[test]
fn nothing_is_ever_overwritten() {
    let (project, _client) = migrated("goose");
    project.add("migrations", &["001_create_users"]);
    let import = "migration import -from goose -source theirs -yes";
    assert_snapshot!(project.lokstra(import), @"
    -- standard error --
    error: migrations has migrations, and not all that would be written there
      002_index_email.up.sql is not there
      002_index_email.down.sql is not there
      003_orders.up.sql is not there
      003_orders.down.sql is not there
      help: -dir names a new folder; nothing is ever overwritten
    -- exit code 2 --
    ");
    let told = project.lokstra("migration import -from goose -source theirs -dir theirs -yes");
    assert_snapshot!(told, @"
    -- standard error --
    error: theirs is both where the migrations are read and where ours would be
      help: name one of them: -source is theirs, -dir is ours
    -- exit code 3 --
    ");
}

#[test]
fn a_folder_with_only_its_settings_is_filled() {
    let (project, mut client) = migrated("goose");
    fs::create_dir(project.path("migrations")).unwrap();
    project.write("migrations/migration.yaml", "schema-table: our_migrations\n");
    let told = project.lokstra("migration import -from goose -source theirs -yes");
    assert!(told.contains("2 recorded in lokstra_core.our_migrations"), "{told}");
    assert!(exists(&mut client, "lokstra_core.our_migrations"));
}

#[test]
fn what_cannot_be_taken_over_keeps_everything_as_it_is() {
    let (project, _client) = migrated("goose");
    project.write("theirs/00004_seed.go", "package migrations\n");
    project.write("theirs/00005_env.sql", "-- +goose Up\n-- +goose ENVSUB ON\nSELECT '${A}';\n");
    let told = project.lokstra("migration import -from goose -source theirs -yes");
    assert_snapshot!(told, @"
    -- standard error --
    error: nothing was taken over
    theirs/00004_seed.go: is a migration written in Go, which cannot be read here
      help: write the SQL that it runs to 00004_seed.sql, and remove this file
    theirs/00005_env.sql:2: is filled in with variables of the environment
      help: write their values into the file, and remove the annotation
    -- exit code 2 --
    ");
    assert!(!project.path("migrations").exists());
}

#[test]
fn what_the_build_refuses_is_written_to_be_mended_and_recorded_afterwards() {
    let (project, mut client) = migrated("golang-migrate");
    let halves = "BEGIN;\nSELECT 1;\nCOMMIT;\nBEGIN;\nSELECT 2;\nCOMMIT;\n";
    project.write("theirs/2_index_email.up.sql", halves);
    let import = "migration import -from golang-migrate -source theirs -yes";
    let told = project.lokstra(import);
    assert!(told.contains("Mend what follows, and import again for the history:"), "{told}");
    assert!(
        told.contains("migrations/002_index_email.up.sql:1:1: a migration cannot begin"),
        "{told}"
    );
    assert!(!exists(&mut client, "lokstra_core.schema_migrations"));
    project.write("migrations/002_index_email.up.sql", "SELECT 1;\nSELECT 2;\n");
    assert_snapshot!(project.lokstra(import), @"
    migrations has these migrations already
      002_index_email.up.sql was edited since, and is taken as it is
    2 recorded in lokstra_core.schema_migrations as applied, not run, from schema_migrations:
      001_create_users  nobody knows when
      002_index_email  nobody knows when
    Left to be run: 003_orders
    -- standard error --
    They are not locked yet: lokstra migration lock
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
    let told = project.lokstra(import);
    assert!(told.contains("001 was applied with checksum abababababab"), "{told}");
    assert!(told.ends_with("-- exit code 5 --"), "{told}");
}

#[test]
fn a_version_that_was_passed_over_is_told() {
    let (project, mut client) = migrated("goose");
    client.batch_execute("DELETE FROM goose_db_version WHERE version_id = 1").unwrap();
    let told = project.lokstra("migration import -from goose -source theirs");
    let left: Vec<_> = told.lines().filter(|line| line.starts_with("Left")).collect();
    assert_snapshot!(left.join("\n"), @"
    Left to be run: 001_create_users, and only with -out-of-order
    Left to be run: 003_orders
    ");
}

#[test]
fn the_command_asks_for_what_it_needs() {
    let (project, _client) = migrated("goose");
    for arguments in ["migration import -source theirs", "migration import -from goose"] {
        let told = project.lokstra(arguments);
        assert!(told.contains("required arguments were not provided"), "{told}");
        assert!(told.ends_with("-- exit code 3 --"), "{told}");
    }
    let told = project.lokstra("migration import -from gooes -source theirs");
    assert!(told.contains("tip: a similar value exists: 'goose'"), "{told}");
}
