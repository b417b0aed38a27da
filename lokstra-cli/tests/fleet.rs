//! Many databases, as an operator drives them.

mod project;

use std::process::{Child, Command, Stdio};

use insta::assert_snapshot;
use lokstra_scratch::{Database, Server};
use project::{Project, told_by};

/// Databases of their own, and a file `targets.txt` that names them a, b, c.
struct Fleet {
    project: Project,
    databases: Vec<Database>,
}

const NAMES: [&str; 3] = ["a", "b", "c"];

impl Fleet {
    fn new(migrations: &[&str]) -> Fleet {
        let project = Project::new(migrations);
        let server = Server::shared().unwrap();
        let databases: Vec<_> = NAMES.map(|_| server.database().unwrap()).into();
        let fleet = Fleet { project, databases };
        fleet.project.write("targets.txt", &fleet.lines().join("\n"));
        fleet
    }

    fn lines(&self) -> Vec<String> {
        let line = |(name, database): (&str, &Database)| format!("{name} {}", database.url());
        NAMES.into_iter().zip(&self.databases).map(line).collect()
    }

    fn lokstra(&self, arguments: &str) -> String {
        let output = self.project.command().args(arguments.split(' ')).output().unwrap();
        told_by(output, &self.project.database)
    }

    fn break_b(&self) {
        let mut client = self.databases[1].client().unwrap();
        client.batch_execute("CREATE TABLE migrations_002 ()").unwrap();
    }

    fn mend_b(&self) {
        let mut client = self.databases[1].client().unwrap();
        client.batch_execute("DROP TABLE migrations_002").unwrap();
    }
}

const UP: &str = "migration up -targets targets.txt -jobs 1";

