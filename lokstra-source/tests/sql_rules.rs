//! SQL that PostgreSQL could not parse, or not run where it stands.

mod folder;

use folder::{check, problems};
use insta::assert_snapshot;

/// What a user reads if the up file of a migration has this text.
fn told(sql: &str) -> String {
    problems(&[("003_create_orders.up.sql", sql), ("003_create_orders.down.sql", "SELECT 1;")])
}

fn is_fine(sql: &str) {
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
      help: if PostgreSQL takes it as it is, make `-- lokstra: no-syntax-check` the first line
    "#);
}

#[test]
fn a_missing_comma() {
    assert_snapshot!(told("CREATE TABLE orders (\n  id bigint\n  total numeric(12, 2)\n);\n"), @r#"
    error: migrations/003_create_orders.up.sql:3:3: syntax error at or near "total" [syntax]
      |
    3 |   total numeric(12, 2)
      |   ^
      help: is `,` before it missing? if PostgreSQL takes it as it is, make `-- lokstra: no-syntax-check` the first line
    "#);
}

#[test]
fn a_missing_comma_between_texts() {
    assert_snapshot!(told("SELECT 1 WHERE 'a' IN ('b', 'c' /* d */ 'e');\n"), @r#"
    error: migrations/003_create_orders.up.sql:1:41: syntax error at or near "'e'" [syntax]
      |
    1 | SELECT 1 WHERE 'a' IN ('b', 'c' /* d */ 'e');
      |                                         ^
      help: is `,` before it missing? if PostgreSQL takes it as it is, make `-- lokstra: no-syntax-check` the first line
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
      help: is `;` before it missing? if PostgreSQL takes it as it is, make `-- lokstra: no-syntax-check` the first line
    "#);
}

#[test]
fn a_comma_too_many() {
    assert_snapshot!(told("CREATE TABLE orders (\n  id bigint,\n);\n"), @r#"
    error: migrations/003_create_orders.up.sql:2:12: syntax error at or near "," [syntax]
      |
    2 |   id bigint,
      |            ^
      help: if PostgreSQL takes it as it is, make `-- lokstra: no-syntax-check` the first line
    "#);
}

#[test]
fn two_statements_with_an_error_each() {
    assert_snapshot!(told("SELEC 1;\nSELECT 2;\nDROP TABEL a;\n"), @r#"
    error: migrations/003_create_orders.up.sql:1:1: syntax error at or near "SELEC" [syntax]
      |
    1 | SELEC 1;
      | ^
      help: if PostgreSQL takes it as it is, make `-- lokstra: no-syntax-check` the first line
    error: migrations/003_create_orders.up.sql:3:6: syntax error at or near "TABEL" [syntax]
      |
    3 | DROP TABEL a;
      |      ^
      help: if PostgreSQL takes it as it is, make `-- lokstra: no-syntax-check` the first line
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
    error: migrations/003_create_orders.up.sql:1:1: this is a command of psql, which the server does not know [psql-command]
      |
    1 | \restrict abc
      | ^
      help: remove it, or write it in SQL
    error: migrations/003_create_orders.up.sql:3:1: this is a command of psql, which the server does not know [psql-command]
      |
    3 | \connect app
      | ^
      help: remove it, or write it in SQL
    "#);
}

#[test]
fn a_value_of_a_type_in_the_transaction_that_adds_it() {
    let sql = "ALTER TYPE mood ADD VALUE 'ok';\nUPDATE people SET mood = 'ok';\n";
    assert_snapshot!(told(sql), @"
    error: migrations/003_create_orders.up.sql:2:26: 'ok' is added to a type above, and cannot be used in the same transaction [enum-value]
      |
    2 | UPDATE people SET mood = 'ok';
      |                          ^
      help: put ALTER TYPE … ADD VALUE into a migration of its own, before this one
    ");
    is_fine("ALTER TYPE mood ADD VALUE 'ok';\nUPDATE people SET mood = 'sad';\n");
    is_fine(&format!("-- lokstra: no-transaction\n{sql}"));
}

#[test]
fn a_script_can_go_without_the_syntax_check() {
    is_fine("-- lokstra: no-syntax-check\nSELEC 1;\n");
}

#[test]
fn what_postgresql_takes_is_taken() {
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
        "SELECT U&'d\\0061t' UESCAPE '!', B'01', X'1F', $1, $a$b$a$ FROM ONLY a TABLESAMPLE system (1);",
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
    ] {
        is_fine(sql);
    }
    assert!(told("CREATE STATISTICS a ON b c FROM d;").contains("at or near \"c\""));
}
