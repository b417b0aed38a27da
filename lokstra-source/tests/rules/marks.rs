//! Where `migration.yaml` asks for it, a migration that no server has run as it is stops the build.

use std::collections::BTreeMap;
use std::fs;

use crate::folder::folder;
use insta::assert_snapshot;
use lokstra_source::{LintScope, Loader, Mark, Verdict, lock, marks, renumber, write_marks};
use tempfile::TempDir;

const FILES: [(&str, &str); 7] = [
    ("001_create_users.up.sql", "CREATE TABLE users ();"),
    ("001_create_users.down.sql", "DROP TABLE users;"),
    ("002_create_posts.up.sql", "CREATE TABLE posts ();"),
    ("002_create_posts.down.sql", "DROP TABLE posts;"),
    ("003_create_orders.up.sql", "CREATE TABLE orders ();"),
    ("003_create_orders.down.sql", "DROP TABLE orders;"),
    ("migration.yaml", "verified: require\n"),
];

const FULL: Mark = Mark { server: 17, is_up_only: false };

fn required() -> TempDir {
    folder(&FILES)
}

fn verified() -> TempDir {
    let root = required();
    lock(root.path(), "migrations").unwrap();
    verify(&root);
    root
}

/// What a verification of everything writes.
fn verify(root: &TempDir) -> bool {
    let loaded = Loader::new(root.path(), "migrations").load().unwrap();
    let database = loaded.set.databases().next().unwrap();
    let all = database.migrations().map(|migration| (migration.version(), Some(FULL)));
    write_marks(root.path(), database, &all.collect::<BTreeMap<_, _>>()).unwrap()
}

fn verdicts(root: &TempDir) -> Vec<Verdict> {
    let loaded = Loader::new(root.path(), "migrations").load().unwrap();
    let database = loaded.set.databases().next().unwrap();
    let marks = marks(root.path(), database).unwrap();
    marks.verdicts.into_iter().map(|(_, verdict)| verdict).collect()
}

fn write(root: &TempDir, name: &str, text: &str) {
    fs::write(root.path().join("migrations").join(name), text).unwrap();
}

fn lock_text(root: &TempDir) -> String {
    fs::read_to_string(root.path().join("migrations/lokstra.lock")).unwrap()
}

/// What a build says; nothing if it accepts the folder.
fn told(root: &TempDir) -> String {
    match Loader::new(root.path(), "migrations").lint(LintScope::Explicit).load() {
        Ok(loaded) => {
            let warnings = loaded.warnings.iter().map(|it| format!("warning: {it}"));
            warnings.collect::<Vec<_>>().join("\n")
        }
        Err(problems) => problems.to_string(),
    }
}

/// The marks of the lines, by version.
fn mark_of(root: &TempDir, version: &str) -> String {
    let text = lock_text(root);
    let line = text.lines().find(|line| line.starts_with(&format!("{version} "))).unwrap();
    line.split_once(" verified=").unwrap().1.to_owned()
}

