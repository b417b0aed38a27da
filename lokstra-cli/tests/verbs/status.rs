//! Where the migrations stand, and what runs at this moment.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::project::{Project, shown};
use insta::assert_snapshot;
use postgres::config::Host;

/// Without what differs from run to run: times, process ids and the role.
fn steady(shown: &str) -> String {
    let mut steady = String::new();
    for word in shown.split_inclusive([' ', '\n']) {
        let is_time = word.trim_end().ends_with("+00") || word.starts_with("20");
        let is_number = word.trim_end_matches([',', ')', ' ', '\n']).parse::<f64>().is_ok();
        match word {
            _ if is_time => steady.push_str("<time> "),
            _ if is_number && !word.starts_with('0') => steady.push_str("<n> "),
            _ => steady.push_str(word),
        }
    }
    steady
}

#[test]
fn in_detail_it_says_when_by_whom_and_whether_the_script_is_the_same() {
    let project = Project::new(&["001_a", "002_b", "003_c"]);
    project.lokstra("migration up -to 002");
    project.write("migrations/002_b.up.sql", "CREATE TABLE edited ();\n");
    assert_snapshot!(steady(&project.lokstra("migration status -v")), @"
    Migration Status:
    =================
    [✓] 001: a
          <time> <time> by postgres, <n> ms
          checksum 2c1e83d2dc5c, unchanged
    [✓] 002: b  (edited after it was applied)
          <time> <time> by postgres, <n> ms
          checksum 1cabe012179b; the script has 00bc286a0c9e
    [ ] 003: c

    Total: <n> migrations, <n> applied, <n> pending
    Tracking table: lokstra_core.schema_migrations
    ");
}

#[test]
fn the_exit_code_shows_whether_something_is_pending() {
    let project = Project::new(&["001_a"]);
    assert!(project.lokstra("migration status -exit-code").ends_with("-- exit code 1 --"));
    project.lokstra("migration up");
    assert!(!project.lokstra("migration status -exit-code").contains("exit code"));
    assert!(!project.lokstra("migration status").contains("exit code"));
}

#[test]
fn status_in_json_has_every_migration() {
    let project = Project::new(&["001_a", "002_b"]);
    project.lokstra("migration up -steps 1");
    let shown = project.lokstra("migration status -json");
    let mut document: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let connection = &mut document["databases"][0]["connection"];
    assert_eq!(connection["database"], "<database>");
    *connection = "…".into();
    let first = &mut document["databases"][0]["migrations"][0];
    for key in ["applied_at", "applied_by", "execution_ms", "checksum"] {
        assert!(!first[key].is_null(), "{key}");
        first[key] = "…".into();
    }
    assert_snapshot!(format!("{document:#}"), @r#"
    {
      "databases": [
        {
          "applied": 1,
          "connection": "…",
          "current": "001",
          "database": "migrations",
          "migrations": [
            {
              "applied_at": "…",
              "applied_by": "…",
              "applied_description": "a",
              "checksum": "…",
              "description": "a",
              "execution_ms": "…",
              "partial": null,
              "state": "applied",
              "version": "001"
            },
            {
              "applied_at": null,
              "applied_by": null,
              "applied_description": null,
              "checksum": null,
              "description": "b",
              "execution_ms": null,
              "partial": null,
              "state": "pending",
              "version": "002"
            }
          ],
          "pending": 1,
          "table": "lokstra_core.schema_migrations"
        }
      ]
    }
    "#);
}

#[test]
fn watch_names_the_script_that_runs_and_who_stands_in_its_way() {
    let project = Project::new(&["001_a", "002_b"]);
    let mut blocker = project.database.client().unwrap();
    blocker.batch_execute("CREATE TABLE t (n int)").unwrap();
    let up = "-- lokstra: no-transaction\nSELECT 1;\nCREATE INDEX CONCURRENTLY t_n ON t (n);\n";
    project.write("migrations/002_b.up.sql", up);
    blocker.batch_execute("BEGIN; INSERT INTO t VALUES (1)").unwrap();
    let start = |arguments: &str| {
        let mut command = project.command();
        command.env("DATABASE_URL", project.database.url()).args(arguments.split(' '));
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    };
    let mut up = start("migration up");
    let mut watch = start("migration status -watch");
    let mut shown = String::new();
    for line in BufReader::new(watch.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if line.contains("waits for") {
            blocker.batch_execute("COMMIT").ok();
        }
        shown += &(line + "\n");
    }
    assert!(up.wait().unwrap().success() && watch.wait().unwrap().success());
    for part in [
        "Current version: 001, 1 pending\n  runs: pid ",
        "002: 1 of 2 statements of its up script are done, the next one is running",
        "waiting for writers before build",
        "idle in transaction for ",
        "to end it: SELECT pg_terminate_backend(",
    ] {
        assert!(shown.contains(part), "{part:?} is not in\n{shown}");
    }
    assert!(
        shown.ends_with("Current version: 002, nothing is pending; no migration is running\n"),
        "{shown}"
    );
}

#[cfg(unix)]
#[test]
fn a_watch_ends_with_its_reader() {
    let project = Project::new(&["001_a"]);
    let line = format!("{} migration status -watch | head -1", env!("CARGO_BIN_EXE_lokstra"));
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &line]).current_dir(project.dir.path());
    command.env("DATABASE_URL", project.database.url());
    let shown = shown(&mut command, &project.database);
    assert_eq!(shown, "No migrations applied yet, 1 pending; no migration is running");
}

