//! A label of an enum is not used in the transaction that adds it.

use crate::check;
use crate::sql::{is_fine, told};
use insta::assert_snapshot;

#[test]
fn a_value_of_a_type_in_the_transaction_that_adds_it() {
    let sql = "ALTER TYPE mood ADD VALUE 'ok';\nUPDATE people SET mood = 'ok'::mood;\n";
    assert_snapshot!(told(sql), @"
    error: migrations/003_create_orders.up.sql:2:26: 'ok' is added to a type above, and cannot be used in the same transaction [enum-value]
      |
    2 | UPDATE people SET mood = 'ok'::mood;
      |                          ^
      help: put ALTER TYPE … ADD VALUE into a migration of its own, before this one
    ");
    is_fine("ALTER TYPE mood ADD VALUE 'ok';\nUPDATE people SET mood = 'sad'::mood;\n");
    is_fine(&format!("-- lokstra: no-transaction\n{sql}"));
}

/// What is reported of a script whose migrations before it have this.
fn told_after(before: &str, sql: &str) -> bool {
    let files = [
        ("001_a.up.sql", before),
        ("001_a.down.sql", "SELECT 1;"),
        ("002_b.up.sql", sql),
        ("002_b.down.sql", "SELECT 1;"),
    ];
    match check(&files) {
        Ok(_) => false,
        Err(problems) => {
            assert!(problems.to_string().contains("[enum-value]"), "{problems}");
            true
        }
    }
}

const MOODS: &str = "CREATE TYPE mood AS ENUM ('sad'); CREATE TYPE tint AS ENUM ('red');
    CREATE TABLE note (kind text, m mood NOT NULL, t tint, ms mood[]);";

#[test]
fn a_new_label_in_an_array_or_in_parentheses_is_used() {
    for sql in [
        "SELECT ('b')::mood",
        "SELECT (('b'))::public.mood",
        "SELECT CAST(('b') AS mood)",
        "SELECT ARRAY['sad', 'b']::mood[]",
        "SELECT '{sad, \"b\"}'::mood[]",
        "SELECT CAST('{b}' AS mood[])",
    ] {
        assert!(told_after(MOODS, &format!("ALTER TYPE mood ADD VALUE 'b'; {sql};")), "{sql}");
    }
    for sql in [
        "SELECT ('b')::text, ARRAY['b']::text[], '{b}'::tint[]",
        "SELECT lower('b')::mood",
        "SELECT ARRAY['sad']::mood[], '{sad}'::mood[]",
    ] {
        assert!(!told_after(MOODS, &format!("ALTER TYPE mood ADD VALUE 'b'; {sql};")), "{sql}");
    }
    let other = format!(
        "{MOODS} CREATE SCHEMA s; CREATE TYPE s.mood AS ENUM ('x'); ALTER TYPE mood ADD VALUE 'b';"
    );
    let sql = "SET search_path = s; ALTER TYPE mood ADD VALUE 'b'; SELECT 'b'::public.mood;";
    assert!(!told_after(&other, sql));
}

#[test]
fn a_text_that_is_no_use_of_a_new_label_is_let_alone() {
    for sql in [
        "ALTER TYPE tint ADD VALUE 'b';",
        "ALTER TYPE mood ADD VALUE 'c' AFTER 'b'; ALTER TYPE mood ADD VALUE 'd' BEFORE 'b';",
        "ALTER TYPE mood RENAME VALUE 'b' TO 'c';",
        "CREATE TYPE other AS ENUM ('a', 'b');",
        "INSERT INTO note (kind) VALUES ('b');",
        "INSERT INTO note VALUES ('b', 'sad', 'red');",
        "INSERT INTO note (kind, m) SELECT 'b', 'sad';",
        "COMMENT ON TYPE mood IS 'b';",
        "SELECT 1 FROM note WHERE m::text = 'b' OR lower(kind) = 'b' OR m = 'b'::text::mood;",
        "ALTER TABLE note ADD CHECK (kind IN ('a', 'b'));",
        "UPDATE note SET kind = 'b' WHERE m = 'sad';",
        "ALTER TABLE note ADD COLUMN k text DEFAULT 'b', ALTER kind SET DEFAULT 'b';",
        "CREATE TABLE mood_text (mood text DEFAULT 'b', m mood);",
        "SET role 'b'; DO $$ BEGIN PERFORM 'b'::mood; END $$; SELECT 'b'::other.mood, 'B'::mood;",
        "ALTER TYPE mood RENAME VALUE 'b' TO 'c'; SELECT 'x' WHERE 'b' = 'b';",
        "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'b';",
    ] {
        assert!(!told_after(MOODS, &format!("ALTER TYPE mood ADD VALUE 'b'; {sql}")), "{sql}");
    }
    let made_here = "CREATE TYPE m AS ENUM (); ALTER TYPE m ADD VALUE 'b'; SELECT 'b'::m;";
    assert!(!told_after(MOODS, made_here));
    let was_there = "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'sad'; SELECT 'sad'::mood;";
    assert!(!told_after(MOODS, was_there));
    let may_be_there = "ALTER TYPE unknown ADD VALUE IF NOT EXISTS 'b'; SELECT 'b'::unknown;";
    assert!(!told_after(MOODS, may_be_there));
    let before = format!("{MOODS} ALTER TABLE note ALTER m TYPE text;");
    assert!(!told_after(&before, "ALTER TYPE mood ADD VALUE 'b'; UPDATE note SET m = 'b';"));
}

#[test]
fn a_new_label_is_no_use_where_a_column_or_a_name_has_become_another() {
    for sql in [
        "ALTER TABLE note ALTER m TYPE text, ALTER m SET DEFAULT 'b';",
        "ALTER TABLE note ALTER COLUMN m SET DATA TYPE text, ADD CHECK (m IN ('sad', 'b'));",
        "ALTER TABLE note DROP COLUMN IF EXISTS m, ADD COLUMN m text CHECK (m = 'b');",
        "SET LOCAL search_path TO other; SELECT 'b'::mood;",
        "SELECT set_config('search_path', 'other', true); SELECT 'b'::mood;",
        "DO $$ BEGIN ALTER TYPE mood RENAME VALUE 'b' TO 'c'; ALTER TYPE mood RENAME VALUE 'sad' \
         TO 'b'; END $$; SELECT 'b'::mood;",
    ] {
        assert!(!told_after(MOODS, &format!("ALTER TYPE mood ADD VALUE 'b'; {sql}")), "{sql}");
    }
    let in_block = format!("{MOODS} DO $$ BEGIN ALTER TYPE mood ADD VALUE 'b'; END $$;");
    let again = "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'b'; SELECT 'b'::mood;";
    assert!(!told_after(&in_block, again));
    let dropped = format!(
        "{MOODS} DROP TYPE tint, mood CASCADE; ALTER TABLE note ADD m text; CREATE TYPE mood AS ENUM ();"
    );
    assert!(!told_after(&dropped, "ALTER TYPE mood ADD VALUE 'b'; UPDATE note SET m = 'b';"));
}

#[test]
fn a_certain_use_of_a_new_label_is_reported_however_it_is_written() {
    for sql in [
        "SELECT 'b'::mood;",
        "SELECT CAST('b' AS public.mood);",
        "SELECT mood 'b';",
        "SELECT E'b'::\"mood\", 1;",
        "UPDATE note SET m = E'b';",
        "UPDATE note AS n SET kind = 'x', m = $$b$$ WHERE n.m = 'sad';",
        "INSERT INTO note (kind, m) VALUES ('x', 'sad'), ('b', $q$b$q$);",
        "INSERT INTO note VALUES ('x', 'b') ON CONFLICT DO NOTHING;",
        "DELETE FROM note WHERE note.m IN ('sad', 'b');",
        "SELECT kind FROM note WHERE m <> 'b';",
        "ALTER TABLE note ALTER COLUMN m SET DEFAULT 'b';",
        "ALTER TABLE note ADD CHECK (m = 'b');",
        "ALTER TABLE note DROP kind, ALTER t TYPE text, ADD CHECK (m = 'b');",
        "SELECT set_config('app.user', 'x', true); SELECT 'b'::mood;",
        "ALTER TABLE note ADD COLUMN n mood NOT NULL DEFAULT 'b';",
        "CREATE TABLE o (id int, m mood DEFAULT 'b' NOT NULL);",
        "CREATE INDEX ON note (kind) WHERE m = 'b';",
        "ALTER TYPE mood RENAME VALUE 'b' TO 'c'; SELECT 'c'::mood;",
        "ALTER TYPE mood RENAME TO moods; SELECT 'b'::moods;",
    ] {
        assert!(told_after(MOODS, &format!("ALTER TYPE mood ADD VALUE 'b'; {sql}")), "{sql}");
    }
    let new = "ALTER TYPE mood ADD VALUE IF NOT EXISTS $$b$$; SELECT 'b'::mood;";
    assert!(told_after(MOODS, new));
}
