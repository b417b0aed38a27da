//! The real `lokstra` against a real server, as an operator types it.

use std::fs;
use std::path::Path;

use crate::project::{Project, shown};
use insta::assert_snapshot;

#[test]
fn the_road_of_the_document() {
    let project =
        Project::new(&["001_create_users", "002_add_email_verified", "003_create_orders"]);
    assert_snapshot!(project.lokstra("migration version"), @"No migrations applied yet");
    assert_snapshot!(project.lokstra("migration up"), @"
    Applied 001: create_users (… ms)
    Applied 002: add_email_verified (… ms)
    Applied 003: create_orders (… ms)
    3 migrations applied. Current version: 003
    ");
    assert_snapshot!(project.lokstra("migration down -yes"), @"
    Rolled back 003: create_orders (… ms)
    1 migration rolled back. Current version: 002
    ");
    assert_snapshot!(project.lokstra("migration status"), @"
    Migration Status:
    =================
    [✓] 001: create_users
    [✓] 002: add_email_verified
    [ ] 003: create_orders

    Total: 3 migrations, 2 applied, 1 pending
    ");
    assert_snapshot!(project.lokstra("migration version"), @"Current version: 002");
    assert_snapshot!(project.lokstra("migration down -steps 5 -yes"), @"
    Rolled back 002: add_email_verified (… ms)
    Rolled back 001: create_users (… ms)
    2 migrations rolled back. No migrations applied yet
    ");
    assert_snapshot!(project.lokstra("migration down -yes"), @"Nothing to do. No migrations applied yet");
    assert_snapshot!(project.lokstra("migration up -steps=1"), @"
    Applied 001: create_users (… ms)
    1 migration applied. Current version: 001
    ");
    assert_snapshot!(project.lokstra("migration up --to 002"), @"
    Applied 002: add_email_verified (… ms)
    1 migration applied. Current version: 002
    ");
}

#[test]
fn db_is_a_pool_of_the_config_or_a_url_and_overrides_migration_yaml() {
    let project = Project::new(&["001_a"]);
    let url = project.database.url().to_owned();
    project.write("migrations/migration.yaml", "dbpool-name: db_elsewhere\n");
    project.write(
        "config.yaml",
        &format!("service-definitions:\n  db_main:\n    type: dbpool\n    dsn: \"{url}\"\n"),
    );
    assert_snapshot!(project.lokstra_alone("migration status"), @"
    -- standard error --
    error: database pool not found: `db_elsewhere`
      pools: db_main
      help: define it under `service-definitions` of config.yaml, or set LOKSTRA_DSN_DB_ELSEWHERE
    -- exit code 3 --
    ");
    assert_snapshot!(project.lokstra_alone("migration up -db db_main"), @"
    Applied 001: a (… ms)
    1 migration applied. Current version: 001
    ");
    assert_snapshot!(project.lokstra_alone(&format!("migration version -db {url}")), @"Current version: 001");
    assert_snapshot!(project.lokstra_alone("migration version -db=db_mian"), @"
    -- standard error --
    error: database pool not found: `db_mian`
      pools: db_main
      help: define it under `service-definitions` of config.yaml, or set LOKSTRA_DSN_DB_MIAN
    -- exit code 3 --
    ");
    fs::rename(project.path("config.yaml"), project.path("pools.yaml")).unwrap();
    assert_snapshot!(project.lokstra_alone("migration version -db db_main -config pools.yaml"), @"Current version: 001");
}

#[test]
fn several_databases_work_with_every_command() {
    let project = Project::new(&[]);
    let other = project.database.server().database().unwrap();
    for (folder, yaml) in [
        ("migrations/01_main-db", "dbpool-name: db_main\n"),
        ("migrations/02_orders-db", "dbpool-name: db_orders\n"),
        ("migrations/03_ledger-db", "dbpool-name: db_main\nschema-table: ledger\nenabled: false\n"),
    ] {
        project.add(folder, &["001_first", "002_second"]);
        project.write(&format!("{folder}/migration.yaml"), yaml);
    }
    let run = |arguments: &str| {
        let mut command = project.command();
        command.env("LOKSTRA_DSN_DB_MAIN", project.database.url());
        command.env("LOKSTRA_DSN_DB_ORDERS", other.url());
        shown(command.args(arguments.split(' ')), &project.database)
    };
    assert_snapshot!(run("migration up"), @"
    01_main-db: Applied 001: first (… ms)
    01_main-db: Applied 002: second (… ms)
    02_orders-db: Applied 001: first (… ms)
    02_orders-db: Applied 002: second (… ms)
    01_main-db: 2 migrations applied. Current version: 002
    02_orders-db: 2 migrations applied. Current version: 002
    2 succeeded, 0 failed, 1 skipped
    -- standard error --
    03_ledger-db: skipped: `enabled: false` in its migration.yaml; -dir or -db runs it
    ");
    assert_snapshot!(run("migration status"), @"
    Database: 01_main-db
    Migration Status:
    =================
    [✓] 001: first
    [✓] 002: second

    Total: 2 migrations, 2 applied, 0 pending

    Database: 02_orders-db
    Migration Status:
    =================
    [✓] 001: first
    [✓] 002: second

    Total: 2 migrations, 2 applied, 0 pending
    -- standard error --
    03_ledger-db: skipped: `enabled: false` in its migration.yaml; -dir or -db runs it
    ");
    assert_snapshot!(run("migration version"), @"
    01_main-db: Current version: 002
    02_orders-db: Current version: 002
    -- standard error --
    03_ledger-db: skipped: `enabled: false` in its migration.yaml; -dir or -db runs it
    ");
    assert_snapshot!(run("migration down -yes"), @"
    -- standard error --
    error: migrations has several databases
      databases: 01_main-db, 02_orders-db, 03_ledger-db
      help: choose one: -dir migrations/01_main-db
    -- exit code 3 --
    ");
    assert_snapshot!(run("migration up -dir migrations/03_ledger-db"), @"
    Applied 001: first (… ms)
    Applied 002: second (… ms)
    2 migrations applied. Current version: 002
    ");
    assert_snapshot!(run("migration up -db db_main"), @"
    -- standard error --
    error: -db is not the pool of any database in migrations
      databases: 01_main-db, 02_orders-db, 03_ledger-db
      help: choose one: -dir migrations/01_main-db
    -- exit code 3 --
    ");
    assert_eq!(run("migration create third"), run("migration renumber"));
    assert_snapshot!(run("migration create third"), @"
    -- standard error --
    error: migrations has several databases
      databases: 01_main-db, 02_orders-db, 03_ledger-db
      help: choose one: -dir migrations/01_main-db
    -- exit code 3 --
    ");
}

#[test]
fn out_of_order_and_missing_are_allowed_with_a_flag() {
    let project = Project::new(&["001_a", "003_c"]);
    project.lokstra("migration up");
    project.add("migrations", &["002_b"]);
    assert!(project.lokstra("migration up").contains("-out-of-order"));
    assert_snapshot!(project.lokstra("migration up -out-of-order"), @"
    Applied 002: b (… ms)
    1 migration applied. Current version: 003
    ");
}

#[test]
fn an_invalid_index_is_rebuilt_with_a_flag() {
    let project = Project::new(&["001_index"]);
    let mut client = project.database.client().unwrap();
    client.batch_execute("CREATE TABLE t AS SELECT 1 AS n FROM generate_series(1, 2)").unwrap();
    let up = "-- lokstra: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY t_n ON t (n);\n";
    project.write("migrations/001_index.up.sql", up);
    assert!(project.lokstra("migration up").contains("-rebuild-invalid"));
    client.batch_execute("DELETE FROM t").unwrap();
    assert_snapshot!(project.lokstra("migration up -rebuild-invalid"), @"
    Applied 001: index (… ms)
    1 migration applied. Current version: 001
    ");
}

#[test]
fn one_database_that_cannot_be_reached_is_named() {
    let project = Project::new(&[]);
    for (folder, yaml) in [
        ("migrations/01_main-db", "dbpool-name: db_main\n"),
        ("migrations/02_orders-db", "dbpool-name: db_orders\n"),
    ] {
        project.add(folder, &["001_first"]);
        project.write(&format!("{folder}/migration.yaml"), yaml);
    }
    let mut command = project.command();
    command.env("LOKSTRA_DSN_DB_MAIN", project.database.url());
    assert_snapshot!(shown(command.args(["migration", "up"]), &project.database), @"
    -- standard error --
    error: 0 succeeded, 1 failed, 0 skipped, 1 not tried
    02_orders-db: database pool not found: `db_orders`
      pools: db_main
      help: define it under `service-definitions` of config.yaml, or set LOKSTRA_DSN_DB_ORDERS
    -- exit code 3 --
    ");
    let mut command = project.command();
    command.env("LOKSTRA_DSN_DB_MAIN", project.database.url());
    command.env("LOKSTRA_DSN_DB_ORDERS", "host=/nowhere user=x");
    assert_snapshot!(shown(command.args(["migration", "status"]), &project.database), @"
    Database: 01_main-db
    Migration Status:
    =================
    [ ] 001: first

    Total: 1 migration, 0 applied, 1 pending
    -- standard error --
    error: 1 succeeded, 1 failed, 0 skipped
    02_orders-db: no connection to /nowhere:5432/x: error connecting to server: No such file or directory (os error 2)
      help: check that the server runs, listens on this port, and has this folder in unix_socket_directories
    -- exit code 2 --
    ");
}

#[test]
fn without_a_pool_the_remedy_is_shown() {
    let project = Project::new(&["001_a"]);
    assert_snapshot!(project.lokstra_alone("migration up"), @"
    -- standard error --
    error: database pool must be specified: migrations names none
      help: write `dbpool-name: …` into its migration.yaml, or set DATABASE_URL
    -- exit code 3 --
    ");
}

#[test]
fn a_folder_with_problems_runs_nothing() {
    let project = Project::new(&["001_create_users", "001_create_orders"]);
    fs::remove_file(project.path("migrations/001_create_users.down.sql")).unwrap();
    assert_snapshot!(project.lokstra("migration up"), @"
    -- standard error --
    error: migrations/001_create_users.up.sql: migration conflict detected: version 001 has 2 descriptions, in 001_create_orders.up.sql and 001_create_users.up.sql [version-conflict]
      help: give one of them the next free version: 002_create_users.up.sql and .down.sql
    error: migrations/001_create_users.up.sql: there is no DOWN SQL for migration 001 [missing-down]
      help: create migrations/001_create_users.down.sql; if the change cannot be undone, a comment that says why is enough
    -- exit code 2 --
    ");
    assert_snapshot!(project.lokstra("migration up -dir nowhere"), @"
    -- standard error --
    error: nowhere: migrations directory not found [folder-not-found]
      help: create it with its first migration: lokstra migration create create_users -dir nowhere
    -- exit code 2 --
    ");
}

#[test]
fn a_failing_migration_is_an_exit_code_and_its_line() {
    let project = Project::new(&["001_create_users", "002_broken"]);
    project.write("migrations/002_broken.up.sql", "CREATE TABLE orders (\n  id bigintt\n);\n");
    assert_snapshot!(project.lokstra("migration up"), @r#"
    Applied 001: create_users (… ms)
    -- standard error --
    error: migration 002_broken failed
    migrations/002_broken.up.sql:2:6: type "bigintt" does not exist (SQLSTATE 42704)
      |
    2 |   id bigintt
      |      ^
      state: 002 was rolled back; the database is at 001
      help: fix the script and run again; applied migrations are kept
    -- exit code 2 --
    "#);
}

#[test]
fn an_edited_migration_has_an_exit_code_of_its_own() {
    let project = Project::new(&["001_create_users"]);
    project.lokstra("migration up");
    project.write("migrations/001_create_users.up.sql", "CREATE TABLE people ();\n");
    let shown = project.lokstra("migration up");
    assert!(shown.ends_with("-- exit code 5 --"), "{shown}");
}

#[test]
fn a_password_is_never_shown() {
    let project = Project::new(&["001_a"]);
    for url in [
        "postgres://app:hunter2@127.0.0.1:1/app",
        "host=127.0.0.1 port=1 user=app password=hunter2 dbname=app",
        "postgres://app:hunter2@127.0.0.1:port/app",
        "postgres://app:hunter2@127.0.0.1:1/app?sslmode=hunter2",
    ] {
        let mut command = project.command();
        let shown = shown(
            command.args(["migration", "up", "-connect-wait", "0s", "-db", url]),
            &project.database,
        );
        assert!(shown.contains("error:") && !shown.contains("hunter2"), "{shown}");
    }
    assert!(Path::new(&project.path("migrations")).exists());
}

#[test]
fn everything_is_rolled_back_to_0() {
    let project = Project::new(&["001_a", "002_b"]);
    for line in ["migration down -to 0 -yes", "migration goto 0 -yes"] {
        project.lokstra("migration up");
        insta::allow_duplicates! {
            assert_snapshot!(project.lokstra(line), @"
            Rolled back 002: b (… ms)
            Rolled back 001: a (… ms)
            2 migrations rolled back. No migrations applied yet
            ");
        }
    }
    project.add("migrations", &["000_zero"]);
    project.lokstra("migration up");
    assert_snapshot!(project.lokstra("migration down -to 000 -yes"), @"
    Rolled back 002: b (… ms)
    Rolled back 001: a (… ms)
    2 migrations rolled back. Current version: 000
    ");
}

#[test]
fn a_forgotten_migration_is_reported() {
    let project = Project::new(&["001_a"]);
    assert_snapshot!(project.lokstra("up"), @"
    -- standard error --
    error: unrecognized subcommand 'up'

      tip: lokstra migration up

    Usage: lokstra <COMMAND>

    For more information, try '-help'.
    -- exit code 3 --
    ");
}

#[test]
fn help_may_be_a_word() {
    let project = Project::new(&[]);
    for (word, flag) in [
        ("help", "-help"),
        ("migration help", "migration -help"),
        ("migration help up", "migration up -h"),
        ("help migration up", "migration up --help"),
    ] {
        assert_eq!(project.lokstra_alone(word), project.lokstra_alone(flag));
    }
}
