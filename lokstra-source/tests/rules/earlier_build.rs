//! What a build takes over from an earlier one, and what it never does.

use std::fs;
use std::path::{Path, PathBuf};

use crate::folder::folder;
use lokstra_source::{LintScope, Loaded, Loader, Problems};
use tempfile::TempDir;

fn cache(root: &TempDir) -> PathBuf {
    root.path().join("cache")
}

fn build(root: &TempDir) -> Result<Loaded, Problems> {
    Loader::new(root.path(), "migrations").cache(&cache(root), "1").load()
}

fn write(root: &TempDir, name: &str, text: &str) {
    fs::write(root.path().join("migrations").join(name), text).unwrap();
}

/// Two migrations and what a build kept of them.
fn built() -> TempDir {
    let root = folder(&[
        ("001_a.up.sql", "SELECT 1; SELECT 2;"),
        ("001_a.down.sql", "SELECT 3;"),
        ("002_b.up.sql", "\u{feff}-- lokstra: no-transaction\r\nVACUUM;\r\n"),
        ("002_b.down.sql", "-- nothing\n"),
    ]);
    build(&root).unwrap();
    root
}

/// Replaces text by other text of the same length.
fn replace(path: &Path, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let mut content = fs::read(path).unwrap();
    for at in 0..content.len() - from.len() {
        if content[at..].starts_with(from.as_bytes()) {
            content[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    }
    fs::write(path, content).unwrap();
}

/// As if an earlier build had found no fault in a text that has one.
fn believed() -> TempDir {
    let root = built();
    replace(&cache(&root), "SELECT 3;", "SELEC  3;");
    write(&root, "001_a.down.sql", "SELEC  3;");
    Loader::new(root.path(), "migrations").load().unwrap_err();
    root
}

#[track_caller]
fn assert_same_as_new(root: &TempDir) {
    let (kept, new) =
        (build(root).unwrap(), Loader::new(root.path(), "migrations").load().unwrap());
    assert_eq!(kept.set, new.set);
    assert_eq!(kept.tracked, new.tracked);
    assert_eq!(kept.locked, new.locked);
    assert_eq!(kept.warnings, new.warnings);
}

#[test]
fn a_folder_that_did_not_change_is_not_judged_again() {
    build(&believed()).unwrap();
}

#[test]
fn a_script_that_did_not_change_is_not_judged_again() {
    let root = believed();
    write(&root, "003_c.up.sql", "SELECT 1;");
    write(&root, "003_c.down.sql", "SELECT 1;");
    build(&root).unwrap();
}

#[test]
fn a_set_is_the_same_with_and_without_an_earlier_build() {
    let root = built();
    assert_same_as_new(&root);
    write(&root, "001_a.up.sql", "SELECT 1;");
    assert_same_as_new(&root);
    write(&root, "003_c.up.sql", "SELECT 1;");
    write(&root, "003_c.down.sql", "SELECT 1;");
    assert_same_as_new(&root);
    for name in ["002_b.up.sql", "002_b.down.sql"] {
        fs::remove_file(root.path().join("migrations").join(name)).unwrap();
    }
    assert_same_as_new(&root);
    lokstra_source::lock(root.path(), "migrations").unwrap();
    assert_same_as_new(&root);
    assert_same_as_new(&root);
    write(&root, "migration.yaml", "schema-table: audit.history\n");
    assert_same_as_new(&root);
}

#[test]
fn several_databases_are_the_same_with_and_without_an_earlier_build() {
    let root = folder(&[
        ("01_a-db/migration.yaml", "dbpool-name: a\n"),
        ("01_a-db/001_a.up.sql", "SELECT 1;"),
        ("01_a-db/001_a.down.sql", "SELECT 1;"),
        ("02_b-db/migration.yaml", "dbpool-name: b\nenabled: false\n"),
        ("02_b-db/001_a.up.sql", "SELECT 2;"),
        ("02_b-db/001_a.down.sql", "SELECT 2;"),
    ]);
    build(&root).unwrap();
    assert_same_as_new(&root);
    write(&root, "02_b-db/migration.yaml", "dbpool-name: b\n");
    assert_same_as_new(&root);
}

#[test]
fn a_warning_is_reported_by_every_build() {
    let root = built();
    fs::create_dir(root.path().join("migrations/old")).unwrap();
    write(&root, "old/001_a.up.sql", "SELECT 1;");
    for _ in 0..2 {
        assert_eq!(build(&root).unwrap().warnings.len(), 1);
    }
}

/// An edited file of the earlier build shows that its warning is not found again.
#[cfg(feature = "sql-check")]
#[test]
fn a_folder_with_a_warning_that_did_not_change_is_not_judged_again() {
    let up = "-- lokstra: allow(undefined-table): it is there\nCREATE TABLE \"ä\" ();";
    let root = folder(&[
        ("migration.yaml", "starts-from: empty\n"),
        ("001_a.up.sql", up),
        ("001_a.down.sql", "DROP TABLE \"ä\";"),
    ]);
    let first = build(&root).unwrap().warnings;
    assert_eq!(first.len(), 1, "{first:?}");
    assert_same_as_new(&root);
    replace(&cache(&root), "to suppress", "to Suppress");
    let again = build(&root).unwrap().warnings[0].to_string();
    assert_eq!(again, first[0].to_string().replace("to suppress", "to Suppress"));
}

#[test]
fn a_script_that_changed_is_judged() {
    let root = built();
    let before = fs::read(cache(&root)).unwrap();
    for _ in 0..2 {
        write(&root, "001_a.up.sql", "SELEC 1;");
        build(&root).unwrap_err();
        assert_eq!(fs::read(cache(&root)).unwrap(), before);
    }
}

#[test]
fn a_text_that_was_good_under_another_name_is_judged_under_this_one() {
    let root = built();
    write(&root, "001_a.up.sql", "-- nothing\n");
    build(&root).unwrap_err();
}

#[test]
fn another_writer_is_not_believed() {
    let root = believed();
    Loader::new(root.path(), "migrations").cache(&cache(&root), "2").load().unwrap_err();
}

#[test]
fn other_rules_judge_again() {
    let root = believed();
    replace(&cache(&root), "sql-check true", "sql-check fals");
    build(&root).unwrap_err();
}

#[test]
fn another_search_for_hazards_is_another_question() {
    let root = believed();
    Loader::new(root.path(), "migrations")
        .lint(LintScope::Explicit)
        .cache(&cache(&root), "1")
        .load()
        .unwrap_err();
}

#[test]
fn a_damaged_file_is_no_file() {
    let root = built();
    let whole = fs::read(cache(&root)).unwrap();
    for length in (0..whole.len()).step_by(7) {
        fs::write(cache(&root), &whole[..length]).unwrap();
        assert_same_as_new(&root);
    }
}

#[test]
fn a_file_that_cannot_be_written_stops_nothing() {
    let root = folder(&[("001_a.up.sql", "SELECT 1;"), ("001_a.down.sql", "SELECT 1;")]);
    let nowhere = root.path().join("nowhere/cache");
    Loader::new(root.path(), "migrations").cache(&nowhere, "1").load().unwrap();
}
