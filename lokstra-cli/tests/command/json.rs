//! `-json`: one document for each call, whatever happens. The documents are those of docs/cli.md.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::blocker::Blocker;
use crate::documented::assert_documented;
use crate::project::Project;
use serde_json::Value;

/// What the verb writes to the standard output, and its exit code.
fn run(project: &Project, arguments: &str) -> (Value, i32) {
    run_line(project, &format!("migration {arguments}"))
}

fn run_line(project: &Project, arguments: &str) -> (Value, i32) {
    let mut command = project.command();
    command.env("DATABASE_URL", project.database.url());
    let output = command.args(arguments.split(' ')).arg("-json").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let document = serde_json::from_str(&text);
    (
        document.unwrap_or_else(|why| panic!("{arguments}: {why}: {text}")),
        output.status.code().unwrap(),
    )
}

/// Compares with docs/cli.md, where times and places are these.
fn assert_shape(name: &str, mut document: Value) {
    fn settle(value: &mut Value) {
        match value {
            Value::Array(values) => values.iter_mut().for_each(settle),
            Value::Object(members) => {
                for (key, value) in members {
                    match key.as_str() {
                        "execution_ms" if value.is_u64() => *value = 4.into(),
                        "connection" if value.is_object() => {
                            let keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
                            assert_eq!(keys, ["database", "host", "port", "user"]);
                            *value = serde_json::json!({
                                "database": "app", "host": "db.internal", "port": 5432, "user": "svc",
                            });
                        }
                        "applied_at" if value.is_string() => {
                            *value = "2026-02-01 09:30:00.000000+00".into();
                        }
                        _ => settle(value),
                    }
                }
            }
            _ => {}
        }
    }
    settle(&mut document);
    assert_documented(&format!("json {name}"), &format!("```json\n{document:#}\n```"));
}

fn assert_run(project: &Project, arguments: &str, exit: i32, name: &str) {
    let (document, code) = run(project, arguments);
    assert_eq!(code, exit, "{document:#}");
    assert_shape(name, document);
}

#[test]
fn the_document_of_the_database_says_what_became_of_it() {
    let project = Project::new(&["001_a"]);
    let (document, code) = run_line(&project, "database create");
    assert_eq!(code, 0, "{document:#}");
    assert_shape("database", document);
}

#[test]
fn a_plan_a_run_and_what_it_led_to() {
    let project = Project::new(&["001_create_users", "002_create_orders"]);
    assert_run(&project, "plan -steps 1", 0, "plan");
    assert_run(&project, "up -steps 1", 0, "up");
    assert_run(&project, "status", 0, "status");
    assert_run(&project, "version", 0, "version");
    let (down, _) = run(&project, "down -yes");
    let (up, _) = run(&project, "up");
    assert_eq!(down["databases"][0]["steps"][0]["direction"], "down");
    assert_eq!(up["databases"][0]["current"], "002");
}

#[test]
fn a_schema_has_tables_with_columns_and_keys() {
    let project = Project::new(&["001_create_users"]);
    let up = "CREATE TABLE users (id bigint PRIMARY KEY, boss bigint REFERENCES users);\n\
              CREATE INDEX users_boss ON users (boss);\n";
    project.write("migrations/001_create_users.up.sql", up);
    assert_run(&project, "schema", 0, "schema");
}

#[test]
fn a_failure_has_its_place_and_what_was_done_before() {
    let project = Project::new(&["001_create_users", "002_broken"]);
    project.write("migrations/002_broken.up.sql", "CREATE TABLE orders (\n  id bigintt\n);\n");
    assert_run(&project, "up", 2, "failed");
}

#[test]
fn several_databases_have_an_error_each() {
    let project = Project::new(&[]);
    for (folder, table) in [("01_main-db", "main"), ("02_orders-db", "orders")] {
        project.add(&format!("migrations/{folder}"), &["001_first"]);
        let yaml = format!("dbpool-name: db_main\nschema-table: {table}\n");
        project.write(&format!("migrations/{folder}/migration.yaml"), &yaml);
    }
    project.write("migrations/01_main-db/001_first.up.sql", "SELECT 1/0;\n");
    let pools = format!(
        "service-definitions:\n  db_main:\n    type: dbpool\n    dsn: \"{}\"\n",
        project.database.url()
    );
    project.write("config.yaml", &pools);
    assert_run(&project, "up", 2, "databases");
}

#[test]
fn a_history_is_mended() {
    let project = Project::new(&["001_create_users", "002_create_orders"]);
    assert_run(&project, "baseline -to 002 -yes", 0, "baseline");
    project.write("migrations/001_create_users.up.sql", "CREATE TABLE people ();\n");
    assert_run(&project, "repair", 0, "repairs");
    assert_eq!(run(&project, "repair -accept 001").0["changed"], false);
    assert_run(&project, "repair -accept 001 -yes", 0, "repair");
}

#[test]
fn a_folder_is_written() {
    let project = Project::new(&[]);
    assert_run(&project, "create create_users", 0, "create");
    project.add("migrations", &["001_create_users"]);
    assert_run(&project, "lock", 0, "lock");
    run(&project, "create ours");
    project.add("migrations", &["002_ours"]);
    project.add("migrations", &["002_theirs"]);
    assert_run(&project, "renumber", 0, "renumber");
}

#[test]
fn a_folder_with_problems_lists_them() {
    let project = Project::new(&["001_create_users"]);
    fs::remove_file(project.path("migrations/001_create_users.down.sql")).unwrap();
    assert_run(&project, "up", 2, "folder");
}

#[test]
fn wrong_arguments_are_a_document_too() {
    let project = Project::new(&[]);
    assert_run(&project, "down -stpes 2", 3, "usage");
    assert_eq!(run(&project, "upp").0["error"]["code"], "usage");
}

#[test]
fn no_question_is_asked() {
    let project = Project::new(&["001_create_users"]);
    let (document, exit) = run(&project, "baseline -to 001");
    assert_eq!((document["error"]["code"].as_str(), exit), (Some("unconfirmed"), 3));
}

/// Also of verbs that no test here knows.
#[test]
fn every_verb_writes_one_document_where_it_cannot_work() {
    let project = Project::new(&["001_create_users", "001_create_orders"]);
    let help = project.lokstra_alone("migration -help");
    let verbs = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    for verb in verbs.lines().map(|line| line.split_whitespace().next().unwrap()) {
        let (document, exit) = run(&project, verb);
        assert!(exit == 0 || document.is_object(), "{document:#}");
    }
}

#[cfg(unix)]
#[test]
fn a_signal_leaves_a_document_of_what_was_done() {
    let project = Project::new(&["001_a", "002_slow", "003_c"]);
    project.write("migrations/002_slow.up.sql", Blocker::SCRIPT);
    let mut blocker = Blocker::new(&project);
    let mut command = project.command();
    command.env("DATABASE_URL", project.database.url()).stdout(Stdio::piped());
    let line = ["migration", "up", "-json", "-lock-timeout", "5m"];
    let mut child = command.args(line).stderr(Stdio::piped()).spawn().unwrap();
    blocker.wait(1);
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    // It has heard of it before the script can end.
    let mut shown = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(shown.any(|line| line.unwrap().starts_with("stopping after 002_slow")));
    drop(blocker);
    let output = child.wait_with_output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["databases"][0]["outcome"], "stopped");
    assert_eq!(document["databases"][0]["current"], "002");
    assert_eq!(document["error"]["code"], "stopped");
}
