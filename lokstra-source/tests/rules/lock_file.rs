//! What was locked stays as it is, or the build says what changed.

use std::fs;
use std::path::Path;

use crate::folder::folder;
use insta::assert_snapshot;
use lokstra_source::{Loader, lock, renumber};
use tempfile::TempDir;

const A: [(&str, &str); 2] = [
    ("001_create_users.up.sql", "CREATE TABLE users ();"),
    ("001_create_users.down.sql", "DROP TABLE users;"),
];

const C: [(&str, &str); 2] = [
    ("003_create_orders.up.sql", "CREATE TABLE orders ();"),
    ("003_create_orders.down.sql", "DROP TABLE orders;"),
];

pub(crate) fn locked() -> TempDir {
    let root = folder(&[A, C].concat());
    assert_eq!(
        lock(root.path(), "migrations").unwrap().files,
        [("migrations/lokstra.lock".to_owned(), 2)]
    );
    Loader::new(root.path(), "migrations").load().unwrap();
    root
}

fn write(root: &TempDir, name: &str, text: &str) {
    fs::write(root.path().join("migrations").join(name), text).unwrap();
}

pub(crate) fn add(root: &TempDir, name: &str) {
    write(root, &format!("{name}.up.sql"), "SELECT 1;");
    write(root, &format!("{name}.down.sql"), "SELECT 1;");
}

fn rename(root: &TempDir, from: &str, to: &str) {
    let path =
        |name: &str, direction| root.path().join(format!("migrations/{name}.{direction}.sql"));
    for direction in ["up", "down"] {
        fs::rename(path(from, direction), path(to, direction)).unwrap();
    }
}

fn told(root: &TempDir) -> String {
    Loader::new(root.path(), "migrations").load().unwrap_err().to_string()
}

fn lock_text(root: &TempDir) -> String {
    fs::read_to_string(root.path().join("migrations/lokstra.lock")).unwrap()
}

pub(crate) fn names(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root.join("migrations")).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".up.sql"))
        .collect();
    names.sort();
    names
}

