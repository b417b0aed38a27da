//! What becomes of hazards: warnings or errors, suppressed, left to locked migrations; and downs that do
//! not undo.

use std::path::Path;

use crate::folder::folder;
use insta::assert_snapshot;
use lokstra_source::{LintScope, Loaded, Loader, Problem, Problems, lock};
use tempfile::TempDir;

const UP: &str = "ALTER TABLE users DROP COLUMN nickname;\n";
const DOWN: &str = "ALTER TABLE users ADD COLUMN nickname text;\n";

fn text(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(|problem| format!("{}: {problem}", problem.severity().as_str()))
        .collect::<Vec<_>>()
        .join("\n")
}

fn linted(root: &Path, lint: LintScope) -> Result<Loaded, Problems> {
    Loader::new(root, "migrations").lint(lint).load()
}

/// What a user reads.
fn told(root: &TempDir, lint: LintScope) -> String {
    match linted(root.path(), lint) {
        Ok(loaded) => text(&loaded.warnings),
        Err(problems) => problems.to_string(),
    }
}

fn migration(up: &str, down: &str) -> TempDir {
    folder(&[("001_change.up.sql", up), ("001_change.down.sql", down)])
}

fn of_script(up: &str, down: &str) -> String {
    told(&migration(up, down), LintScope::UnlockedOnly)
}

fn with_settings(yaml: &str) -> TempDir {
    folder(&[("migration.yaml", yaml), ("001_change.up.sql", UP), ("001_change.down.sql", DOWN)])
}

