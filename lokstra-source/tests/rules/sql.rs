//! SQL that PostgreSQL could not parse, or not run where it stands.

use crate::{check, problems};
use insta::assert_snapshot;

/// What a user reads if the up file of a migration has this text.
pub(crate) fn told(sql: &str) -> String {
    problems(&[("003_create_orders.up.sql", sql), ("003_create_orders.down.sql", "SELECT 1;")])
}

pub(crate) fn is_fine(sql: &str) {
    let files = [("001_a.up.sql", sql), ("001_a.down.sql", "SELECT 1;")];
    if let Err(problems) = check(&files) {
        panic!("{sql}\n{problems}");
    }
}

#[test]
fn a_misspelt_word() {
    assert_snapshot!(told("CREATE TABEL orders (\n  id bigint\n);\n"), @r#"
    error: migrations/003_create_orders.up.sql:1:8: syntax error at or near "TABEL" [syntax]
      |
    1 | CREATE TABEL orders (
      |        ^
      help: did you mean TABLE?
    "#);
}

#[test]
fn a_missing_comma() {
    assert_snapshot!(told("CREATE TABLE orders (\n  id bigint\n  total numeric(12, 2)\n);\n"), @r#"
    error: migrations/003_create_orders.up.sql:3:3: syntax error at or near "total" [syntax]
      |
    3 |   total numeric(12, 2)
      |   ^
      help: is `,` missing before it? if PostgreSQL accepts it as it is, make `-- lokstra: no-syntax-check` the first line
    "#);
}

#[test]
fn a_missing_comma_between_texts() {
    assert_snapshot!(told("SELECT 1 WHERE 'a' IN ('b', 'c' /* d */ 'e');\n"), @r#"
    error: migrations/003_create_orders.up.sql:1:41: syntax error at or near "'e'" [syntax]
      |
    1 | SELECT 1 WHERE 'a' IN ('b', 'c' /* d */ 'e');
      |                                         ^
      help: is `,` missing before it? if PostgreSQL accepts it as it is, make `-- lokstra: no-syntax-check` the first line
    "#);
    // One text in two lines.
    is_fine("SELECT 'a'\n  'b', E'c' -- d\n 'e', B'1'\n'0';");
}

#[test]
fn a_missing_semicolon() {
    assert_snapshot!(told("CREATE TABLE a (b int)\nCREATE TABLE c (d int);\n"), @r#"
    error: migrations/003_create_orders.up.sql:2:1: syntax error at or near "CREATE" [syntax]
      |
    2 | CREATE TABLE c (d int);
      | ^
      help: is `;` missing before it? if PostgreSQL accepts it as it is, make `-- lokstra: no-syntax-check` the first line
    "#);
}

#[test]
fn a_comma_too_many() {
    assert_snapshot!(told("CREATE TABLE orders (\n  id bigint,\n);\n"), @r#"
    error: migrations/003_create_orders.up.sql:2:12: syntax error at or near "," [syntax]
      |
    2 |   id bigint,
      |            ^
      help: remove this `,`: nothing follows it
    "#);
}

#[test]
fn two_statements_with_an_error_each() {
    assert_snapshot!(told("SELEC 1;\nSELECT 2;\nDROP TABEL a;\n"), @r#"
    error: migrations/003_create_orders.up.sql:1:1: syntax error at or near "SELEC" [syntax]
      |
    1 | SELEC 1;
      | ^
      help: did you mean SELECT?
    error: migrations/003_create_orders.up.sql:3:6: syntax error at or near "TABEL" [syntax]
      |
    3 | DROP TABEL a;
      |      ^
      help: did you mean TABLE?
    "#);
}

#[test]
fn a_statement_that_refuses_a_transaction() {
    assert_snapshot!(told("SELECT 1;\nCREATE INDEX CONCURRENTLY a ON b (c);\n"), @"
    error: migrations/003_create_orders.up.sql:2:1: PostgreSQL refuses this statement in a transaction, and this script runs in one [in-transaction]
      |
    2 | CREATE INDEX CONCURRENTLY a ON b (c);
      | ^
      help: make `-- lokstra: no-transaction` the first line; each statement then runs by itself
    ");
    is_fine("-- lokstra: no-transaction\nCREATE INDEX CONCURRENTLY a ON b (c);\n");
}

#[test]
fn commands_of_psql() {
    assert_snapshot!(told("\\restrict abc\nSELECT 1;\n\\connect app\n"), @r#"
    error: migrations/003_create_orders.up.sql:1:1: this is a psql command, which the server does not understand [psql-command]
      |
    1 | \restrict abc
      | ^
      help: remove it, or write it in SQL
    error: migrations/003_create_orders.up.sql:3:1: this is a psql command, which the server does not understand [psql-command]
      |
    3 | \connect app
      | ^
      help: remove it, or write it in SQL
    "#);
}

#[test]
fn a_block_that_commits_needs_a_script_without_a_transaction() {
    let sql = "DO $$\nBEGIN\n  DELETE FROM a;\n  COMMIT;\nEND\n$$;\n";
    assert_snapshot!(told(sql), @"
    error: migrations/003_create_orders.up.sql:4:3: PostgreSQL refuses to commit or roll back in a transaction, and this script runs in one [in-transaction]
      |
    4 |   COMMIT;
      |   ^
      help: make `-- lokstra: no-transaction` the first line; what was committed is then kept, even if a later statement fails
    ");
    is_fine(&format!("-- lokstra: no-transaction\n{sql}"));
}

#[test]
fn a_call_of_a_procedure_of_the_set_that_commits() {
    let makes = "CREATE PROCEDURE clean() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;";
    let set = |call: &'static str| {
        [
            ("001_clean.up.sql", makes),
            ("001_clean.down.sql", "DROP PROCEDURE clean;"),
            ("002_call.up.sql", call),
            ("002_call.down.sql", "-- nothing to undo"),
        ]
    };
    assert_snapshot!(problems(&set("SELECT 1;\nCALL clean();")), @"
    error: migrations/002_call.up.sql:2:1: this calls a procedure that commits, which PostgreSQL refuses in a transaction, and this script runs in one [in-transaction]
      |
    2 | CALL clean();
      | ^
      help: make `-- lokstra: no-transaction` the first line; what the procedure commits is then kept, even if a later statement fails
    ");
    assert!(
        problems(&set("DO $$ BEGIN CALL public.clean(); END $$")).contains(":1:13: this calls")
    );
    assert!(check(&set("-- lokstra: no-transaction\nCALL clean();")).is_ok());
    let dropped = problems(&set("DROP PROCEDURE clean; CALL clean();"));
    assert!(!dropped.contains("in-transaction") && dropped.contains("undefined-function"));
    assert!(check(&set("CALL other();")).is_ok());
}

#[test]
fn the_isolation_level_is_set_before_the_script() {
    assert_snapshot!(told("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\nDELETE FROM a;\n"), @"
    error: migrations/003_create_orders.up.sql:1:1: this must come before the first query of a transaction, and a query of the run comes first [transaction-control]
      |
    1 | SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
      | ^
      help: remove it, and lock what must not change meanwhile: LOCK TABLE … IN SHARE ROW EXCLUSIVE MODE
    ");
    is_fine("SET TRANSACTION ISOLATION LEVEL READ COMMITTED;\nDELETE FROM a;\n");
}

#[test]
fn what_has_no_effect_in_a_script_without_a_transaction() {
    let sql = "SET LOCAL search_path = app;\nCREATE TABLE t (a int);\nLOCK TABLE t;\n";
    assert_snapshot!(told(&format!("-- lokstra: no-transaction\n{sql}")), @"
    error: migrations/003_create_orders.up.sql:2:1: SET LOCAL has no effect here: each statement of this script commits by itself [no-effect]
      |
    2 | SET LOCAL search_path = app;
      | ^
      help: write SET, which lasts until the end of this script: the run then restores the session
    error: migrations/003_create_orders.up.sql:4:1: LOCK TABLE is refused here: each statement of this script commits by itself [no-effect]
      |
    4 | LOCK TABLE t;
      | ^
      help: remove it: each statement of this script acquires the locks that it needs
    ");
    is_fine(sql);
    is_fine("-- lokstra: no-transaction\nSELECT pg_advisory_xact_lock(1);\nVACUUM t;\n");
}

#[test]
fn data_of_copy_is_not_taken_for_sql() {
    for data in ["it's", "\"", "(", "$$", "/*", "1;2", "\\N"] {
        let sql = format!("SELECT 1;\nCOPY a (b) FROM stdin;\n{data}\n\\.\n");
        let found = told(&sql);
        assert!(found.contains("2:1: COPY FROM STDIN reads what a client sends"), "{found}");
        assert_eq!(found.matches("error: ").count(), 1, "{found}");
    }
}

#[test]
fn the_halves_of_other_tools() {
    let both = "-- migrate:up\nCREATE TABLE a (b int);\n-- migrate:down\nDROP TABLE a;\n";
    assert_snapshot!(told(both), @"
    error: migrations/003_create_orders.up.sql:3:1: the down section of dbmate begins here, and `up` would run it too [other-tool]
      |
    3 | -- migrate:down
      | ^
      help: move what follows into the .down.sql file, and remove this line
    ");
    let down = |text| {
        let files = [("001_a.up.sql", "CREATE TABLE a ();"), ("001_a.down.sql", text)];
        check(&files).map(|_| ()).map_err(|problems| problems.to_string())
    };
    assert_snapshot!(down(both).unwrap_err(), @"
    error: migrations/001_a.down.sql:1:1: the up section of dbmate begins here, and `down` would run it too [other-tool]
      |
    1 | -- migrate:up
      | ^
      help: move what follows into the .up.sql file, and remove this line
    ");
    assert_snapshot!(down("CREATE TABLE a ();\n-- +goose Down\nDROP TABLE a;").unwrap_err(), @"
    error: migrations/001_a.down.sql:2:1: the down section of goose begins here, and `down` would run what is above it too [other-tool]
      |
    2 | -- +goose Down
      | ^
      help: remove this line and everything above it
    ");
    assert_eq!(down("-- +goose Down\nDROP TABLE a;"), Ok(()));
    is_fine("-- +goose Up\nCREATE TABLE a (b int);\n");
    is_fine("CREATE TABLE a (b int);\n-- +goose Down\n-- Nothing.\n");
    is_fine("CREATE TABLE a (b int);\n-- migrate:down is in the other file\nDROP TABLE a;\n");
}

#[test]
fn a_bare_down_divides_what_takes_itself_back() {
    let both = "-- Up\nCREATE TABLE a (b int);\n\n-- Down\nDROP TABLE a;\n";
    assert_snapshot!(told(both), @"
    error: migrations/003_create_orders.up.sql:4:1: the down section of another tool begins here, and `up` would run it too [other-tool]
      |
    4 | -- Down
      | ^
      help: move what follows into the .down.sql file, and remove this line
    ");
    is_fine("-- Up\nCREATE TABLE ups (b int);\n-- Down\nCREATE TABLE downs (b int);\n");
}

#[test]
fn a_reserved_word_as_a_name() {
    assert_snapshot!(told("CREATE TABLE a (\n  id int,\n  user text\n);\n"), @r#"
    error: migrations/003_create_orders.up.sql:3:3: syntax error at or near "user" [syntax]
      |
    3 |   user text
      |   ^
      help: `user` is a reserved word: write "user" or another name
    "#);
}

#[test]
fn characters_that_look_like_others() {
    assert_snapshot!(told("SELECT 1;\n\u{feff}CREATE TABLE a ();\nCREATE\u{a0}TABLE b ();\n"), @r#"
    error: migrations/003_create_orders.up.sql:2:1: syntax error at or near "�CREATE" [syntax]
      |
    2 | �CREATE TABLE a ();
      | ^
      help: there is a byte order mark (U+FEFF) in this word: remove it
    error: migrations/003_create_orders.up.sql:3:1: syntax error at or near "CREATE TABLE" [syntax]
      |
    3 | CREATE TABLE b ();
      | ^
      help: there is a no-break space (U+00A0) in this word: replace it with a space
    "#);
}

#[test]
fn placeholders_that_nothing_fills_in() {
    assert_snapshot!(told("INSERT INTO a VALUES (:id);\nDROP TABLE {{ name }};\n"), @r#"
    error: migrations/003_create_orders.up.sql:1:23: syntax error at or near ":" [syntax]
      |
    1 | INSERT INTO a VALUES (:id);
      |                       ^
      help: `:id` is a placeholder, and nothing fills it in here: write the value
    error: migrations/003_create_orders.up.sql:2:12: syntax error at or near "{" [syntax]
      |
    2 | DROP TABLE {{ name }};
      |            ^
      help: `{{ name }}` belongs to a template, and nothing fills it in here: write what it stands for
    "#);
}

#[test]
fn twenty_thousand_errors_are_fifty() {
    let found = told(&"SELEC 1;\n".repeat(20_000));
    assert_eq!(found.matches("[syntax]").count(), 50);
    assert!(
        found.contains("50:1: syntax error at or near \"SELEC\" (and 19950 more in this file)")
    );
}

#[test]
fn a_script_can_go_without_the_syntax_check() {
    is_fine("-- lokstra: no-syntax-check\nSELEC 1;\n");
}

#[test]
fn what_the_server_refuses_behind_its_grammar() {
    assert_snapshot!(told("INSERT INTO a (b, c)\nVALUES (1, 2),\n  (3);\nDROP INDEX CONCURRENTLY a, b;\n"), @r#"
    error: migrations/003_create_orders.up.sql:2:1: VALUES lists must all be the same length [syntax]
      |
    2 | VALUES (1, 2),
      | ^
      help: if PostgreSQL accepts it as it is, make `-- lokstra: no-syntax-check` the first line
    error: migrations/003_create_orders.up.sql:4:1: PostgreSQL refuses this statement in a transaction, and this script runs in one [in-transaction]
      |
    4 | DROP INDEX CONCURRENTLY a, b;
      | ^
      help: make `-- lokstra: no-transaction` the first line; each statement then runs by itself
    error: migrations/003_create_orders.up.sql:4:1: DROP INDEX CONCURRENTLY does not support dropping multiple objects [syntax]
      |
    4 | DROP INDEX CONCURRENTLY a, b;
      | ^
      help: if PostgreSQL accepts it as it is, make `-- lokstra: no-syntax-check` the first line
    "#);
}

#[test]
fn an_error_in_the_body_of_a_routine() {
    let sql = "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\n  SELECT a FORM b;\n  SELECT 1 +\n$$;\n";
    assert_snapshot!(told(sql), @r#"
    error: migrations/003_create_orders.up.sql:2:12: syntax error at or near "FORM" [syntax]
      |
    2 |   SELECT a FORM b;
      |            ^
      help: did you mean FROM?
    error: migrations/003_create_orders.up.sql:3:13: syntax error at end of input [syntax]
      |
    3 |   SELECT 1 +
      |             ^
      help: is a value missing? if PostgreSQL accepts it as it is, make `-- lokstra: no-syntax-check` the first line
    "#);
}

#[test]
fn what_postgresql_accepts_is_accepted() {
    for sql in [
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;",
        "CREATE RULE r AS ON INSERT TO a DO ALSO (DELETE FROM b; DELETE FROM c);",
        "DO $$ BEGIN RAISE NOTICE 'x'; END $$;",
        "ALTER TABLE a ADD CONSTRAINT b CHECK (c > 0) NOT VALID;",
        "CREATE TABLE a (b int GENERATED ALWAYS AS IDENTITY, c text COLLATE \"C\") PARTITION BY RANGE (b);",
        "INSERT INTO a VALUES (1) ON CONFLICT (b) DO UPDATE SET c = EXCLUDED.c RETURNING *;",
        "MERGE INTO a USING b ON a.c = b.c WHEN MATCHED THEN UPDATE SET d = 1 WHEN NOT MATCHED THEN DO NOTHING;",
        "CREATE TRIGGER t BEFORE UPDATE OF a, b ON c FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION f();",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO app; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app;",
        "SET ROLE TO DEFAULT; ALTER STATISTICS IF EXISTS a SET STATISTICS 10;",
        "PREPARE p AS SELECT U&'d\\0061t' UESCAPE '!', B'01', X'1F', $1, $a$b$a$ FROM ONLY a TABLESAMPLE system (1);",
    ] {
        is_fine(sql);
    }
    is_fine(&format!("SELECT {}1{};", "(".repeat(900), ")".repeat(900)));
}

#[test]
fn what_the_grammar_does_not_know_is_let_through() {
    for sql in [
        "ALTER STATISTICS IF EXISTS a SET STATISTICS 0;",
        "ALTER USER MAPPING FOR USER SERVER a OPTIONS (SET b 'c');",
        "CREATE /* a */ TRUSTED LANGUAGE b HANDLER c;",
        "DROP EVENT TRIGGER a, b;",
        "SET ROLE TO DEFAULT;",
        "CREATE STATISTICS a ON b, c FROM d e;",
        "CREATE STATISTICS a ON b FROM (SELECT 1) c;",
    ] {
        is_fine(sql);
    }
    assert!(told("CREATE STATISTICS a ON b c FROM d;").contains("at or near \"c\""));
    assert!(told("CREATE STATISTICS a ON b FROM d\nDROP TABLE e;").contains("at or near \"DROP\""));
}
