//! A feature that is asked for and not built in is reported.

#![cfg(not(feature = "lint"))]

mod folder;

use folder::folder;
use insta::assert_snapshot;
use lokstra_source::{LintScope, Loader};
use tempfile::TempDir;

fn asking_for(level: &str) -> TempDir {
    folder(&[
        ("migration.yaml", format!("lint: {level}\n").as_str()),
        ("001_a.up.sql", "DROP TABLE a;"),
        ("001_a.down.sql", "CREATE TABLE a ();"),
    ])
}

#[test]
fn a_folder_that_asks_for_lints_says_which_feature_is_missing() {
    let told = |level| {
        Loader::new(asking_for(level).path(), "migrations")
            .lint(LintScope::Explicit)
            .load()
            .unwrap_err()
            .to_string()
    };
    assert_snapshot!(told("deny"), @r#"
    error: migrations/migration.yaml: `lint: deny` needs the linter, which is not built in [lint-feature]
      help: write in Cargo.toml: lokstra = { version = "…", features = ["lint"] }
    "#);
    assert_snapshot!(told("warn"), @r#"
    error: migrations/migration.yaml: `lint: warn` needs the linter, which is not built in [lint-feature]
      help: write in Cargo.toml: lokstra = { version = "…", features = ["lint"] }
    "#);
}

#[test]
fn nobody_is_stopped_who_did_not_look() {
    assert!(Loader::new(asking_for("deny").path(), "migrations").load().is_ok());
    assert!(
        Loader::new(asking_for("off").path(), "migrations").lint(LintScope::All).load().is_ok()
    );
}
