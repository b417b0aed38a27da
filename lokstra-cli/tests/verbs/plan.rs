//! What would run, and what is asked before it runs.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::project::{Project, is_place, output_of};
use insta::assert_snapshot;

/// With the first of the migrations applied.
fn project() -> Project {
    let project = Project::new(&["001_create_users"]);
    project.lokstra("migration up");
    project.add("migrations", &["002_add_email", "003_index"]);
    let up =
        "-- lokstra: no-transaction\nCREATE INDEX CONCURRENTLY i ON elsewhere (n);\nSELECT 1;\n";
    project.write("migrations/003_index.up.sql", up);
    project
}

/// At a terminal, with this answer.
fn at_a_terminal(project: &Project, arguments: &str, answer: &str) -> String {
    let line = format!("{} {arguments}", env!("CARGO_BIN_EXE_lokstra"));
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--echo", "never", "--command", &line, "/dev/null"]);
    command.current_dir(project.dir.path()).env_clear().env("NO_COLOR", "1");
    command.env("PATH", "/usr/bin:/bin").env("DATABASE_URL", project.database.url());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{answer}").unwrap();
    output_of(child.wait_with_output().unwrap(), &project.database).replace('\r', "")
}

#[test]
fn plan_and_dry_run_name_the_server_and_the_database() {
    let project = project();
    for arguments in [&["plan"][..], &["up", "-dry-run"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lokstra"));
        command.arg("migration").args(arguments).current_dir(project.dir.path());
        let output = command.env("DATABASE_URL", project.database.url()).output().unwrap();
        let shown = String::from_utf8(output.stderr).unwrap();
        assert_eq!(shown.lines().filter(|line| is_place(line)).count(), 1, "{shown}");
        assert!(shown.contains(project.database.name()), "{shown}");
    }
}

#[test]
fn a_keyword_without_effect_is_reported_once_by_what_runs_nothing() {
    let project = project();
    let url = format!("{}?statement-cache-capacity=100", project.database.url());
    for verb in ["status", "plan", "up -dry-run", "doctor"] {
        let shown = project.lokstra(&format!("migration {verb} -db {url}"));
        assert_eq!(
            shown.matches("the connection string has `statement-cache-capacity`").count(),
            1,
            "{shown}"
        );
    }
}

#[test]
fn a_plan_shows_what_up_would_run_and_runs_nothing() {
    let project = project();
    assert_snapshot!(project.lokstra("migration plan"), @"
    up   migrations/002_add_email.up.sql  (in a transaction)
         + table migrations_002
    up   migrations/003_index.up.sql  (no transaction, 2 statements)
         no change of the schema
    ");
    assert_eq!(project.lokstra("migration up -dry-run"), project.lokstra("migration plan"));
    assert_snapshot!(project.lokstra("migration plan -to 002 -sql"), @"
    -- up   migrations/002_add_email.up.sql  (in a transaction)
    CREATE TABLE migrations_002 ();
    ");
    assert_snapshot!(project.lokstra("migration plan -steps 1 -json"), @r#"
    {
      "databases": [
        {
          "connection": {
            "database": "<database>",
            "host": "<host>",
            "port": 5432,
            "user": "postgres"
          },
          "database": "migrations",
          "steps": [
            {
              "changes": [
                "+ table migrations_002"
              ],
              "description": "add_email",
              "direction": "up",
              "path": "migrations/002_add_email.up.sql",
              "statements": 1,
              "transactional": true,
              "version": "002"
            }
          ],
          "warnings": []
        }
      ]
    }
    "#);
    assert_snapshot!(project.lokstra("migration version"), @"Current version: 001");
}

#[test]
fn every_verb_that_runs_scripts_can_show_its_plan() {
    let project = project();
    project.lokstra("migration up -to 002");
    assert_snapshot!(project.lokstra("migration down -steps 2 -dry-run"), @"
    down migrations/002_add_email.down.sql  (in a transaction)
         - table migrations_002
    down migrations/001_create_users.down.sql  (in a transaction)
         - table migrations_001
    ");
    assert_snapshot!(project.lokstra("migration redo -dry-run"), @"
    down migrations/002_add_email.down.sql  (in a transaction)
         - table migrations_002
    up   migrations/002_add_email.up.sql  (in a transaction)
         + table migrations_002
    ");
    assert_snapshot!(project.lokstra("migration goto 001 -dry-run"), @"
    down migrations/002_add_email.down.sql  (in a transaction)
         - table migrations_002
    ");
    assert_snapshot!(project.lokstra("migration goto 003 -dry-run"), @"
    up   migrations/003_index.up.sql  (no transaction, 2 statements)
         no change of the schema
    ");
    assert_snapshot!(project.lokstra("migration up -sql"), @"
    -- standard error --
    error: the following required arguments were not provided:
      -dry-run

    Usage: lokstra migration up -dry-run -sql

    For more information, try '-help'.
    -- exit code 3 --
    ");
}

#[test]
fn a_plan_over_a_history_that_disagrees_is_the_error_of_a_run() {
    let project = project();
    project.write("migrations/001_create_users.up.sql", "CREATE TABLE people ();\n");
    assert_eq!(project.lokstra("migration plan"), project.lokstra("migration up"));
}

#[test]
fn redo_and_goto_move_the_database() {
    let project = Project::new(&["001_a", "002_b", "003_c"]);
    assert_snapshot!(project.lokstra("migration goto 2"), @"
    Applied 001: a (… ms)
    Applied 002: b (… ms)
    2 migrations applied. Current version: 002
    ");
    assert_snapshot!(project.lokstra("migration redo -yes"), @"
    Rolled back 002: b (… ms)
    Applied 002: b (… ms)
    1 migration rolled back. 1 migration applied. Current version: 002
    ");
    assert_snapshot!(project.lokstra("migration goto 003"), @"
    Applied 003: c (… ms)
    1 migration applied. Current version: 003
    ");
    assert_snapshot!(project.lokstra("migration goto 001 -yes"), @"
    Rolled back 003: c (… ms)
    Rolled back 002: b (… ms)
    2 migrations rolled back. Current version: 001
    ");
    assert_snapshot!(project.lokstra("migration goto 001"), @"Nothing to do. Current version: 001");
    assert_snapshot!(project.lokstra("migration goto 007"), @"
    -- standard error --
    error: there is no migration 007
      help: list the versions with lokstra migration status
    -- exit code 3 --
    ");
}

#[test]
fn what_loses_data_is_refused_where_no_operator_can_be_asked() {
    let project = Project::new(&["001_a", "002_b", "003_c"]);
    project.lokstra("migration up");
    assert_snapshot!(project.lokstra("migration down -steps 2"), @"
    -- standard error --
    These migrations will be rolled back, newest first. Data that their down scripts drop is lost:
      003_c
      002_b
    error: nothing was changed: there is no terminal to ask for confirmation
      help: confirm with -yes
    -- exit code 3 --
    ");
    for line in ["down", "redo", "goto 001", "down -to 1", "down -steps 3 -json"] {
        let shown = project.lokstra(&format!("migration {line}"));
        assert!(
            shown.contains("nothing was changed") && shown.ends_with("exit code 3 --"),
            "{shown}"
        );
    }
    assert_snapshot!(project.lokstra("migration version"), @"Current version: 003");
    assert_snapshot!(project.lokstra("migration down -steps 2 -yes"), @"
    Rolled back 003: c (… ms)
    Rolled back 002: b (… ms)
    2 migrations rolled back. Current version: 001
    ");
}

#[test]
fn what_loses_data_asks_at_a_terminal() {
    let project = Project::new(&["001_a", "002_b"]);
    project.lokstra("migration up");
    assert_snapshot!(at_a_terminal(&project, "migration down -steps 2", "n"), @"
    These migrations will be rolled back, newest first. Data that their down scripts drop is lost:
      002_b
      001_a
    Roll back these 2 migrations? [y/N] error: nothing was changed
    -- exit code 2 --
    ");
    assert_snapshot!(at_a_terminal(&project, "migration down -steps 2", "y"), @"
    These migrations will be rolled back, newest first. Data that their down scripts drop is lost:
      002_b
      001_a
    Roll back these 2 migrations? [y/N] Rolled back 002: b (… ms)
    Rolled back 001: a (… ms)
    2 migrations rolled back. No migrations applied yet
    ");
}