#[test]
fn every_target_of_a_file_has_a_line_and_the_end_has_the_totals() {
    let fleet = Fleet::new(&["001_a", "002_b"]);
    assert_snapshot!(fleet.lokstra(UP), @"
    a: 2 migrations applied. Current version: 002 (… ms)
    b: 2 migrations applied. Current version: 002 (… ms)
    c: 2 migrations applied. Current version: 002 (… ms)
    3 done, 0 failed
    ");
    assert_snapshot!(fleet.lokstra(UP), @"
    a: Nothing to do. Current version: 002 (… ms)
    b: Nothing to do. Current version: 002 (… ms)
    c: Nothing to do. Current version: 002 (… ms)
    3 done, 0 failed
    ");
}

#[test]
fn a_target_that_fails_does_not_keep_the_others_from_running() {
    let fleet = Fleet::new(&["001_a", "002_b"]);
    fleet.break_b();
    assert_snapshot!(fleet.lokstra(UP), @r#"
    a: 2 migrations applied. Current version: 002 (… ms)
    c: 2 migrations applied. Current version: 002 (… ms)
    2 done, 1 failed
    -- standard error --
    b: failed: migration 002_b failed: migrations/002_b.up.sql:1:1: relation "migrations_002" already exists (SQLSTATE 42P07)
    error: not done: 1 of 3 targets
      b: migration 002_b failed
        migrations/002_b.up.sql:1:1: relation "migrations_002" already exists (SQLSTATE 42P07)
          |
        1 | CREATE TABLE migrations_002 ();
          | ^
          state: 002 was rolled back; the database is at 001
          help: correct the script and run again: what is applied stays
      help: run the same again to go on: a target that is done costs one question
    -- exit code 2 --
    "#);
    assert_snapshot!(fleet.lokstra("migration status -targets targets.txt -jobs 1"), @"
    a: nothing is pending. Current version: 002
    b: 1 pending. Current version: 001
    c: nothing is pending. Current version: 002
    2 up to date, 1 behind, 0 failed
    ");
    fleet.mend_b();
    assert_snapshot!(fleet.lokstra(UP), @"
    a: Nothing to do. Current version: 002 (… ms)
    b: 1 migration applied. Current version: 002 (… ms)
    c: Nothing to do. Current version: 002 (… ms)
    3 done, 0 failed
    ");
}

#[test]
fn fail_fast_begins_with_no_further_target() {
    let fleet = Fleet::new(&["001_a", "002_b"]);
    fleet.break_b();
    assert_snapshot!(fleet.lokstra(&format!("{UP} -fail-fast")), @r#"
    a: 2 migrations applied. Current version: 002 (… ms)
    1 done, 1 failed, 1 not tried
    -- standard error --
    b: failed: migration 002_b failed: migrations/002_b.up.sql:1:1: relation "migrations_002" already exists (SQLSTATE 42P07)
    error: not done: 2 of 3 targets
      b: migration 002_b failed
        migrations/002_b.up.sql:1:1: relation "migrations_002" already exists (SQLSTATE 42P07)
          |
        1 | CREATE TABLE migrations_002 ();
          | ^
          state: 002 was rolled back; the database is at 001
          help: correct the script and run again: what is applied stays
      help: run the same again to go on: a target that is done costs one question
    -- exit code 2 --
    "#);
}

#[test]
fn the_document_has_every_target() {
    let fleet = Fleet::new(&["001_a", "002_b"]);
    fleet.break_b();
    let told = fleet.lokstra(&format!("{UP} -fail-fast -json"));
    let told: Vec<_> = told.lines().filter(|line| !line.contains("execution_ms")).collect();
    let told = told.join("\n");
    assert_snapshot!(told, @r#"
    {
      "done": 1,
      "failed": 1,
      "not_tried": 1,
      "stopped": 0,
      "targets": [
        {
          "current": "002",
          "database": "migrations",
          "error": null,
          "outcome": "done",
          "steps": [
            {
              "description": "a",
              "direction": "up",
              "version": "001"
            },
            {
              "description": "b",
              "direction": "up",
              "version": "002"
            }
          ],
          "table": "lokstra_core.schema_migrations",
          "target": "a",
          "warnings": []
        },
        {
          "current": "001",
          "database": "migrations",
          "error": {
            "code": "failed",
            "column": 1,
            "line": 1,
            "message": "migration 002_b failed\nmigrations/002_b.up.sql:1:1: relation \"migrations_002\" already exists (SQLSTATE 42P07)\n  |\n1 | CREATE TABLE migrations_002 ();\n  | ^\n  state: 002 was rolled back; the database is at 001\n  help: correct the script and run again: what is applied stays",
            "path": "migrations/002_b.up.sql",
            "sqlstate": "42P07"
          },
          "outcome": "failed",
          "steps": [
            {
              "description": "a",
              "direction": "up",
              "version": "001"
            }
          ],
          "table": "lokstra_core.schema_migrations",
          "target": "b",
          "warnings": []
        },
        {
          "current": null,
          "error": null,
          "outcome": "not-tried",
          "steps": [],
          "target": "c"
        }
      ]
    }
    -- standard error --
    b: failed: migration 002_b failed: migrations/002_b.up.sql:1:1: relation "migrations_002" already exists (SQLSTATE 42P07)
    error: not done: 2 of 3 targets
      b: migration 002_b failed
        migrations/002_b.up.sql:1:1: relation "migrations_002" already exists (SQLSTATE 42P07)
          |
        1 | CREATE TABLE migrations_002 ();
          | ^
          state: 002 was rolled back; the database is at 001
          help: correct the script and run again: what is applied stays
      help: run the same again to go on: a target that is done costs one question
    -- exit code 2 --
    "#);
}

#[test]
fn the_document_of_the_status_has_every_target() {
    let fleet = Fleet::new(&["001_a"]);
    let told = fleet.lokstra("migration status -targets targets.txt -exit-code -json");
    assert_snapshot!(told, @r#"
    {
      "behind": 3,
      "failed": 0,
      "targets": [
        {
          "applied": 0,
          "current": null,
          "error": null,
          "pending": 1,
          "target": "a"
        },
        {
          "applied": 0,
          "current": null,
          "error": null,
          "pending": 1,
          "target": "b"
        },
        {
          "applied": 0,
          "current": null,
          "error": null,
          "pending": 1,
          "target": "c"
        }
      ],
      "up_to_date": 0
    }
    -- exit code 1 --
    "#);
}

#[test]
fn several_jobs_migrate_every_target() {
    let fleet = Fleet::new(&["001_a", "002_b"]);
    let told = fleet.lokstra("migration up -targets targets.txt -jobs 3");
    assert!(told.ends_with("3 done, 0 failed"), "{told}");
    for database in &fleet.databases {
        database.client().unwrap().batch_execute("SELECT FROM migrations_002").unwrap();
    }
}

#[test]
fn no_password_is_shown() {
    let fleet = Fleet::new(&["001_a"]);
    fleet.project.write(
        "targets.txt",
        "postgres://someone:hunter2@127.0.0.1:1/shop\n\
         acme host=127.0.0.1 port=1 dbname=acme password=hunter2\n\
         wrong postgres://someone:hunter2@/extra@127.0.0.1:1/shop\n\
         postgres:/someone:hunter2@127.0.0.1/shop\n",
    );
    for arguments in ["", " -json"] {
        let told = fleet.lokstra(&format!("{UP} -connect-wait 0s{arguments}"));
        assert!(told.contains("127.0.0.1:1/shop") && told.contains("acme"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
    let told = fleet.lokstra(&format!("{UP} -connect-wait 0s"));
    assert_snapshot!(told, @"
    0 done, 4 failed
    -- standard error --
    127.0.0.1:1/shop: failed: no connection to 127.0.0.1:1/shop: error connecting to server: Connection refused (os error 111)
    acme: failed: no connection to 127.0.0.1:1/acme: error connecting to server: Connection refused (os error 111)
    wrong: failed: the connection string cannot be used: it is neither a URL nor a list of key=value
    targets.txt:4: failed: the connection string cannot be used: it is neither a URL nor a list of key=value
    error: not done: 4 of 4 targets
      127.0.0.1:1/shop: no connection to 127.0.0.1:1/shop: error connecting to server: Connection refused (os error 111)
      acme: no connection to 127.0.0.1:1/acme: error connecting to server: Connection refused (os error 111)
      wrong: the connection string cannot be used: it is neither a URL nor a list of key=value
          help: it looks like postgres://user:password@host:5432/database, where `@`, `:`, `/`, `?` and `%` of a password are percent-encoded (`@` as %40), or like host=… dbname=… password='…'
      targets.txt:4: the connection string cannot be used: it is neither a URL nor a list of key=value
          help: it looks like postgres://user:password@host:5432/database, where `@`, `:`, `/`, `?` and `%` of a password are percent-encoded (`@` as %40), or like host=… dbname=… password='…'
      help: run the same again to go on: a target that is done costs one question
    -- exit code 2 --
    ");
}

#[test]
fn a_file_of_targets_that_cannot_be_meant_is_refused_before_anything_runs() {
    let fleet = Fleet::new(&["001_a"]);
    assert_snapshot!(fleet.lokstra("migration up -targets nowhere.txt"), @"
    -- standard error --
    error: nowhere.txt: the targets cannot be read: No such file or directory (os error 2)
      help: -targets takes a file with a URL a line, each with a name before it if you like, or pool:PATTERN
    -- exit code 3 --
    ");
    fleet.project.write("targets.txt", "# nobody\n\n");
    assert_snapshot!(fleet.lokstra(UP), @"
    -- standard error --
    error: targets.txt: there is no target in it
      help: a line is a URL, or a name and a URL
    -- exit code 3 --
    ");
    let lines = fleet.lines();
    fleet.project.write("targets.txt", &format!("# ours\n{}\n{}\n", lines[0], lines[0]));
    assert_snapshot!(fleet.lokstra(UP), @"
    -- standard error --
    error: targets.txt:3: a is the target of line 2 already
      help: delete one of the lines, or give them names: a word before the URL
    -- exit code 3 --
    ");
    assert_snapshot!(fleet.lokstra("migration up -targets pool:tenant_*"), @"
    -- standard error --
    error: no pool has a name like tenant_*
      pools: none
    -- exit code 3 --
    ");
    assert_snapshot!(fleet.lokstra("migration up -jobs 2"), @"
    -- standard error --
    error: the following required arguments were not provided:
      <-targets <FILE>|-schemas <QUERY>>

    Usage: lokstra migration up -jobs <N> <-targets <FILE>|-schemas <QUERY>>

    For more information, try '-help'.
    -- exit code 3 --
    ");
}

#[test]
fn pools_are_targets_by_a_pattern_or_by_a_line() {
    let fleet = Fleet::new(&["001_a"]);
    let with_pools = |arguments: &str| {
        let mut command = fleet.project.command();
        for (name, database) in ["TENANT_A", "TENANT_B", "MAIN"].iter().zip(&fleet.databases) {
            command.env(format!("LOKSTRA_DSN_{name}"), database.url());
        }
        command.env("LOKSTRA_DSN_TENANT_A_DIRECT", fleet.databases[0].url());
        let output = command.args(arguments.split(' ')).output().unwrap();
        told_by(output, &fleet.project.database)
    };
    assert_snapshot!(with_pools("migration up -targets pool:tenant_* -jobs 1"), @"
    tenant_a: 1 migration applied. Current version: 001 (… ms)
    tenant_b: 1 migration applied. Current version: 001 (… ms)
    2 done, 0 failed
    ");
    fleet.project.write("targets.txt", "main\ntenant_c\n");
    assert_snapshot!(with_pools(UP), @"
    main: 1 migration applied. Current version: 001 (… ms)
    1 done, 1 failed
    -- standard error --
    tenant_c: failed: database pool not found: `tenant_c`
    error: not done: 1 of 2 targets
      tenant_c: database pool not found: `tenant_c`
          pools: main, tenant_a, tenant_a_direct, tenant_b
          help: define it under `service-definitions` of config.yaml, or set LOKSTRA_DSN_TENANT_C
      help: run the same again to go on: a target that is done costs one question
    -- exit code 2 --
    ");
}

#[test]
fn a_folder_of_several_databases_asks_for_one() {
    let project = Project::new(&[]);
    project.add("migrations/01_main", &["001_a"]);
    project.add("migrations/02_log", &["001_a"]);
    project.write("migrations/01_main/migration.yaml", "dbpool-name: main\n");
    project.write("migrations/02_log/migration.yaml", "dbpool-name: log\n");
    project.write("targets.txt", &format!("a {}\n", project.database.url()));
    assert_snapshot!(project.lokstra_alone(UP), @"
    -- standard error --
    error: migrations has several databases
      databases: 01_main, 02_log
      help: choose one: -dir migrations/01_main
    -- exit code 3 --
    ");
    assert_snapshot!(project.lokstra_alone(&format!("{UP} -dir migrations/02_log")), @"
    a: 1 migration applied. Current version: 001 (… ms)
    1 done, 0 failed
    ");
}

#[cfg(unix)]
mod signals {
    use std::time::{Duration, Instant};

    use super::*;

    fn start(fleet: &Fleet, arguments: &str) -> Child {
        let mut command = fleet.project.command();
        command.args(arguments.split(' ')).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    fn until_slow(database: &Database) {
        let (mut client, started) = (database.client().unwrap(), Instant::now());
        let query = "SELECT FROM pg_stat_activity WHERE datname = current_database()
                     AND application_name = 'lokstra' AND query LIKE '%/002_slow.up%'";
        while client.query(query, &[]).unwrap().is_empty() {
            assert!(started.elapsed() < Duration::from_secs(30), "it does not happen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_signal_ends_all_workers_after_their_migration_and_the_next_run_goes_on() {
        let fleet = Fleet::new(&["001_a", "002_slow", "003_c"]);
        fleet.project.write("migrations/002_slow.up.sql", "SELECT pg_sleep(2);\n");
        let child = start(&fleet, "migration up -targets targets.txt -jobs 2");
        until_slow(&fleet.databases[0]);
        until_slow(&fleet.databases[1]);
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let told = told_by(child.wait_with_output().unwrap(), &fleet.project.database);
        let (_, end) = told.split_once("error:").unwrap();
        assert!(told.starts_with("0 done, 0 failed, 2 stopped, 1 not tried\n"), "{told}");
        assert_snapshot!(end, @"
         not done: 3 of 3 targets
          a: stopped as asked
              state: 001 and 002 are done; 003 is left
              help: run again to go on; a count, as of `-steps`, begins anew from here
          b: stopped as asked
              state: 001 and 002 are done; 003 is left
              help: run again to go on; a count, as of `-steps`, begins anew from here
          help: run the same again to go on: a target that is done costs one question
        -- exit code 2 --
        ");
        fleet.project.write("migrations/003_c.up.sql", "CREATE TABLE late ();\n");
        assert_snapshot!(fleet.lokstra(UP), @"
        a: 1 migration applied. Current version: 003 (… ms)
        b: 1 migration applied. Current version: 003 (… ms)
        c: 3 migrations applied. Current version: 003 (… ms)
        3 done, 0 failed
        ");
    }
}
