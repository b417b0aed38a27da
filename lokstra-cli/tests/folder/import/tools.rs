//! Each tool, and how an operator goes about it.

use std::fs;

use insta::assert_snapshot;

use super::{exists, migrated, rows};

#[test]
fn without_yes_it_shows_what_would_be_done_and_does_nothing() {
    let (project, mut client) = migrated("sqlx");
    assert_snapshot!(project.lokstra("migration import -from sqlx -source theirs"), @"
    3 migrations to be written to migrations:
      20240101000000_create_users.up.sql    from 20240101000000_create_users.sql
      20240101000000_create_users.down.sql  fails: there was no down script
      20240102000000_index_email.up.sql     from 20240102000000_index_email.up.sql; runs without a transaction
      20240102000000_index_email.down.sql   from 20240102000000_index_email.down.sql
      20240103000000_orders.up.sql          from 20240103000000_orders.up.sql
      20240103000000_orders.down.sql        from 20240103000000_orders.down.sql
    2 to be recorded in lokstra_core.schema_migrations as applied without running, from _sqlx_migrations:
      20240101000000_create_users  2024-05-01 10:00:00.123456+00
      20240102000000_index_email  2024-05-01 10:00:00.123456+00
    Pending: 20240103000000_orders
    -- standard error --
    nothing was changed: confirm with -yes
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
    2 recorded in lokstra_core.schema_migrations as applied without running, from _sqlx_migrations:
      20240101000000_create_users  2024-05-01 10:00:00.123456+00
      20240102000000_index_email  2024-05-01 10:00:00.123456+00
    Pending: 20240103000000_orders
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
    // As a team does: it continues with the new folder before every database is imported.
    project.add("migrations", &["004_more"]);
    project.lokstra("migration lock");
    project.write("migrations/003_orders.down.sql", "DROP TABLE IF EXISTS orders;\n");
    fs::remove_file(project.path("migrations/lokstra.lock")).unwrap();
    project.lokstra("migration lock");
    assert_snapshot!(project.lokstra("migration import -from goose -source theirs -yes"), @"
    migrations has these migrations already
      003_orders.down.sql was edited since, and is used as it is
    2 recorded in lokstra_core.schema_migrations as applied without running, from goose_db_version:
      001_create_users  2024-05-01 10:00:01+00
      002_index_email  2024-05-01 10:00:04+00
    Pending: 003_orders
    Pending: 004_more
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
    2 recorded in lokstra_core.schema_migrations as applied without running, from refinery_schema_history:
      001_create_users  2024-05-01T10:00:00.123456789Z
      002_add_email  2024-05-01T10:00:00.123456789Z
    Pending: 003_orders
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
    assert_snapshot!(project.lokstra("migration down -yes"), @"
    -- standard error --
    error: rollback of migration 003_orders failed
    migrations/003_orders.down.sql:3:1: 003_orders cannot be undone (SQLSTATE P0001)
      |
    3 | DO $$
      | ^
      hint: See the comment in its file.
      context: PL/pgSQL function inline_code_block line 3 at RAISE
      state: 003 is still applied; the database is at 003
      help: fix the script and run again; applied migrations are kept
    -- exit code 2 --
    ");
    project.write("migrations/003_orders.down.sql", "DROP TABLE orders;\n");
    fs::remove_file(project.path("migrations/lokstra.lock")).unwrap();
    project.lokstra("migration lock");
    assert_snapshot!(project.lokstra("migration down -yes"), @"
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
      20240103000000_orders.down.sql        from 2024-01-03-000000_orders/down.sql; is empty: a rollback only forgets the migration
    2 recorded in lokstra_core.schema_migrations as applied without running, from __diesel_schema_migrations:
      20240101000000_create_users  2024-05-01 10:00:00.123456+00
      20240102000000_index_email  2024-05-01 10:00:00.123456+00
    Pending: 20240103000000_orders
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
    2 recorded in lokstra_core.schema_migrations as applied without running, from schema_migrations:
      001_create_users  at an unknown time
      002_index_email  at an unknown time
    Pending: 003_orders
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
    2 recorded in lokstra_core.schema_migrations as applied without running, from goose_db_version:
      001_create_users  2024-05-01 10:00:01+00
      002_index_email  2024-05-01 10:00:04+00
    Pending: 003_orders
    ");
    assert_snapshot!(rows(&mut client).join("\n"), @"
    1 create_users 2024-05-01 10:00:01.000 - -
    2 index_email 2024-05-01 10:00:04.000 - -
    ");
}

#[test]
fn flyway_is_taken_over_and_numbered_again() {
    let (project, mut client) = migrated("flyway");
    assert_snapshot!(project.lokstra("migration import -from flyway -source theirs -yes"), @"
    3 migrations written to migrations:
      001_create_users.up.sql    from V1__Create_users.sql
      001_create_users.down.sql  fails: there was no down script
      002_index_email.up.sql     from V1_1__Index_email.sql; runs without a transaction
      002_index_email.down.sql   fails: there was no down script
      003_orders.up.sql          from later/V2__Orders.sql
      003_orders.down.sql        from later/U2__Orders.sql
    2 recorded in lokstra_core.schema_migrations as applied without running, from flyway_schema_history:
      001_create_users  2024-05-01 10:00:00+00
      002_index_email  2024-05-01 10:00:01+00
    Pending: 003_orders
    -- standard error --
    warning: theirs/R__Views.sql: is a repeatable migration, which lokstra does not have
      help: put its next change into a migration: CREATE OR REPLACE …
    warning: theirs/V1_1__Index_email.sql: the version 1.1 is not a whole number: all migrations are numbered 001 to 003 instead, in the order in which flyway runs them
      help: number new migrations after these, as `lokstra migration create` does
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
          "help": "put its next change into a migration: CREATE OR REPLACE …",
          "line": null,
          "message": "is a repeatable migration, which lokstra does not have",
          "path": "R__Views.sql"
        },
        {
          "help": "number new migrations after these, as `lokstra migration create` does",
          "line": null,
          "message": "the version 1.1 is not a whole number: all migrations are numbered 001 to 003 instead, in the order in which flyway runs them",
          "path": "V1_1__Index_email.sql"
        }
      ]
    }
    -- standard error --
    warning: theirs/R__Views.sql: is a repeatable migration, which lokstra does not have
      help: put its next change into a migration: CREATE OR REPLACE …
    warning: theirs/V1_1__Index_email.sql: the version 1.1 is not a whole number: all migrations are numbered 001 to 003 instead, in the order in which flyway runs them
      help: number new migrations after these, as `lokstra migration create` does
    nothing was changed: confirm with -yes
    "#);
}