#[test]
fn the_settings_say_what_becomes_of_a_hazard() {
    assert_snapshot!(told(&with_settings("lint: warn\n"), LintScope::Explicit), @"
    warning: migrations/001_change.up.sql:1:19: the values are lost, and a running version that uses the column fails [drop-column]
      |
    1 | ALTER TABLE users DROP COLUMN nickname;
      |                   ^
      help: release a version that does not use the column first; if it is safe, say why: `-- lokstra: allow(drop-column): …`
    ");
    assert_snapshot!(told(&with_settings("lint: deny\n"), LintScope::Explicit), @"
    error: migrations/001_change.up.sql:1:19: the values are lost, and a running version that uses the column fails [drop-column]
      |
    1 | ALTER TABLE users DROP COLUMN nickname;
      |                   ^
      help: release a version that does not use the column first; if it is safe, say why: `-- lokstra: allow(drop-column): …`
    ");
    for lint in [LintScope::Explicit, LintScope::UnlockedOnly, LintScope::All] {
        assert_eq!(told(&with_settings("lint: off\n"), lint), "");
    }
}

#[test]
fn a_folder_that_asks_for_nothing_is_searched_by_the_command_alone() {
    let root = with_settings("enabled: true\n");
    assert_eq!(told(&root, LintScope::Explicit), "");
    assert!(told(&root, LintScope::UnlockedOnly).starts_with("warning: "));
}

#[test]
fn a_hazard_stops_no_build_that_did_not_ask() {
    assert!(
        Loader::new(with_settings("lint: deny\n").path(), "migrations")
            .load()
            .unwrap()
            .warnings
            .is_empty()
    );
}

#[test]
fn another_level_is_an_error() {
    assert_snapshot!(told(&with_settings("lint: strict\n"), LintScope::Explicit), @"
    error: migrations/migration.yaml:1:1: `lint` is the text `strict`, and must be off, warn or deny [lint-level]
      |
    1 | lint: strict
      | ^
      help: write `lint: warn` to see hazards while compiling, or `lint: deny` to make them errors
    ");
}

#[test]
fn hazards_stand_beside_errors() {
    let root = folder(&[("001_a.up.sql", "DROP TABLE a;"), ("001_a.down.sql", "SELEC 1;")]);
    assert_snapshot!(told(&root, LintScope::UnlockedOnly), @r#"
    error: migrations/001_a.down.sql:1:1: syntax error at or near "SELEC" [syntax]
      |
    1 | SELEC 1;
      | ^
      help: did you mean SELECT?
    warning: migrations/001_a.up.sql:1:1: the rows are lost, and a running version that uses the table fails [drop-table]
      |
    1 | DROP TABLE a;
      | ^
      help: release a version that does not use the table first; if it is safe, say why: `-- lokstra: allow(drop-table): …`
    "#);
}

#[test]
fn what_is_locked_was_judged() {
    let root = with_settings("lint: warn\n");
    lock(root.path(), "migrations").unwrap();
    assert_eq!(told(&root, LintScope::Explicit), "");
    assert_eq!(told(&root, LintScope::UnlockedOnly), "");
    assert!(told(&root, LintScope::All).starts_with("warning: "));
    assert_eq!(linted(root.path(), LintScope::Explicit).unwrap().locked, 1);
}

#[test]
fn lock_returns_new_hazards_also_where_a_chain_is_broken() {
    let files = [("001_a.up.sql", "SELECT 1;\n"), ("001_a.down.sql", "SELECT 1;\n")];
    let root = folder(&files);
    assert_eq!(lock(root.path(), "migrations").unwrap().hazards, []);
    let path = root.path().join("migrations/lokstra.lock");
    let locked = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, locked.replace(" chain=", " chain=0")).unwrap();
    std::fs::write(root.path().join("migrations/002_b.up.sql"), UP).unwrap();
    std::fs::write(root.path().join("migrations/002_b.down.sql"), DOWN).unwrap();
    assert!(told(&root, LintScope::UnlockedOnly).contains("[lock-chain]"));
    let hazards = lock(root.path(), "migrations").unwrap().hazards;
    assert!(text(&hazards).contains("002_b.up.sql:1:19"), "{hazards:?}");
}

#[test]
fn what_is_denied_is_not_locked() {
    let refused = lock(with_settings("lint: deny\n").path(), "migrations").unwrap_err();
    assert!(refused.to_string().contains("[drop-column]"), "{refused}");
}

#[test]
fn a_suppression_with_a_reason_lets_its_statement_pass() {
    let suppression = "-- lokstra: allow(drop-column): no version reads it since 2.3\n";
    assert_eq!(of_script(&format!("{suppression}{UP}"), DOWN), "");
    assert_eq!(of_script(&format!("-- lokstra: no-transaction\n{suppression}{UP}"), DOWN), "");
    let other = "ALTER TABLE users DROP COLUMN email;";
    assert_snapshot!(of_script(&format!("{suppression}{UP}{other}"), DOWN), @"
    warning: migrations/001_change.up.sql:3:19: the values are lost, and a running version that uses the column fails [drop-column]
      |
    3 | ALTER TABLE users DROP COLUMN email;
      |                   ^
      help: release a version that does not use the column first; if it is safe, say why: `-- lokstra: allow(drop-column): …`
    ");
}

/// What a down leaves behind may show only on a database, where `verify` honours the suppression.
#[test]
fn a_suppression_of_what_is_not_undone_is_never_unused() {
    let suppression = "-- lokstra: allow(not-undone): every environment has it\n";
    let code = "DO $$ BEGIN EXECUTE 'CREATE TYPE mood AS ENUM ()'; END $$;";
    assert_eq!(of_script(&format!("{suppression}{code}"), suppression), "");
}

#[test]
fn a_suppression_that_suppresses_nothing() {
    let up = "-- lokstra: allow(truncate, drop-column): nobody reads them\n\
              ALTER TABLE users DROP COLUMN nickname;\n\
              -- lokstra: allow(drop-table): what follows?\n";
    assert_snapshot!(of_script(up, DOWN), @"
    warning: migrations/001_change.up.sql:1:19: there is no `truncate` here to suppress [suppression-unused]
      |
    1 | -- lokstra: allow(truncate, drop-column): nobody reads them
      |                   ^
      help: remove it, or move it directly above its statement
    warning: migrations/001_change.up.sql:3:19: no statement follows that `drop-table` could apply to [suppression-unused]
      |
    3 | -- lokstra: allow(drop-table): what follows?
      |                   ^
      help: remove it, or move it directly above its statement
    ");
    let files = [
        ("migration.yaml", "lint: deny\n"),
        ("001_change.up.sql", up),
        ("001_change.down.sql", DOWN),
    ];
    assert!(
        told(&folder(&files), LintScope::Explicit).starts_with("warning: "),
        "stale, and no hazard"
    );
    let down = "-- lokstra: allow(drop-table): gone anyway\nDROP TABLE a;\n";
    assert_snapshot!(of_script("CREATE TABLE a ();", down), @"
    warning: migrations/001_change.down.sql:1:19: there is no `drop-table` here to suppress: only up scripts are checked [suppression-unused]
      |
    1 | -- lokstra: allow(drop-table): gone anyway
      |                   ^
      help: remove it, or move it directly above its statement
    ");
}

#[test]
fn a_suppression_that_is_not_right_is_an_error_for_every_reader() {
    let up = "-- lokstra: allow(drop-column)\n\
              ALTER TABLE users DROP COLUMN a;\n\
              -- lokstra: allow(drop-columns): never used\n\
              ALTER TABLE users DROP COLUMN b;\n\
              --lokstra: allow drop-column\n\
              ALTER TABLE users DROP COLUMN c;\n\
              /* lokstra: allow(drop-column): never used */\n\
              ALTER TABLE users DROP COLUMN d;\n";
    assert_snapshot!(told(&migration(up, "SELECT 1;"), LintScope::Never), @"
    error: migrations/001_change.up.sql:1:1: this suppression gives no reason [suppression]
      |
    1 | -- lokstra: allow(drop-column)
      | ^
      help: say why it is safe: `-- lokstra: allow(drop-column): no version reads it since 2.3`
    error: migrations/001_change.up.sql:3:19: there is no rule `drop-columns` [suppression]
      |
    3 | -- lokstra: allow(drop-columns): never used
      |                   ^
      help: use one of: add-check, add-column-not-null, add-column-rewrite, add-exclude, add-foreign-key, add-primary-key, add-unique, column-type, create-index, drop-column, drop-database, drop-schema, drop-table, not-undone, reindex, rename-column, rename-table, set-not-null, truncate, validate-constraint
    error: migrations/001_change.up.sql:5:1: this comment looks like a suppression and has no effect [suppression]
      |
    5 | --lokstra: allow drop-column
      | ^
      help: write it as `-- lokstra: allow(drop-column): no version reads it since 2.3`
    error: migrations/001_change.up.sql:7:1: this comment looks like a suppression and has no effect [suppression]
      |
    7 | /* lokstra: allow(drop-column): never used */
      | ^
      help: write it as `-- lokstra: allow(drop-column): no version reads it since 2.3`
    ");
}

#[test]
fn a_down_that_leaves_something_behind() {
    let up = "CREATE TABLE orders (id bigint);\n\
              CREATE INDEX idx_orders ON orders (id);\n\
              ALTER TABLE users ADD COLUMN IF NOT EXISTS \"Nick\" text, ADD CONSTRAINT c CHECK (a > 0) NOT VALID;\n\
              CREATE TYPE public.mood AS ENUM ('ok');\n";
    assert_snapshot!(of_script(up, "DROP TABLE carts;\n"), @r#"
    warning: migrations/001_change.up.sql:1:14: the down script leaves this behind [not-undone]
      |
    1 | CREATE TABLE orders (id bigint);
      |              ^
      help: add DROP TABLE orders to migrations/001_change.down.sql; if it is safe, say why: `-- lokstra: allow(not-undone): …`
    warning: migrations/001_change.up.sql:3:44: the down script leaves this behind [not-undone]
      |
    3 | ALTER TABLE users ADD COLUMN IF NOT EXISTS "Nick" text, ADD CONSTRAINT c CHECK (a > 0) NOT VALID;
      |                                            ^
      help: add ALTER TABLE … DROP COLUMN "Nick" to migrations/001_change.down.sql; if it is safe, say why: `-- lokstra: allow(not-undone): …`
    warning: migrations/001_change.up.sql:3:72: the down script leaves this behind [not-undone]
      |
    3 | …E users ADD COLUMN IF NOT EXISTS "Nick" text, ADD CONSTRAINT c CHECK (a > 0) NOT VALID;
      |                                                               ^
      help: add ALTER TABLE … DROP CONSTRAINT c to migrations/001_change.down.sql; if it is safe, say why: `-- lokstra: allow(not-undone): …`
    warning: migrations/001_change.up.sql:4:13: the down script leaves this behind [not-undone]
      |
    4 | CREATE TYPE public.mood AS ENUM ('ok');
      |             ^
      help: add DROP TYPE public.mood to migrations/001_change.down.sql; if it is safe, say why: `-- lokstra: allow(not-undone): …`
    "#);
}

/// The statement and one that undoes it.
#[test]
fn a_down_that_undoes_is_no_alarm() {
    for (up, down) in [
        ("CREATE TABLE a.b ()", "DROP TABLE b"),
        (
            "CREATE TABLE b (c int); CREATE INDEX ON b (c); CREATE INDEX i ON b (c)",
            "DROP TABLE IF EXISTS x, b CASCADE",
        ),
        ("CREATE TABLE p PARTITION OF b DEFAULT", "DROP TABLE b"),
        ("CREATE TABLE p (q int) INHERITS (b)", "DROP TABLE b CASCADE"),
        ("-- lokstra: no-transaction\nCREATE INDEX CONCURRENTLY i ON b (c)", "DROP INDEX i"),
        (
            "-- lokstra: no-transaction\nCREATE INDEX CONCURRENTLY i ON b (c)",
            "ALTER TABLE b DROP COLUMN c",
        ),
        ("ALTER TABLE a ADD b int", "ALTER TABLE a DROP b"),
        (
            "ALTER TABLE a ADD COLUMN b int, ADD COLUMN c numeric(1, 2)",
            "ALTER TABLE a DROP COLUMN c, DROP COLUMN IF EXISTS b",
        ),
        ("ALTER TABLE a ADD COLUMN \"B\" int", "ALTER TABLE ONLY a DROP COLUMN \"B\""),
        (
            "ALTER TABLE a ADD CONSTRAINT b CHECK (c > 0) NOT VALID",
            "ALTER TABLE a DROP CONSTRAINT b",
        ),
        (
            "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c NOT VALID",
            "ALTER TABLE a DROP CONSTRAINT a_b_fkey",
        ),
        ("CREATE MATERIALIZED VIEW a AS SELECT 1", "DROP MATERIALIZED VIEW a"),
        ("CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'", "DROP FUNCTION f(int)"),
        ("CREATE PROCEDURE f() LANGUAGE sql AS ''", "DROP ROUTINE f"),
        ("CREATE TRIGGER t BEFORE UPDATE OF b ON a EXECUTE FUNCTION f()", "DROP TRIGGER t ON a"),
        ("CREATE DOMAIN d AS int", "DROP DOMAIN d"),
        ("CREATE SEQUENCE s OWNED BY a.b", "DROP TABLE a"),
        ("CREATE SEQUENCE s; ALTER SEQUENCE s AS int OWNED BY a.b", "DROP TABLE a"),
        ("CREATE SEQUENCE s OWNED BY a.b", "ALTER TABLE a DROP COLUMN b"),
        ("CREATE SEQUENCE s; ALTER SEQUENCE s OWNED BY p.a.b", "ALTER TABLE p.a DROP b"),
        ("CREATE TABLE b (); ALTER TABLE p ATTACH PARTITION b DEFAULT", "DROP TABLE p"),
        ("CREATE TABLE b (); ALTER TABLE b INHERIT p", "DROP TABLE p CASCADE"),
        ("CREATE INDEX c ON b (a); ALTER INDEX p ATTACH PARTITION c", "DROP INDEX p"),
        ("CREATE INDEX c ON p_0 (a); CREATE INDEX p_i ON p USING btree (\"a\")", "DROP INDEX p_i"),
        ("CREATE INDEX c ON p_0 (a); CREATE INDEX ON p (a)", "DROP INDEX p_a_idx"),
        ("CREATE INDEX c ON p_0 (a); CREATE INDEX p_i ON p (a)", "DROP TABLE p"),
        (
            "ALTER TABLE p_0 ADD CONSTRAINT k CHECK (a > 0) NOT VALID; \
             ALTER TABLE p ADD CONSTRAINT k CHECK (a > 0) NOT VALID",
            "ALTER TABLE p DROP CONSTRAINT k",
        ),
        (
            "ALTER TABLE p_0 ADD CONSTRAINT k UNIQUE (a); ALTER TABLE p ADD UNIQUE (a)",
            "ALTER TABLE p DROP CONSTRAINT p_a_key",
        ),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS ''; ALTER FUNCTION f() DEPENDS ON EXTENSION e",
            "DROP EXTENSION e",
        ),
        ("CREATE TABLE b (); ALTER EXTENSION e ADD TABLE b", "DROP EXTENSION e"),
        ("CREATE SCHEMA a; CREATE TABLE a.b ()", "DROP SCHEMA a CASCADE"),
        ("CREATE EXTENSION a", "DROP EXTENSION a"),
    ] {
        let found = of_script(&format!("{up};"), &format!("{down};"));
        assert!(!found.contains("not-undone"), "{up}\n{down}\n{found}");
        let other = of_script(&format!("{up};"), "DROP POLICY other ON place;");
        let is_nameless = up.contains("ADD FOREIGN KEY");
        assert_eq!(other.contains("not-undone"), !is_nameless, "{up}\n{other}");
    }
}

#[test]
fn a_down_that_may_undo_is_no_alarm() {
    for (up, down) in [
        ("CREATE TABLE a ()", "-- The rows are worth more than the order."),
        ("CREATE TABLE a ()", "DO $$ BEGIN EXECUTE 'DROP TABLE a'; END $$"),
        ("CREATE TABLE a ()", "SELECT undo()"),
        ("CREATE TEMP TABLE a AS SELECT 1; DELETE FROM b", "DELETE FROM c"),
        ("CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "DELETE FROM c"),
        ("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "DELETE FROM c"),
        ("CREATE OR REPLACE VIEW a AS SELECT 1", "CREATE OR REPLACE VIEW a AS SELECT 2"),
        ("DROP VIEW a; CREATE VIEW a AS SELECT 1", "DELETE FROM c"),
        ("CREATE EXTENSION IF NOT EXISTS a; CREATE SCHEMA IF NOT EXISTS b", "DELETE FROM c"),
        ("CREATE TABLE a (); ALTER TABLE a RENAME TO b", "ALTER TABLE b RENAME TO a"),
        ("ALTER TABLE a ADD COLUMN b int", "ALTER TABLE a RENAME COLUMN b TO c"),
        ("CREATE VIEW a AS SELECT * FROM b", "DROP TABLE b CASCADE"),
        ("ALTER TABLE a ADD CONSTRAINT b UNIQUE USING INDEX i", "ALTER TABLE a DROP CONSTRAINT b"),
        ("CREATE SCHEMA AUTHORIZATION a", "DROP SCHEMA a"),
    ] {
        let found = of_script(&format!("{up};"), &format!("{down};"));
        assert!(!found.contains("not-undone"), "{up}\n{down}\n{found}");
    }
}

#[test]
fn a_name_that_the_server_cuts_off_is_the_same_name() {
    let name = "é".repeat(40);
    let (up, down) =
        (format!("CREATE TABLE {name} ();"), format!("DROP TABLE \"{}\";", &name[..62]));
    assert!(!of_script(&up, &down).contains("not-undone"));
}

#[test]
fn what_only_looks_like_a_part_of_something_is_left_behind() {
    for (up, down) in [
        ("CREATE SEQUENCE s; ALTER SEQUENCE s OWNED BY a.b", "DROP TABLE c"),
        (
            "CREATE SEQUENCE s OWNED BY a.b; ALTER SEQUENCE s OWNED BY NONE",
            "ALTER TABLE a DROP COLUMN b",
        ),
        ("CREATE INDEX i ON a (b); CREATE INDEX j ON c (d)", "DROP INDEX j"),
        ("CREATE INDEX i ON a (b); CREATE INDEX j ON a (b)", "DROP INDEX j"),
        ("CREATE INDEX i ON a (b); CREATE INDEX j ON c (b)", "DROP INDEX k"),
        (
            "ALTER TABLE a ADD CONSTRAINT k CHECK (b > 0); ALTER TABLE c ADD CONSTRAINT l CHECK (d > 0)",
            "ALTER TABLE c DROP CONSTRAINT l",
        ),
    ] {
        let found = of_script(&format!("{up};"), &format!("{down};"));
        assert!(found.contains("not-undone"), "{up}\n{down}\n{found}");
    }
}

#[test]
fn an_earlier_build_that_did_not_look_for_hazards_hides_none() {
    let root = migration(UP, DOWN);
    let cache = root.path().join("cache");
    let build = || {
        Loader::new(root.path(), "migrations").lint(LintScope::Explicit).cache(&cache, "1").load()
    };
    let set = |yaml: &str| {
        std::fs::write(root.path().join("migrations/migration.yaml"), yaml).unwrap();
    };
    assert!(build().unwrap().warnings.is_empty());
    set("lint: warn\n");
    for _ in 0..2 {
        assert_eq!(build().unwrap().warnings.len(), 1);
    }
    set("lint: deny\n");
    build().unwrap_err();
}