/// Two migrations are applied; 003 is being written.
fn with_an_unfinished_one(file: &str, text: &str) -> Project {
    let project = Project::new(&["001_a", "002_b"]);
    project.lokstra("migration up");
    project.write(&format!("migrations/{file}"), text);
    project
}

#[test]
fn an_unfinished_migration_does_not_stop_status_or_down() {
    let project = with_an_unfinished_one("003_c.up.sql", "CREATE TABLE (");
    assert_snapshot!(project.lokstra("migration status"), @"
    Migration Status:
    =================
    [✓] 001: a
    [✓] 002: b
    [ ] 003: c

    Total: 3 migrations, 2 applied, 1 pending
    -- standard error --
    warning: migrations/003_c.up.sql: there is no DOWN SQL for migration 003 [missing-down]
      help: create migrations/003_c.down.sql; if the change cannot be undone, a comment that says why is enough
    warning: migrations/003_c.up.sql:1:14: this parenthesis is never closed [unterminated]
      |
    1 | CREATE TABLE (
      |              ^
      help: close it with )
    ");
    assert!(project.lokstra("migration status -exit-code").contains("-- exit code 1 --"));
    for arguments in ["version", "repair", "down -dry-run", "doctor"] {
        let shown = project.lokstra(&format!("migration {arguments}"));
        assert!(!shown.contains("-- exit code"), "{arguments}: {shown}");
    }
    let shown = project.lokstra("migration up");
    assert!(shown.contains("003_c.up.sql") && shown.contains("-- exit code 2 --"), "{shown}");
    let shown = project.lokstra("migration down -yes");
    assert!(shown.contains("Current version: 001"), "{shown}");
}

#[test]
fn a_broken_migration_does_not_stop_what_is_about_others() {
    for (file, text) in [
        ("003_c.up.sql", "SELEC 1;"),
        ("3_c.up.sql", "SELECT 1;"),
        ("003_c.down.sql", "SELECT 1;"),
        ("003_c.up.sql", ""),
        ("003_c.up.sql", "SELECT '\0';"),
        ("lokstra.lock", ""),
    ] {
        let project = with_an_unfinished_one(file, text);
        let shown = project.lokstra("migration down -yes");
        assert!(shown.contains("Current version: 001"), "{file} {text}: {shown}");
    }
    let project = with_an_unfinished_one("migration.yaml", "schema-tabel: other");
    assert!(project.lokstra("migration status").contains("-- exit code 2 --"), "another table?");
}

#[test]
fn a_down_that_is_broken_itself_is_not_run() {
    for (file, text) in [("002_b.down.sql", "SELEC 1;"), ("002_b.down.sql", "SELECT '\0';")] {
        let project = with_an_unfinished_one(file, text);
        let shown = project.lokstra("migration down -yes");
        assert!(shown.contains(file) && shown.contains("-- exit code 2 --"), "{shown}");
        assert!(project.lokstra("migration version").contains("Current version: 002"));
    }
    let project = with_an_unfinished_one("x", "");
    std::fs::remove_file(project.path("migrations/002_b.down.sql")).unwrap();
    let shown = project.lokstra("migration down -yes");
    assert!(shown.contains("no DOWN SQL") && shown.contains("-- exit code 2 --"), "{shown}");
    let shown = project.lokstra("migration repair -forget 002 -yes");
    assert!(shown.contains("no DOWN SQL") && shown.contains("-- exit code 2 --"), "{shown}");
    assert!(project.lokstra("migration version").contains("Current version: 002"));
}

/// What one command writes to the standard error, with the place of the server as `<host>:<port>`.
fn places(project: &Project, arguments: &str) -> String {
    let mut command = project.command();
    command.env("DATABASE_URL", project.database.url()).arg("migration");
    let output = command.args(arguments.split(' ')).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let shown = String::from_utf8(output.stderr).unwrap();
    let config = project.database.config();
    let host = match &config.get_hosts()[0] {
        Host::Tcp(host) => host.clone(),
        Host::Unix(path) => path.to_string_lossy().into_owned(),
    };
    let place = format!("{host}:{}", config.get_ports()[0]);
    shown.replace(&place, "<host>:<port>").replace(project.database.name(), "<database>")
}

#[test]
fn the_server_and_the_database_are_named_before_they_change() {
    let project = Project::new(&["001_a", "002_b"]);
    for arguments in ["up", "status", "redo -yes", "down -yes", "goto 002", "goto 001 -yes"] {
        let place = "postgres at <host>:<port>, database <database>, user postgres\n";
        assert_eq!(places(&project, arguments), place, "{arguments}");
    }
    for arguments in ["goto 001", "status -json", "up -json", "down -yes -json"] {
        assert_eq!(places(&project, arguments), "", "{arguments}");
    }
}

#[test]
fn of_several_databases_each_is_named_with_its_folder() {
    let project = Project::new(&[]);
    for (folder, pool) in [("01_main", "db_main"), ("02_orders", "db_orders")] {
        project.add(&format!("migrations/{folder}"), &["001_first"]);
        let yaml = format!("dbpool-name: {pool}\nschema-table: {pool}\n");
        project.write(&format!("migrations/{folder}/migration.yaml"), &yaml);
    }
    let dsn = project.database.url();
    let pools = format!(
        "service-definitions:\n  db_main: {{type: dbpool, dsn: \"{dsn}\"}}\n  \
         db_orders: {{type: dbpool, dsn: \"{dsn}\"}}\n"
    );
    project.write("config.yaml", &pools);
    assert_snapshot!(places(&project, "up"), @"
    01_main: postgres at <host>:<port>, database <database>, user postgres
    02_orders: postgres at <host>:<port>, database <database>, user postgres
    ");
    assert_snapshot!(places(&project, "status"), @"
    01_main: postgres at <host>:<port>, database <database>, user postgres
    02_orders: postgres at <host>:<port>, database <database>, user postgres
    ");
}

#[test]
fn the_named_place_has_no_password() {
    let project = Project::new(&["001_a"]);
    let url = project.database.url().replacen('@', ":hunter2@", 1);
    for arguments in [["up"].as_slice(), &["status"], &["status", "-json"], &["redo", "-yes"]] {
        let mut command = project.command();
        command.env("DATABASE_URL", &url).arg("migration").args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let shown = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8(shown).unwrap().contains("hunter2"), "{arguments:?}");
    }
}