#[test]
fn the_file_has_a_line_a_migration() {
    assert_snapshot!(lock_text(&locked()), @"
    # Written by `lokstra migration lock`. Commit it with the migrations: its end counts them.
    001 create_users up=7f25721ed9491d6c1212ea63075b9c3017c8270bdd7e1c50f702911c3e621f38 down=0b380ffbd9e17e134b0beb4dce5e2d377fccc97da404f50f2c1fbde86c6d53c2 chain=7cd4e5a573003f62
    003 create_orders up=48ecc32b9e345eb98e7ce44693cf2114e13d59a07eb3eccb103722a1cacbd29c down=c0b5474289f45aa5413a80f0d5a039dbd6b04c99fa2b0d33db8d0c9ec75320d7 chain=953a9a2b267e32a6
    # End: 2
    ");
}

#[test]
fn locking_twice_changes_nothing() {
    let root = locked();
    let before = lock_text(&root);
    lock(root.path(), "migrations").unwrap();
    assert_eq!(lock_text(&root), before);
}

#[test]
fn an_edited_script() {
    let root = locked();
    write(&root, "001_create_users.up.sql", "CREATE TABLE people ();");
    assert_snapshot!(told(&root), @"
    error: migrations/001_create_users.up.sql: was edited after it was locked: lokstra.lock has checksum 7f25721ed949, the file b8a4845d9db8 [lock-edited]
      help: restore it, and put the change into a new migration; if no database has applied it yet, or `repair -accept` accepted the edit in each that has, remove its line and those below it, write the number of remaining migrations into the last line, and run `lokstra migration lock`
    ");
    lock(root.path(), "migrations").unwrap_err();
}

#[test]
fn a_renamed_migration() {
    let root = locked();
    rename(&root, "003_create_orders", "003_create_order");
    assert_snapshot!(told(&root), @"
    error: migrations/003_create_order.up.sql: version 003 is locked as `create_orders` [lock-renamed]
      help: rename it back to 003_create_orders.up.sql and .down.sql
    ");
}

#[test]
fn a_removed_migration() {
    let root = locked();
    for direction in ["up", "down"] {
        let path = format!("migrations/001_create_users.{direction}.sql");
        fs::remove_file(root.path().join(path)).unwrap();
    }
    assert_snapshot!(told(&root), @"
    error: migrations/lokstra.lock:2:1: 001_create_users is locked, and its files are gone [lock-removed]
      |
    2 | 001 create_users up=7f25721ed9491d6c1212ea63075b9c3017c8270b…
      | ^
      help: restore them: a database may have applied them
    ");
}

#[test]
fn a_new_version_below_a_locked_one_is_moved_to_the_end() {
    let root = locked();
    add(&root, "002_add_email");
    add(&root, "004_add_phone");
    assert_snapshot!(told(&root), @"
    error: migrations/002_add_email.up.sql: version 002 is new and below 003, which is already locked [lock-order]
      help: run `lokstra migration renumber`, which moves it to the end
    ");
    renumber(root.path(), "migrations").unwrap();
    assert_eq!(
        names(root.path()),
        [
            "001_create_users.up.sql",
            "003_create_orders.up.sql",
            "004_add_email.up.sql",
            "005_add_phone.up.sql"
        ]
    );
    Loader::new(root.path(), "migrations").load().unwrap();
    assert!(renumber(root.path(), "migrations").unwrap().is_empty());
}

#[test]
fn two_branches_that_took_the_same_version_are_reported_and_parted() {
    let root = locked();
    // The other branch has landed 004; ours has a 004 too.
    add(&root, "004_theirs");
    lock(root.path(), "migrations").unwrap();
    add(&root, "004_ours");
    assert!(told(&root).contains("version-conflict"));
    renumber(root.path(), "migrations").unwrap();
    assert_eq!(names(root.path())[2..], ["004_theirs.up.sql", "005_ours.up.sql"]);
    Loader::new(root.path(), "migrations").load().unwrap();
}

#[test]
fn conflict_markers_of_git() {
    let root = locked();
    let text = lock_text(&root);
    let last = last_migration(&text);
    write(
        &root,
        "lokstra.lock",
        &text.replace(&last, &format!("<<<<<<< ours\n{last}\n=======\n{last}\n>>>>>>> theirs")),
    );
    assert_snapshot!(without_sums(&told(&root)), @"
    error: migrations/lokstra.lock:3:1: two branches added migrations at the same time [lock-conflict]
      |
    3 | <<<<<<< ours
      | ^
      help: delete the lines that begin with <<<, === or >>>, move the lines of what is already deployed or merged to the top, then run `lokstra migration renumber`, which moves the others to the end, and `lokstra migration lock`
    ");
}

#[test]
fn versions_of_two_branches_are_not_parted_while_git_has_a_conflict() {
    let root = locked();
    add(&root, "003_theirs");
    let conflict = format!("<<<<<<< ours\n=======\n>>>>>>> theirs\n{}", lock_text(&root));
    assert!(told(&root).contains("renumber`, which moves the unlocked one"));
    write(&root, "lokstra.lock", &conflict);
    assert!(told(&root).contains("resolve lokstra.lock first"), "{}", told(&root));
}

#[test]
fn a_line_that_was_taken_out() {
    let root = locked();
    let text = lock_text(&root);
    let first = text.lines().nth(1).unwrap().to_owned();
    write(&root, "lokstra.lock", &text.replace(&format!("{first}\n"), ""));
    assert_snapshot!(without_sums(&told(&root)), @"
    error: migrations/001_create_users.up.sql: version 001 is new and below 003, which is already locked [lock-order]
      help: run `lokstra migration renumber`, which moves it to the end
    error: migrations/lokstra.lock: only 1 of 2 migrations are listed: lines are missing [lock-cut]
      help: restore the file from git; or delete it and run `lokstra migration lock`, which locks the folder as it is now
    error: migrations/lokstra.lock:2:1: the chain is broken: this line does not follow from the one before it [lock-chain]
      |
    2 | 003 create_orders
      | ^
      help: a merge or an edit changed the lines up to here; review them, then run `lokstra migration renumber` and `lokstra migration lock`
    ");
    // Without its line, 001 could be new, and nothing new goes below what is locked.
    lock(root.path(), "migrations").unwrap_err();
    fs::remove_file(root.path().join("migrations/lokstra.lock")).unwrap();
    lock(root.path(), "migrations").unwrap();
    assert_eq!(lock_text(&root), text);
}

#[test]
fn a_chain_that_a_merge_broke_is_closed_again() {
    let root = locked();
    let text = lock_text(&root);
    let broken = text.replace("chain=7", "chain=8");
    assert_ne!(broken, text);
    write(&root, "lokstra.lock", &broken);
    assert!(told(&root).contains("lock-chain"));
    lock(root.path(), "migrations").unwrap();
    assert_eq!(lock_text(&root), text);
}

#[test]
fn of_two_locked_migrations_with_one_version_the_second_moves() {
    let (ours, theirs) = (locked(), locked());
    add(&ours, "004_ours");
    add(&theirs, "004_theirs");
    for root in [&ours, &theirs] {
        lock(root.path(), "migrations").unwrap();
    }
    // A merge that took both lines, theirs first.
    let (line, theirs) = (last_migration(&lock_text(&ours)), lock_text(&theirs));
    write(&ours, "lokstra.lock", &theirs.replace("# End", &format!("{line}\n# End")));
    add(&ours, "004_theirs");
    assert_snapshot!(without_sums(&told(&ours)), @"
    error: migrations/004_theirs.up.sql: migration conflict detected: version 004 has 2 descriptions, in 004_ours.up.sql and 004_theirs.up.sql [version-conflict]
      help: run `lokstra migration renumber`, which moves the unlocked one to the end
    error: migrations/lokstra.lock:5:1: the chain is broken: this line does not follow from the one before it [lock-chain]
      |
    5 | 004 ours
      | ^
      help: a merge or an edit changed the lines up to here; review them, then run `lokstra migration renumber` and `lokstra migration lock`
    ");
    renumber(ours.path(), "migrations").unwrap();
    assert_eq!(names(ours.path())[2..], ["004_theirs.up.sql", "005_ours.up.sql"]);
    lock(ours.path(), "migrations").unwrap();
    Loader::new(ours.path(), "migrations").load().unwrap();
}

#[test]
fn a_line_that_is_none() {
    let root = locked();
    write(&root, "lokstra.lock", "001 create_users\n");
    assert_snapshot!(told(&root), @"
    error: migrations/lokstra.lock:1:1: this is not a line of a lock file [lock-syntax]
      |
    1 | 001 create_users
      | ^
      help: restore the file from git, or delete it and run `lokstra migration lock`
    ");
}

fn last_migration(text: &str) -> String {
    text.lines().rfind(|line| !line.starts_with('#')).unwrap().to_owned()
}

#[test]
fn a_file_that_was_cut_off_anywhere_is_an_error() {
    let root = locked();
    let text = lock_text(&root);
    write(&root, "001_create_users.up.sql", "CREATE TABLE other ();");
    for length in 0..text.find("# End").unwrap() {
        write(&root, "lokstra.lock", &text[..length]);
        let told = told(&root);
        assert!(told.contains("[lock-cut]") || told.contains("[lock-syntax]"), "{length}: {told}");
        lock(root.path(), "migrations").unwrap_err();
    }
    write(&root, "lokstra.lock", "");
    assert_snapshot!(told(&root), @"
    error: migrations/lokstra.lock: the first line is missing: the file may be truncated [lock-cut]
      help: restore the file from git; or delete it and run `lokstra migration lock`, which locks the folder as it is now
    ");
    assert_snapshot!(renumber(root.path(), "migrations").unwrap_err(), @"
    error: migrations/lokstra.lock: the first line is missing: the file may be truncated [lock-cut]
      help: restore the file from git; or delete it and run `lokstra migration lock`, which locks the folder as it is now
    ");
    assert_eq!(lock_text(&root), "");
}

#[test]
fn lines_that_were_taken_from_the_end_are_missed() {
    let root = locked();
    let text = lock_text(&root);
    write(&root, "003_create_orders.up.sql", "CREATE TABLE other ();");
    write(&root, "lokstra.lock", &text.replace(&format!("{}\n", last_migration(&text)), ""));
    assert_snapshot!(told(&root), @"
    error: migrations/lokstra.lock: only 1 of 2 migrations are listed: lines are missing [lock-cut]
      help: restore the file from git; or delete it and run `lokstra migration lock`, which locks the folder as it is now
    ");
    write(&root, "lokstra.lock", text.split_once('\n').unwrap().1);
    assert!(told(&root).contains("the first line is missing"), "{}", told(&root));
    write(&root, "lokstra.lock", text.split_once("# End").unwrap().0);
    assert!(told(&root).contains("the last line, which counts the migrations, is missing"));
}

#[test]
fn a_line_may_be_taken_out_where_the_count_is_corrected() {
    let root = locked();
    let text = lock_text(&root);
    write(&root, "003_create_orders.up.sql", "CREATE TABLE other ();");
    let rest = text.replace(&format!("{}\n", last_migration(&text)), "").replace(": 2", ": 1");
    write(&root, "lokstra.lock", &rest);
    lock(root.path(), "migrations").unwrap();
    Loader::new(root.path(), "migrations").load().unwrap();
}

#[test]
fn a_file_of_a_version_without_the_count_is_accepted() {
    let root = locked();
    let text = lock_text(&root);
    let (head, rest) = text.split_once('\n').unwrap();
    let head =
        head.replace("with the migrations: its end counts them", "together with the migrations");
    write(&root, "lokstra.lock", &format!("{head}\n{}", rest.split_once("# End").unwrap().0));
    Loader::new(root.path(), "migrations").load().unwrap();
    lock(root.path(), "migrations").unwrap();
    assert_eq!(lock_text(&root), text);
}

#[test]
fn nul_bytes_of_a_crash_are_described_as_such() {
    let root = locked();
    let text = lock_text(&root);
    let half = &text[..text.len() / 2];
    let damaged = [format!("{text}\0\0\0"), format!("{half}\0\0\0"), "\0".repeat(50)];
    let reports = damaged.map(|damaged| {
        write(&root, "lokstra.lock", &damaged);
        renumber(root.path(), "migrations").unwrap_err();
        lock(root.path(), "migrations").unwrap_err();
        told(&root)
    });
    assert!(reports.iter().all(|report| *report == reports[0]), "{reports:?}");
    assert_snapshot!(reports[0], @"
    error: migrations/lokstra.lock: has NUL bytes: a part of it was lost in a crash of the machine [lock-cut]
      help: restore the file from git; or delete it and run `lokstra migration lock`, which locks the folder as it is now
    ");
}

#[test]
fn a_name_that_is_taken_leaves_every_file_where_it_was() {
    let root = locked();
    add(&root, "002_a");
    add(&root, "002_b");
    fs::create_dir(root.path().join("migrations/004_a.down.sql")).unwrap();
    let (before, text) = (names(root.path()), lock_text(&root));
    assert!(renumber(root.path(), "migrations").is_err());
    assert_eq!((names(root.path()), lock_text(&root)), (before, text));
}

/// The lines of the file are long; their beginnings tell.
fn without_sums(text: &str) -> String {
    text.lines().map(|line| line.split(" up=").next().unwrap()).collect::<Vec<_>>().join("\n")
}
