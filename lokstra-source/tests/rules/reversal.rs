//! What down scripts leave behind, and the faults that the model of the catalog finds, as a user reads them.

use std::fs;

use insta::assert_snapshot;
use lokstra_source::{LintScope, Loader};

use crate::folder;

/// What is said of a set whose first migration makes `users` and whose second is this one.
fn told(up: &str, down: &str) -> String {
    let files = [
        ("migration.yaml", "starts-from: empty\n"),
        (
            "001_users.up.sql",
            "CREATE TABLE users (\n    id int PRIMARY KEY,\n    email text NOT NULL\n);",
        ),
        ("001_users.down.sql", "DROP TABLE users;"),
        ("002_change.up.sql", up),
        ("002_change.down.sql", down),
    ];
    let root = folder(&files);
    match Loader::new(root.path(), "migrations").lint(LintScope::All).load() {
        Ok(loaded) => {
            let told = loaded.warnings.iter().filter(|it| it.code().as_str() == "not-undone");
            told.map(|it| format!("warning: {it}")).collect::<Vec<_>>().join("\n")
        }
        Err(problems) => {
            let told = problems.iter().filter(|it| it.is_error());
            told.map(|it| format!("error: {it}")).collect::<Vec<_>>().join("\n")
        }
    }
}

#[test]
fn a_down_that_leaves_an_index_or_a_column_is_a_hazard() {
    let up = "DO $$ BEGIN NULL; END $$;\nALTER TABLE users ADD COLUMN IF NOT EXISTS age int;\n\
              CREATE INDEX IF NOT EXISTS users_email ON users (email);";
    assert_snapshot!(told(up, "SELECT 1;"));
}

#[test]
fn a_down_that_does_not_restore_what_the_up_dropped_is_a_hazard() {
    let up = "ALTER TABLE users ALTER COLUMN email DROP NOT NULL;\n\
              ALTER TABLE users ALTER COLUMN email TYPE varchar(20);\n\
              ALTER TABLE users DROP COLUMN IF EXISTS id;";
    assert_snapshot!(told(up, "UPDATE users SET email = '';"));
}

#[test]
fn an_up_that_fails_behind_its_down_is_an_error_in_the_servers_words() {
    let up = "CREATE TABLE orders (id int);\nCREATE INDEX orders_id ON orders (id);\nALTER TABLE users RENAME COLUMN email TO mail;";
    assert_snapshot!(told(up, "ALTER TABLE users RENAME COLUMN mail TO email;"));
}

#[test]
fn a_suppression_of_what_is_left_lets_the_up_script_pass() {
    let up =
        "-- lokstra: allow(not-undone): every environment has it\nCREATE TYPE mood AS ENUM ();";
    assert_eq!(told(up, "SELECT 1;"), "");
    let up =
        "-- lokstra: allow(up-fails-again): every environment has it\nCREATE TYPE mood AS ENUM ();";
    assert!(!told(up, "SELECT 1;").contains("error"));
}

/// Up and down scripts after which everything is as it was, or may be.
#[test]
fn what_a_down_undoes_or_may_undo_is_not_reported() {
    for (up, down) in [
        (
            "ALTER TABLE users ADD COLUMN age serial UNIQUE CHECK (age > 0)",
            "ALTER TABLE users DROP age",
        ),
        ("ALTER TABLE users RENAME TO people", "ALTER TABLE people RENAME TO users"),
        ("DROP TABLE users", "-- The rows are gone."),
        ("DROP TABLE users", "CREATE TABLE users (email text NOT NULL, id int PRIMARY KEY)"),
        ("CREATE TABLE a (b int); CREATE VIEW c AS SELECT b FROM a", "DROP TABLE a CASCADE"),
        ("CREATE TABLE a (b int)", "DO $$ BEGIN EXECUTE 'DROP TABLE a'; END $$"),
        ("CREATE TABLE a (b int)", "DO $$ BEGIN RAISE EXCEPTION 'a cannot be undone'; END $$"),
        (
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'; \
             CREATE TABLE a (b int)",
            "SELECT f()",
        ),
        ("CREATE SCHEMA s; CREATE TABLE s.a (b serial)", "DROP SCHEMA s CASCADE"),
        ("CREATE TYPE t AS RANGE (subtype = int4)", "DROP TYPE t"),
        (
            "CREATE EXTENSION citext; ALTER TABLE users ADD name citext",
            "DROP EXTENSION citext CASCADE",
        ),
        ("CREATE TEMP TABLE a (b int)", "SELECT 1"),
        ("INSERT INTO users VALUES (1, 'a'); COMMENT ON TABLE users IS 'b'", "SELECT 1"),
        ("GRANT SELECT ON users TO PUBLIC", "SELECT 1"),
        (
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
             CREATE TRIGGER g BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f()",
            "DROP FUNCTION f CASCADE",
        ),
        (
            "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE q PARTITION OF p DEFAULT; CREATE INDEX ON p (a)",
            "DROP TABLE p",
        ),
    ] {
        assert_eq!(told(&format!("{up};"), &format!("{down};")), "", "{up}\n{down}");
    }
}

#[test]
fn each_fault_of_names_has_one_message_with_its_remedy() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let problems = Loader::new(root.as_ref(), "tests/fixtures/names").load().unwrap_err();
    assert_snapshot!(problems.to_string());
    let scripts = fs::read_dir(format!("{root}/tests/fixtures/names")).unwrap();
    let ups =
        scripts.filter(|it| it.as_ref().unwrap().path().to_string_lossy().ends_with(".up.sql"));
    assert_eq!(problems.iter().count(), ups.count() - 1);
}

#[test]
fn the_remedy_of_the_documents_third_migration_makes_it_compile() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/document_003_as_printed");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<(String, String)> = entries
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.push(("migration.yaml".to_owned(), "starts-from: empty\n".to_owned()));
    let problems =
        crate::check(&files.iter().map(|(a, b)| (&**a, &**b)).collect::<Vec<_>>()).unwrap_err();
    let [problem] = problems.iter().collect::<Vec<_>>()[..] else { panic!("{problems}") };
    let statement = problem.help().split('`').nth(1).unwrap().to_owned();
    assert!(statement.starts_with("ALTER TABLE users ADD UNIQUE"), "{statement}");
    for (name, text) in &mut files {
        if name == "003_create_orders.up.sql" {
            *text = format!("{statement}\n{text}");
        }
        if name == "003_create_orders.down.sql" {
            text.push_str("\nALTER TABLE users DROP CONSTRAINT users_tenant_id_id_key;\n");
        }
    }
    crate::check(&files.iter().map(|(a, b)| (&**a, &**b)).collect::<Vec<_>>()).unwrap();
}