#[test]
fn a_verified_folder_is_accepted_and_its_lines_have_marks() {
    let root = verified();
    assert_eq!(told(&root), "");
    assert_eq!(verdicts(&root), vec![Verdict::Valid(FULL); 3]);
    assert_snapshot!(lock_text(&root), @"
    # Written by `lokstra migration lock`. Commit it with the migrations: its end counts them.
    001 create_users up=7f25721ed9491d6c1212ea63075b9c3017c8270bdd7e1c50f702911c3e621f38 down=0b380ffbd9e17e134b0beb4dce5e2d377fccc97da404f50f2c1fbde86c6d53c2 chain=7cd4e5a573003f62 verified=17:627c784b2faf36da
    002 create_posts up=ff4a29e0cbe514298a67e8982f69a1de75ac2f327da899935aaad0d3a7ab3d35 down=9cc1113dbc0f3ff800ed5e38a6e5d2ab4980da1e03c6227d824bd28a1452ce9a chain=a6ebe4a3aa6066f8 verified=17:033120971e054bc4
    003 create_orders up=48ecc32b9e345eb98e7ce44693cf2114e13d59a07eb3eccb103722a1cacbd29c down=c0b5474289f45aa5413a80f0d5a039dbd6b04c99fa2b0d33db8d0c9ec75320d7 chain=33da68df2407763e verified=17:23f1f99a3fcc9db5
    # End: 3
    ");
}

#[test]
fn marks_change_neither_the_chain_nor_a_file_that_has_them() {
    let root = required();
    lock(root.path(), "migrations").unwrap();
    let before = lock_text(&root);
    assert!(verify(&root));
    let without: String = lock_text(&root)
        .lines()
        .flat_map(|line| [line.split(" verified=").next().unwrap(), "\n"])
        .collect();
    assert_eq!(without, before);
    assert!(!verify(&root));
}

#[test]
fn a_migration_without_a_mark_is_an_error_that_says_the_command() {
    assert_snapshot!(told(&required()), @"
    error: migrations/001_create_users.up.sql: 001_create_users is not verified (also 002, 003) [not-verified]
      help: lokstra migration verify
    ");
    let root = verified();
    write(&root, "004_add_email.up.sql", "SELECT 1;");
    write(&root, "004_add_email.down.sql", "SELECT 1;");
    assert_snapshot!(told(&root), @"
    error: migrations/004_add_email.up.sql: 004_add_email is not verified [not-verified]
      help: lokstra migration verify
    ");
}

#[test]
fn many_migrations_without_a_mark_are_one_error() {
    let root = required();
    for version in 4..12 {
        write(&root, &format!("{version:03}_more.up.sql"), "SELECT 1;");
        write(&root, &format!("{version:03}_more.down.sql"), "SELECT 1;");
    }
    assert_snapshot!(told(&root), @"
    error: migrations/001_create_users.up.sql: 001_create_users is not verified (also 002, 003, 004, 005 and 6 more) [not-verified]
      help: lokstra migration verify
    ");
}

#[test]
fn without_a_lock_file_marks_stand_on_lines_of_what_is_not_locked() {
    let root = required();
    assert!(verify(&root));
    assert_eq!(told(&root), "");
    assert!(lock_text(&root).contains("003 create_orders new chain="));
    // Locking what was verified keeps its mark, editing it does not.
    let mark = mark_of(&root, "003");
    lock(root.path(), "migrations").unwrap();
    assert_eq!((told(&root).as_str(), mark_of(&root, "003")), ("", mark));
}

#[test]
fn an_edited_script_voids_its_mark_and_those_behind_it() {
    let root = required();
    verify(&root);
    write(&root, "002_create_posts.up.sql", "CREATE TABLE posts (id int);");
    assert_snapshot!(told(&root), @"
    error: migrations/lokstra.lock:3:1: the mark of 002_create_posts is stale: a script up to this one changed after it was verified, or the mark was written by hand (also 003) [mark-stale]
      |
    3 | 002 create_posts new chain=ef05386a616307e3 verified=17:0331…
      | ^
      help: lokstra migration verify
    ");
    assert_eq!(verdicts(&root), [Verdict::Valid(FULL), Verdict::Stale, Verdict::Stale]);
}

#[test]
fn an_edited_down_script_voids_marks_too() {
    let root = required();
    verify(&root);
    write(&root, "003_create_orders.down.sql", "DROP TABLE IF EXISTS orders;");
    assert_eq!(verdicts(&root)[1..], [Verdict::Valid(FULL), Verdict::Stale]);
}

#[test]
fn a_copied_mark_is_that_of_another_migration() {
    let root = verified();
    let (second, third) = (mark_of(&root, "002"), mark_of(&root, "003"));
    write(&root, "lokstra.lock", &lock_text(&root).replace(&third, &second));
    assert_snapshot!(told(&root), @"
    error: migrations/lokstra.lock:4:1: the mark of 003_create_orders is that of 002 [mark-copied]
      |
    4 | 003 create_orders up=48ecc32b9e345eb98e7ce44693cf2114e13d59a…
      | ^
      help: lokstra migration verify
    ");
}

#[test]
fn marks_in_another_order_are_those_of_others() {
    let root = verified();
    let (second, third) = (mark_of(&root, "002"), mark_of(&root, "003"));
    let text = lock_text(&root).replace(&third, "?").replace(&second, &third).replace('?', &second);
    write(&root, "lokstra.lock", &text);
    assert_snapshot!(told(&root), @"
    error: migrations/lokstra.lock:3:1: the mark of 002_create_posts is that of 003 (also 003) [mark-copied]
      |
    3 | 002 create_posts up=ff4a29e0cbe514298a67e8982f69a1de75ac2f32…
      | ^
      help: lokstra migration verify
    ");
}

#[test]
fn lines_in_another_order_break_the_chain() {
    let root = verified();
    let text = lock_text(&root);
    let lines: Vec<_> = text.lines().collect();
    let text = [lines[0], lines[1], lines[3], lines[2], lines[4], ""].join("\n");
    write(&root, "lokstra.lock", &text);
    assert!(told(&root).contains("[lock-chain]"), "{}", told(&root));
}

#[test]
fn a_mark_of_a_hand_is_none() {
    let root = verified();
    let (text, mark) = (lock_text(&root), mark_of(&root, "003"));
    for hand_made in [
        "17",
        "17:",
        "yes",
        "17:0123456789abcde",
        "12:0123456789abcdef",
        "017:0123456789abcdef",
        "17/down:0123456789abcdef",
    ] {
        write(&root, "lokstra.lock", &text.replace(&mark, hand_made));
        assert!(told(&root).contains("[mark-syntax]"), "{hand_made}: {}", told(&root));
    }
    assert_snapshot!(told(&root), @"
    error: migrations/lokstra.lock:4:1: the mark of 003_create_orders was not written by `lokstra migration verify` [mark-syntax]
      |
    4 | 003 create_orders up=48ecc32b9e345eb98e7ce44693cf2114e13d59a…
      | ^
      help: lokstra migration verify
    ");
    write(&root, "lokstra.lock", &text.replace(&mark, "17:0123456789abcdef"));
    assert_snapshot!(told(&root), @"
    error: migrations/lokstra.lock:4:1: the mark of 003_create_orders is stale: a script up to this one changed after it was verified, or the mark was written by hand [mark-stale]
      |
    4 | 003 create_orders up=48ecc32b9e345eb98e7ce44693cf2114e13d59a…
      | ^
      help: lokstra migration verify
    ");
    // Nor is one of another server, or of less than what ran.
    for other in ["18", "17/up"] {
        write(
            &root,
            "lokstra.lock",
            &text.replace(&mark, &mark.replace("17:", &format!("{other}:"))),
        );
        assert!(told(&root).contains("[mark-stale]"), "{other}: {}", told(&root));
    }
}

#[test]
fn a_mark_before_the_chain_is_no_line_of_the_file() {
    let root = verified();
    write(&root, "lokstra.lock", &lock_text(&root).replacen(" chain=", " verified=17 chain=", 1));
    assert!(told(&root).contains("[lock-syntax]"), "{}", told(&root));
}

#[test]
fn a_warning_is_enough_where_the_settings_say_warn() {
    let root = required();
    write(&root, "migration.yaml", "verified: warn\n");
    assert_snapshot!(told(&root), @"
    warning: migrations/001_create_users.up.sql: 001_create_users is not verified (also 002, 003) [not-verified]
      help: lokstra migration verify
    ");
    write(&root, "migration.yaml", "verified: off\n");
    assert_eq!(told(&root), "");
    write(&root, "migration.yaml", "");
    assert_eq!(told(&root), "");
    write(&root, "migration.yaml", "verified: yes\n");
    assert_snapshot!(told(&root), @"
    error: migrations/migration.yaml:1:1: `verified` is the text `yes`, and must be off, warn or require [verified-level]
      |
    1 | verified: yes
      | ^
      help: write `verified: warn` to see while compiling what `lokstra migration verify` has not run, or `verified: require` to make it an error
    ");
}

#[test]
fn only_the_build_and_lint_ask_for_marks() {
    let root = required();
    Loader::new(root.path(), "migrations").load().unwrap();
    Loader::new(root.path(), "migrations").lint(LintScope::UnlockedOnly).load().unwrap_err();
    lock(root.path(), "migrations").unwrap();
}

#[test]
fn a_file_with_the_line_ends_of_windows_has_the_same_marks() {
    let root = verified();
    write(&root, "lokstra.lock", &lock_text(&root).replace('\n', "\r\n"));
    assert_eq!(told(&root), "");
    assert!(!verify(&root), "nothing to write");
}

#[test]
fn a_file_without_a_mark_is_as_before() {
    let root = required();
    write(&root, "migration.yaml", "");
    lock(root.path(), "migrations").unwrap();
    assert!(!lock_text(&root).contains("verified"));
    assert_eq!((told(&root).as_str(), verdicts(&root)), ("", vec![Verdict::Missing; 3]));
}

#[test]
fn an_error_of_the_lock_file_comes_before_its_marks() {
    let root = verified();
    write(&root, "001_create_users.up.sql", "CREATE TABLE people ();");
    assert!(told(&root).contains("[lock-edited]") && !told(&root).contains("[mark-stale]"));
}

#[test]
fn renumber_keeps_the_marks_of_what_stays() {
    let root = required();
    write(&root, "004_new.up.sql", "SELECT 1;");
    write(&root, "004_new.down.sql", "SELECT 1;");
    verify(&root);
    let before = [mark_of(&root, "003"), mark_of(&root, "004")];
    renumber(root.path(), "migrations").unwrap();
    assert_eq!([mark_of(&root, "003"), mark_of(&root, "004")], before);
    assert_eq!(told(&root), "");
}

#[test]
fn a_mark_of_up_alone_says_so() {
    let root = required();
    let loaded = Loader::new(root.path(), "migrations").load().unwrap();
    let database = loaded.set.databases().next().unwrap();
    let up_only = Mark { server: 13, is_up_only: true };
    let all = database.migrations().map(|migration| (migration.version(), Some(up_only)));
    write_marks(root.path(), database, &all.collect::<BTreeMap<_, _>>()).unwrap();
    assert!(mark_of(&root, "001").starts_with("13/up:"));
    assert_eq!(verdicts(&root), vec![Verdict::Valid(up_only); 3]);
}
