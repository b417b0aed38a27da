//! The database of a test that failed.

use std::process::Command;

use lokstra::testing::TestDatabase;
use lokstra::{Migrations, embed_migrations};

use crate::server::{OwnServer, create, table};
use lokstra_test_support::spawned_url;

static MIGRATIONS: Migrations = embed_migrations!("migrations");

#[lokstra::test(MIGRATIONS)]
fn child_panics(_db: TestDatabase) {
    assert!(spawned_url().is_none(), "as a test that fails");
}

#[lokstra::test(MIGRATIONS)]
fn child_returns_an_error(_db: TestDatabase) -> Result<(), &'static str> {
    if spawned_url().is_some() { Err("as a test that fails") } else { Ok(()) }
}

#[lokstra::test(MIGRATIONS)]
#[should_panic(expected = "as a test that passes")]
fn child_passes_by_a_panic(_db: TestDatabase) {
    panic!("as a test that passes");
}

#[lokstra::test(MIGRATIONS)]
#[should_panic(expected = "as a test that passes")]
fn child_should_panic_and_does_not(_db: TestDatabase) {
    assert!(spawned_url().is_some(), "as a test that passes");
}

/// Whether a child passes, what it prints, and the database that it leaves.
fn left_by(test: &str, keep: &str) -> (bool, String, String) {
    let server = OwnServer::start();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", &format!("kept::{test}"), "--nocapture"]);
    child.env("LOKSTRA_TEST_CHILD_URL", "").env("LOKSTRA_TEST_KEEP", keep);
    let output = child.env("LOKSTRA_TEST_URL", server.url()).output().unwrap();
    // The next run.
    drop(create(&table("one"), &server.url()).unwrap());
    assert_eq!(server.databases("lokstra_test_"), "");
    let kept = server.databases("lokstra_kept_");
    let shown = String::from_utf8(output.stderr).unwrap();
    if !kept.is_empty() {
        let url = server.server().url(&kept);
        assert!(shown.contains(&format!("is kept: {url}\n")), "{shown}");
        lokstra::Pool::from_url(url).connect().unwrap().batch_execute("TABLE users").unwrap();
    }
    (output.status.success(), shown, kept)
}

#[test]
fn a_test_that_fails_keeps_its_database_if_it_shall() {
    for test in ["child_panics", "child_returns_an_error", "child_should_panic_and_does_not"] {
        let (passes, shown, kept) = left_by(test, "1");
        assert!(!passes && !kept.is_empty(), "{test}: {shown}");
    }
}

#[test]
fn a_test_that_passes_keeps_nothing() {
    let (passes, shown, kept) = left_by("child_passes_by_a_panic", "1");
    assert!(passes && kept.is_empty() && !shown.contains("note: run with LOKSTRA"), "{shown}");
}

#[test]
fn a_test_that_fails_says_how_to_keep_its_database() {
    for keep in ["", "0"] {
        let (passes, shown, kept) = left_by("child_panics", keep);
        assert!(!passes && kept.is_empty(), "{shown}");
        assert!(
            shown.contains("note: run with LOKSTRA_TEST_KEEP=1 to keep the database"),
            "{shown}"
        );
    }
}
