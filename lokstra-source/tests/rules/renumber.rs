//! Where `renumber` moves migrations to at the highest versions.

use crate::folder::folder;
use crate::lock_file::{add, locked, names};
use insta::assert_snapshot;
use lokstra_source::{lock, renumber};

#[test]
fn behind_the_highest_version_nothing_is_moved() {
    let root = folder(&[
        ("9223372036854775807_a.up.sql", "CREATE TABLE a ();"),
        ("9223372036854775807_a.down.sql", "DROP TABLE a;"),
    ]);
    lock(root.path(), "migrations").unwrap();
    add(&root, "002_b");
    add(&root, "003_c");
    let before = names(root.path());
    assert_snapshot!(renumber(root.path(), "migrations").unwrap_err(), @"
    error: migrations/lokstra.lock: 9223372036854775807 is locked, and no version is left above it for the unlocked migrations (2); nothing was renamed [lock-order]
      help: give the new migrations lower versions by hand, delete lokstra.lock and run `lokstra migration lock`; databases then need -out-of-order
    ");
    assert_eq!(names(root.path()), before);
}

#[test]
fn near_the_highest_version_renumber_counts_what_is_left() {
    let root = folder(&[
        ("9223372036854775805_a.up.sql", "CREATE TABLE a ();"),
        ("9223372036854775805_a.down.sql", "DROP TABLE a;"),
    ]);
    lock(root.path(), "migrations").unwrap();
    for name in ["002_b", "003_c", "9223372036854775807_d"] {
        add(&root, name);
    }
    let before = names(root.path());
    assert_snapshot!(renumber(root.path(), "migrations").unwrap_err(), @"
    error: migrations/lokstra.lock: 9223372036854775805 is locked, and 2 versions are left above it for the unlocked migrations (3); nothing was renamed [lock-order]
      help: give the new migrations lower versions by hand, delete lokstra.lock and run `lokstra migration lock`; databases then need -out-of-order
    ");
    assert_eq!(names(root.path()), before);
}

#[test]
fn two_at_the_highest_version_are_moved_to_where_there_is_room() {
    let root = locked();
    add(&root, "9223372036854775807_d");
    add(&root, "9223372036854775807_e");
    renumber(root.path(), "migrations").unwrap();
    assert_eq!(names(root.path())[2..], ["004_d.up.sql", "005_e.up.sql"]);
}
