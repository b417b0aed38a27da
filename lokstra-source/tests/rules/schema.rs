//! Names, keys and dependencies that the server would refuse, as a user reads them.

use crate::{check, problems};
use insta::assert_snapshot;

const USERS: &str = "CREATE TABLE users (\n    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n    email text NOT NULL\n);";

/// A set of the table `users` and one more migration.
fn set<'a>(up: &'a str, down: &'a str) -> [(&'static str, &'a str); 5] {
    [
        ("001_create_users.up.sql", USERS),
        ("001_create_users.down.sql", "DROP TABLE users;"),
        ("002_change.up.sql", up),
        ("002_change.down.sql", down),
        ("migration.yaml", "enabled: true\n"),
    ]
}

#[test]
fn a_misspelt_column_is_an_error_that_names_the_table() {
    let files = set("CREATE INDEX users_email ON users (emial);", "DROP INDEX users_email;");
    assert_snapshot!(problems(&files));
}

#[test]
fn a_foreign_key_without_a_key_to_point_at_is_an_error_with_its_remedy() {
    let up = "CREATE TABLE orders (\n    id int PRIMARY KEY,\n    email text REFERENCES users (email)\n);";
    assert_snapshot!(problems(&set(up, "DROP TABLE orders;")));
}

#[test]
fn two_branches_that_are_right_alone_fail_behind_the_merge() {
    let mut files =
        set("ALTER TABLE users DROP COLUMN email;", "ALTER TABLE users ADD COLUMN email text;")
            .to_vec();
    assert!(check(&files).is_ok());
    let index = [
        ("003_index_email.up.sql", "CREATE INDEX users_email ON users (email);"),
        ("003_index_email.down.sql", "DROP INDEX users_email;"),
    ];
    files.extend(index);
    assert_snapshot!(problems(&files));
    files.retain(|(name, _)| !name.starts_with("002"));
    assert!(check(&files).is_ok());
}

#[test]
fn a_down_that_names_what_its_up_did_not_make_is_an_error() {
    let files = set(
        "CREATE INDEX users_email ON users (email);",
        "DROP TABLE users;\nDROP INDEX users_email;",
    );
    assert_snapshot!(problems(&files));
}

#[test]
fn a_table_that_no_script_creates_is_an_error_if_the_set_starts_empty() {
    let up = "ALTER TABLE usres ADD COLUMN age int;";
    let down = "ALTER TABLE users DROP COLUMN IF EXISTS age;";
    let mut files = set(up, down).to_vec();
    assert!(check(&files).is_ok());
    files.push(("migration.yaml", "starts-from: empty\n"));
    assert_snapshot!(problems(&files));
}

#[test]
fn a_comment_names_what_is_there_before_the_first_script() {
    let up = "-- lokstra: existing legacy_users, billing.invoices\nALTER TABLE legacy_users ADD COLUMN age int;";
    let mut files = set(up, "ALTER TABLE legacy_users DROP COLUMN age;").to_vec();
    files.push(("migration.yaml", "starts-from: empty\n"));
    assert!(check(&files).is_ok());
}

#[test]
fn a_suppression_with_a_reason_lets_one_statement_pass() {
    let up =
        "-- lokstra: allow(undefined-column): a trigger adds it\nCREATE INDEX i ON users (age);";
    let loaded = check(&set(up, "DROP INDEX i;")).unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let up =
        "-- lokstra: allow(undefined-column): a trigger adds it\nCREATE INDEX i ON users (email);";
    let loaded = check(&set(up, "DROP INDEX i;")).unwrap();
    assert_snapshot!(loaded.warnings[0].to_string());
}

#[test]
fn a_script_that_is_not_checked_leaves_the_names_in_it_open() {
    let up = "-- lokstra: no-syntax-check\nALTER TABLE users ADD COLUMN age int;";
    let mut files = set(up, "ALTER TABLE users DROP COLUMN age;").to_vec();
    files.push(("003_index.up.sql", "CREATE INDEX i ON users (age);"));
    files.push(("003_index.down.sql", "DROP INDEX i;"));
    assert!(check(&files).is_ok());
}

#[test]
fn another_value_of_starts_from_is_an_error() {
    assert_snapshot!(crate::settings_problems("starts-from: nothing"));
}

#[test]
fn the_third_migration_of_the_document_as_it_is_printed_does_not_compile() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/document_003_as_printed");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<(String, String)> = entries
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    let files: Vec<_> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
    assert_snapshot!(problems(&files));
}

#[test]
fn another_value_of_names_check_is_an_error() {
    assert_snapshot!(crate::settings_problems("names-check: no"));
}

#[test]
fn the_check_of_names_warns_or_is_off_if_a_setting_says_so() {
    let mut files = set("CREATE INDEX i ON users (emial);", "DROP INDEX i;").to_vec();
    files.push(("migration.yaml", "names-check: warn\n"));
    assert_eq!(check(&files).unwrap().warnings.len(), 1);
    files.push(("migration.yaml", "names-check: off\n"));
    assert!(check(&files).unwrap().warnings.is_empty());
}

#[test]
fn a_table_that_may_have_been_there_is_not_judged() {
    let up = "CREATE TABLE IF NOT EXISTS orders (id int);\nCREATE INDEX i ON orders (total);";
    let files = set(up, "DROP TABLE orders;");
    assert!(check(&files).is_err());
    // The set uses a table of another program, whose `orders` may be there as well.
    let up = format!("ALTER TABLE legacy_users ADD COLUMN age int;\n{up}");
    assert!(check(&set(&up, "DROP TABLE orders;")).is_ok());
}
