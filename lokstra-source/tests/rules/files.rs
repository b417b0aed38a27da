//! The rules for the files of a folder: each breaks alone here, with the message that a user reads.

use crate::folder::folder;
use crate::{check, problems};
use insta::assert_snapshot;
use lokstra_source::Loader;

pub(crate) const SQL: &str = "SELECT 1;";

#[test]
fn a_folder_that_is_not_there() {
    let root = folder::<&str>(&[]);
    assert_snapshot!(Loader::new(root.path(), "db/migrations").load().unwrap_err(), @"
    error: db/migrations: migrations directory not found in the folder of Cargo.toml [folder-not-found]
      help: create it with its first migration: lokstra migration create create_users -dir db/migrations
    ");
}

#[test]
fn a_file_in_place_of_the_folder() {
    let root = folder(&[("001_a.up.sql", SQL)]);
    assert_snapshot!(Loader::new(root.path(), "migrations/001_a.up.sql").load().unwrap_err(), @"
    error: migrations/001_a.up.sql: this is a file, not a folder of migrations [folder-not-found]
      help: name the folder that the SQL files are in
    ");
}

#[test]
fn a_folder_without_migrations() {
    assert_snapshot!(problems(&[("README.md", "Nothing yet.")]), @"
    error: migrations: there is no migration in this folder [folder-empty]
      help: create the first: lokstra migration create create_users -dir migrations
    ");
}

#[test]
fn names_that_break_the_rule_are_all_reported() {
    let files = [("1_create_users.up.sql", SQL), ("001-CreateUsers.sql", SQL), ("x.down.sql", SQL)];
    assert_snapshot!(problems(&files), @"
    error: migrations/001-CreateUsers.sql: the file name is invalid: it has neither `.up` nor `.down` before `.sql`, there is no `_` after the version, the description `CreateUsers` has the upper-case letter `C` [file-name]
      help: rename it to 001_create_users.up.sql
    error: migrations/1_create_users.up.sql: the file name is invalid: the version `1` must be written `001` [file-name]
      help: rename it to 001_create_users.up.sql
    error: migrations/x.down.sql: the file name is invalid: it does not begin with a version such as `001` [file-name]
      help: rename it to 002_x.down.sql
    ");
}

#[test]
fn one_version_with_two_descriptions() {
    let files = [
        ("001_create_users.up.sql", SQL),
        ("001_create_users.down.sql", SQL),
        ("001_create_orders.up.sql", SQL),
        ("001_create_orders.down.sql", SQL),
        ("002_add_email.up.sql", SQL),
        ("002_add_email.down.sql", SQL),
    ];
    assert_snapshot!(problems(&files), @"
    error: migrations/001_create_users.up.sql: migration conflict detected: version 001 has 2 descriptions, in 001_create_orders.up.sql and 001_create_users.up.sql [version-conflict]
      help: give one of them the next free version: 003_create_users.up.sql and .down.sql
    ");
}

#[test]
fn two_conflicts_are_given_two_versions() {
    let files = ["001_a", "001_b", "002_a", "002_b"]
        .map(|name| [(format!("{name}.up.sql"), SQL), (format!("{name}.down.sql"), SQL)]);
    let files: Vec<_> = files.iter().flatten().map(|(name, sql)| (name.as_str(), *sql)).collect();
    assert_snapshot!(problems(&files), @"
    error: migrations/001_b.up.sql: migration conflict detected: version 001 has 2 descriptions, in 001_a.up.sql and 001_b.up.sql [version-conflict]
      help: give one of them the next free version: 003_b.up.sql and .down.sql
    error: migrations/002_b.up.sql: migration conflict detected: version 002 has 2 descriptions, in 002_a.up.sql and 002_b.up.sql [version-conflict]
      help: give one of them the next free version: 004_b.up.sql and .down.sql
    ");
}

#[test]
fn a_slip_of_the_pen_between_up_and_down_is_one_problem() {
    let files = [("001_create_users.up.sql", SQL), ("001_create_user.down.sql", SQL)];
    assert_snapshot!(problems(&files), @"
    error: migrations/001_create_user.down.sql: up and down of version 001 have different descriptions [version-conflict]
      help: if 001_create_user.down.sql belongs to 001_create_users.up.sql, rename it to 001_create_users.down.sql
    ");
}

#[test]
fn a_missing_down_file() {
    assert_snapshot!(problems(&[("001_create_users.up.sql", SQL)]), @"
    error: migrations/001_create_users.up.sql: there is no DOWN SQL for migration 001 [missing-down]
      help: create migrations/001_create_users.down.sql; if the change cannot be undone, a comment that says why is enough
    ");
}

#[test]
fn a_missing_up_file() {
    assert_snapshot!(problems(&[("001_create_users.down.sql", SQL)]), @"
    error: migrations/001_create_users.down.sql: there is no UP SQL for migration 001 [missing-up]
      help: create migrations/001_create_users.up.sql, or remove this file
    ");
}

#[test]
fn nothing_is_missed_beside_a_file_whose_direction_is_misspelt() {
    let files = [("001_create_users.up.sql", SQL), ("001_create_users.dwon.sql", SQL)];
    assert_snapshot!(problems(&files), @"
    error: migrations/001_create_users.dwon.sql: the file name is invalid: the direction `dwon` is neither `up` nor `down` [file-name]
      help: rename it to 001_create_users.down.sql
    ");
}

#[test]
fn two_files_for_one_direction() {
    let files = [
        ("001_create_users.up.sql", SQL),
        ("01_create_users.up.sql", SQL),
        ("001_create_users.down.sql", SQL),
    ];
    assert_snapshot!(problems(&files), @"
    error: migrations/01_create_users.up.sql: the file name is invalid: the version `01` must be written `001` [file-name]
      help: rename it to 001_create_users.up.sql
    error: migrations/01_create_users.up.sql: is the second up file of version 001 [duplicate-file]
      help: keep one of 001_create_users.up.sql and 01_create_users.up.sql
    ");
}

#[test]
fn a_version_that_no_column_holds() {
    let files = [("9223372036854775808_a.up.sql", SQL), ("9223372036854775808_a.down.sql", SQL)];
    assert_snapshot!(problems(&files), @"
    error: migrations/9223372036854775808_a.down.sql: the file name is invalid: the version `9223372036854775808` is above 9223372036854775807 [file-name]
      help: rename it to 001_a.down.sql
    error: migrations/9223372036854775808_a.up.sql: the file name is invalid: the version `9223372036854775808` is above 9223372036854775807 [file-name]
      help: rename it to 001_a.up.sql
    ");
}

#[test]
fn a_file_that_is_not_utf_8() {
    let files: [(&str, &[u8]); 2] =
        [("001_a.up.sql", b"SELECT 1;\nSELECT 'caf\xe9';\n"), ("001_a.down.sql", b"\xff\xfeS\0")];
    assert_snapshot!(problems(&files), @"
    error: migrations/001_a.down.sql: is UTF-16, and must be UTF-8 [not-utf8]
      help: save it as UTF-8 (PowerShell: Set-Content -Encoding utf8)
    error: migrations/001_a.up.sql:2:12: the byte 0xe9 is not UTF-8 [not-utf8]
      |
    2 | SELECT 'caf
      |            ^
      help: save the file as UTF-8
    ");
}

#[test]
fn a_file_with_a_nul_byte() {
    let files = [("001_a.up.sql", "SELECT 1;\nSELECT\0 2;"), ("001_a.down.sql", SQL)];
    assert_snapshot!(problems(&files), @"
    error: migrations/001_a.up.sql:2:7: has a NUL byte, where PostgreSQL would stop reading [nul-byte]
      |
    2 | SELECT
      |       ^
      help: remove it; is this a binary file?
    ");
}

#[test]
fn an_up_file_without_a_statement() {
    let files = [("001_a.up.sql", "-- to do\n;"), ("001_a.down.sql", SQL)];
    assert_snapshot!(problems(&files), @"
    error: migrations/001_a.up.sql: there is no SQL statement in this file [empty-up]
      help: write the change, or remove both files of this version
    ");
}

#[test]
fn a_down_file_without_a_word() {
    assert_snapshot!(problems(&[("001_a.up.sql", SQL), ("001_a.down.sql", "\n")]), @"
    error: migrations/001_a.down.sql: this file is empty [empty-down]
      help: write SQL that undoes the change, or a comment that says why it cannot be undone
    ");
}

#[test]
fn a_down_file_as_create_wrote_it() {
    let down = |text| [("002_add_email.up.sql", SQL), ("002_add_email.down.sql", text)];
    assert_snapshot!(problems(&down("-- Rollback: 001 Add email\n\n")), @"
    error: migrations/002_add_email.down.sql: this file has only the heading that `create` wrote [empty-down]
      help: write SQL that undoes the change, or a comment that says why it cannot be undone
    ");
    check(&down("-- Rollback: 002 Add email\n-- The addresses are gone.\n")).unwrap();
    check(&down("-- Rollback: nobody can add email\n")).unwrap();
}

#[test]
fn a_parenthesis_that_is_never_closed() {
    let files =
        [("001_a.up.sql", "CREATE TABLE a (\n  b int\n"), ("001_a.down.sql", "DROP TABLE a;")];
    assert_snapshot!(problems(&files), @"
    error: migrations/001_a.up.sql:1:16: this parenthesis is never closed [unterminated]
      |
    1 | CREATE TABLE a (
      |                ^
      help: close it with )
    ");
}

#[test]
fn a_down_file_may_say_why_there_is_no_way_back() {
    let files = [("001_a.up.sql", SQL), ("001_a.down.sql", "-- the data is gone\n")];
    assert_eq!(check(&files).unwrap().set.databases().next().unwrap().len(), 1);
}

#[test]
fn a_quote_that_is_never_closed() {
    let files = [
        ("001_a.up.sql", "CREATE TABLE a (\n  b text DEFAULT 'x\n);\n"),
        ("001_a.down.sql", "DO $do$ BEGIN END $$;"),
    ];
    assert_snapshot!(problems(&files), @"
    error: migrations/001_a.down.sql:1:4: this dollar-quoted text is never closed [unterminated]
      |
    1 | DO $do$ BEGIN END $$;
      |    ^
      help: close it with $do$
    error: migrations/001_a.up.sql:2:18: this quoted text is never closed [unterminated]
      |
    2 |   b text DEFAULT 'x
      |                  ^
      help: close it with '
    ");
}

#[test]
fn a_marker_that_is_misspelt() {
    let files = [
        ("001_a.up.sql", "-- lokstra: no_transaction\nVACUUM;\n"),
        ("001_a.down.sql", "-- Migration: a\n-- lokstra: no-transaction\nVACUUM;\n"),
    ];
    assert_snapshot!(problems(&files), @"
    error: migrations/001_a.down.sql:2:1: this comment looks like a marker and has no effect [marker]
      |
    2 | -- lokstra: no-transaction
      | ^
      help: make `-- lokstra: no-transaction` or `-- lokstra: no-syntax-check` the first line, or change the comment
    error: migrations/001_a.up.sql:1:1: this comment looks like a marker and has no effect [marker]
      |
    1 | -- lokstra: no_transaction
      | ^
      help: make `-- lokstra: no-transaction` or `-- lokstra: no-syntax-check` the first line, or change the comment
    ");
}

#[test]
fn a_script_that_begins_or_ends_a_transaction_or_reads_from_the_client() {
    let files = [
        ("001_a.up.sql", "BEGIN;\nCREATE TABLE a (b int);\nCOPY a FROM STDIN;\nCOMMIT;\n"),
        ("001_a.down.sql", "-- lokstra: no-transaction\nROLLBACK;\n"),
    ];
    assert_snapshot!(problems(&files), @"
    error: migrations/001_a.down.sql:2:1: a migration cannot begin or end a transaction itself [transaction-control]
      |
    2 | ROLLBACK;
      | ^
      help: remove it: each statement of this script commits by itself
    error: migrations/001_a.up.sql:1:1: a migration cannot begin or end a transaction itself [transaction-control]
      |
    1 | BEGIN;
      | ^
      help: remove it: the script runs in one transaction together with its record
    error: migrations/001_a.up.sql:3:1: COPY FROM STDIN reads what a client sends, and a migration sends nothing [copy-from-stdin]
      |
    3 | COPY a FROM STDIN;
      | ^
      help: write INSERT INTO … VALUES (…), (…) instead
    ");
}

#[test]
fn every_problem_is_reported_at_once() {
    let files = [
        ("001_a.up.sql", "SELECT '"),
        ("002_b.up.sql", ""),
        ("002_c.up.sql", SQL),
        ("3_d.up.sql", SQL),
        ("migration.yaml", "pool: x\nenabled: 1\n"),
    ];
    let problems = check(&files).unwrap_err();
    let codes: Vec<_> = problems.iter().map(|problem| problem.code().as_str()).collect();
    assert_eq!(
        codes,
        [
            "missing-down",
            "unterminated",
            "empty-up",
            "missing-down",
            "version-conflict",
            "missing-down",
            "file-name",
            "missing-down",
            "yaml-key",
            "yaml-type",
        ]
    );
}

#[test]
fn what_is_not_sql_and_what_is_hidden_is_let_alone() {
    let files = [
        ("001_a.up.sql", SQL),
        ("001_a.down.sql", SQL),
        ("README.md", ""),
        (".001_a.up.sql.swp", ""),
        ("._001_a.up.sql", ""),
        ("001_a.up.sql~", ""),
        (".git/x.sql", ""),
    ];
    let loaded = check(&files).unwrap();
    assert_eq!(loaded.warnings, []);
    assert_eq!(loaded.tracked, ["migrations/001_a.down.sql", "migrations/001_a.up.sql"]);
}

#[test]
fn each_version_that_is_too_high_gets_a_number_of_its_own() {
    let names = ["100000000000000000000_b", "99999999999999999999_a", "create_c"];
    let names = names.map(|name| [format!("{name}.up.sql"), format!("{name}.down.sql")]).concat();
    let mut files = vec![("001_x.up.sql", SQL), ("001_x.down.sql", SQL)];
    files.extend(names.iter().map(|name| (name.as_str(), SQL)));
    let told = check(&files).unwrap_err().to_string();
    let helps = told.lines().filter(|line| line.starts_with("  help: rename"));
    assert_snapshot!(helps.collect::<Vec<_>>().join("\n"), @"
    help: rename it to 004_b.down.sql
    help: rename it to 004_b.up.sql
    help: rename it to 003_a.down.sql
    help: rename it to 003_a.up.sql
    help: rename it to 002_create_c.down.sql
    help: rename it to 002_create_c.up.sql
    ");
}
