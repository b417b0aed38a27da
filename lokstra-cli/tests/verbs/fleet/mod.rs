//! Many databases, as an operator drives them.

mod naming;
#[cfg(unix)]
mod signals;
mod tenants;

use crate::project::Project;
use insta::assert_snapshot;
use lokstra_scratch::{Database, Server};

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
        self.project.lokstra_alone(arguments)
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
          help: fix the script and run again; applied migrations are kept
      help: run the same command again to continue: a finished target costs a connection and one query
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
          help: fix the script and run again; applied migrations are kept
      help: run the same command again to continue: a finished target costs a connection and one query
    -- exit code 2 --
    "#);
}

/// Places are elsewhere on each machine.
fn without_connections(document: &str) -> String {
    let mut parts = document.split("\"connection\": {");
    let mut shown = parts.next().unwrap().to_owned();
    for part in parts {
        shown.extend(["\"connection\": {…}", part.split_once('}').unwrap().1]);
    }
    shown
}

#[test]
fn the_document_has_every_target() {
    let fleet = Fleet::new(&["001_a", "002_b"]);
    fleet.break_b();
    let shown = fleet.lokstra(&format!("{UP} -fail-fast -json"));
    let shown: Vec<_> = shown.lines().filter(|line| !line.contains("execution_ms")).collect();
    let shown = without_connections(&shown.join("\n"));
    assert_snapshot!(shown, @r#"
    {
      "done": 1,
      "failed": 1,
      "not_tried": 1,
      "stopped": 0,
      "targets": [
        {
          "connection": {…},
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
          "connection": {…},
          "current": "001",
          "database": "migrations",
          "error": {
            "code": "migration-failed",
            "column": 1,
            "line": 1,
            "message": "migration 002_b failed\nmigrations/002_b.up.sql:1:1: relation \"migrations_002\" already exists (SQLSTATE 42P07)\n  |\n1 | CREATE TABLE migrations_002 ();\n  | ^\n  state: 002 was rolled back; the database is at 001\n  help: fix the script and run again; applied migrations are kept",
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
          "connection": {…},
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
          help: fix the script and run again; applied migrations are kept
      help: run the same command again to continue: a finished target costs a connection and one query
    -- exit code 2 --
    "#);
}

#[test]
fn the_document_of_the_status_has_every_target() {
    let fleet = Fleet::new(&["001_a"]);
    let shown = fleet.lokstra("migration status -targets targets.txt -exit-code -json");
    assert_snapshot!(without_connections(&shown), @r#"
    {
      "behind": 3,
      "failed": 0,
      "targets": [
        {
          "applied": 0,
          "connection": {…},
          "current": null,
          "error": null,
          "pending": 1,
          "target": "a"
        },
        {
          "applied": 0,
          "connection": {…},
          "current": null,
          "error": null,
          "pending": 1,
          "target": "b"
        },
        {
          "applied": 0,
          "connection": {…},
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
    let shown = fleet.lokstra("migration up -targets targets.txt -jobs 3");
    assert!(shown.ends_with("3 done, 0 failed"), "{shown}");
    for database in &fleet.databases {
        database.client().unwrap().batch_execute("SELECT FROM migrations_002").unwrap();
    }
}
