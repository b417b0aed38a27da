//! What the remedies say.

use super::*;
use lokstra_grammar::refusal;

fn remedy(statement: &str) -> (String, Option<String>) {
    let refusal = refusal(statement).unwrap_or_else(|| panic!("accepted: {statement}"));
    let at = refusal.at;
    let found = match refusal.message {
        Some(message) => {
            of_fault(statement, &at, message).map(|remedy| Found { at: at.clone(), remedy })
        }
        None => find(statement, &at),
    };
    let place = found.as_ref().map_or(at, |found| found.at.clone());
    let remedy = found.map(|found| match found.remedy {
        Remedy::Certain(help) => help,
        Remedy::Missing(what) => format!("is {what}?"),
    });
    (statement[place].to_owned(), remedy)
}

#[test]
fn what_would_make_it_right_is_said_where_it_stands() {
    for (statement, at, expected) in [
        (
            "CREATE TABLE a (b int, user text)",
            "user",
            "`user` is a reserved word: write \"user\" or another name",
        ),
        (
            "CREATE TABLE a (USER text, order int)",
            "USER",
            "`user` is a reserved word: write \"user\" or another name",
        ),
        (
            "ALTER TABLE t RENAME COLUMN a TO order",
            "order",
            "`order` is a reserved word: write \"order\" or another name",
        ),
        (
            "ALTER TABLE t DROP COLUMN end",
            "end",
            "`end` is a reserved word: write \"end\" or another name",
        ),
        ("CREATE TABLE a (b int,)", ",", "remove this `,`: nothing follows it"),
        ("SELECT a, FROM b", ",", "remove this `,`: nothing follows it"),
        ("CREATE TABLE `a` (b int)", "`", "quote names with \" and not with `"),
        (
            "INSERT INTO t VALUES (:a, :b)",
            ":",
            "`:a` is a placeholder, and nothing fills it in here: write the value",
        ),
        (
            "INSERT INTO t VALUES (%s, %s)",
            "%",
            "`%s` is a placeholder, and nothing fills it in here: write the value",
        ),
        (
            "INSERT INTO t VALUES (%(name)s)",
            "%",
            "`%(name)s` is a placeholder, and nothing fills it in here: write the value",
        ),
        (
            "INSERT INTO t VALUES (?, ?)",
            ",",
            "`?` is a placeholder, and nothing fills it in here: write the value",
        ),
        (
            "CREATE TABLE {{ name }} (a int)",
            "{",
            "`{{ name }}` belongs to a template, and nothing fills it in here: write what it stands for",
        ),
        (
            "CREATE TABLE ${name} (a int)",
            "$",
            "`${name}` belongs to a template, and nothing fills it in here: write what it stands for",
        ),
        (
            "CREATE INDEX i ON t (data->>'x')",
            "->>",
            "put the expression of the index into parentheses: (data->>'x')",
        ),
        (
            "CREATE INDEX i ON t (a::date)",
            "::",
            "put the expression of the index into parentheses: (a::date)",
        ),
        ("SELECT a FROM b ORDER a", "a", "is `BY` missing?"),
        ("UPDATE t SET a == 1", "==", "write `=`"),
        ("INSERT INTO a VALUES (\"b c\")", "\"b c\"", "if `\"b c\"` is text, write 'b c'"),
        ("INSERT INTO a VALUES (‘b’)", "‘b’", "if `‘b’` is text, write 'b'"),
        ("CREATE TABLE a (b text DEFAULT d)", "d", "if `d` is text, write 'd'"),
        ("SELECT a FROM b LIMIT 1, 2", "LIMIT", "write LIMIT 2 OFFSET 1"),
        ("CREATE TABLE TABLE a ()", "TABLE", "`TABLE` appears twice: remove one"),
        ("SELECT f(1 2)", "2", "is `,` missing before it?"),
        ("CREATE INDEX a ON b c", "c", "is `(` missing?"),
        ("CREATE TABLE a (b int", "", "is `)` missing?"),
        ("UPDATE a SET b 1", "1", "is `=` missing?"),
        ("INSERT a VALUES (1)", "a", "is `INTO` missing?"),
        ("SELECT 1\nDROP TABLE a", "DROP", "is `;` missing before it?"),
        (
            "CREATE VIEW v AS SELECT * FROM t LEFT JOIN u WHERE t.a = 1",
            "WHERE",
            "is `ON …` missing before it?",
        ),
        (
            "CREATE\u{a0}TABLE w (a text)",
            "CREATE\u{a0}TABLE",
            "there is a no-break space (U+00A0) in this word: replace it with a space",
        ),
        (
            "\u{feff}CREATE TABLE w (a text)",
            "\u{feff}CREATE",
            "there is a byte order mark (U+FEFF) in this word: remove it",
        ),
    ] {
        let (place, help) = remedy(statement);
        assert_eq!((place.as_str(), help.as_deref()), (at, Some(expected)), "{statement}");
    }
}

#[test]
fn what_is_misspelt_or_left_out_is_named() {
    for (statement, at, expected) in [
        ("CREATE TABEL a (b int)", "TABEL", "did you mean TABLE?"),
        ("SELEC 1", "SELEC", "did you mean SELECT?"),
        ("SELECT * FORM t", "FORM", "did you mean FROM?"),
        ("ALTER TABLE t ADD COLUM a int", "COLUM", "did you mean COLUMN?"),
        ("SELECT a FROM t ORDER YB a", "YB", "did you mean BY?"),
        ("SELECT a FORM t", "FORM", "did you mean FROM?"),
        ("DROP TABLE IF EXIST a", "EXIST", "did you mean EXISTS?"),
        ("CREATE TABLE a (b int NOT NUL, c user)", "NUL", "did you mean NULL?"),
        ("SELECT 1\nGO\nSELECT 2", "GO", "`GO` separates statements in SQL Server: write `;`"),
        (
            "CREATE TABLE a (b int)\ngo\n",
            "go",
            "`GO` separates statements in SQL Server: write `;`",
        ),
        ("LOCK TABLE t EXCLUSIVE", "EXCLUSIVE", "write IN EXCLUSIVE MODE"),
        ("CREATE TABLE a (b, c int)", ",", "is a type missing before it?"),
        ("ALTER TABLE a ADD COLUMN b", "", "is a type missing?"),
        ("CREATE TABLE (a int)", "(", "is a name missing before it?"),
        ("SELECT * FROM WHERE a = 1", "WHERE", "is a name missing before it?"),
        ("ALTER TABLE t DROP COLUMN", "", "is a name missing?"),
        ("UPDATE a SET b =", "", "is a value missing?"),
        (
            "INSERT INTO order (user, desc) VALUES (1, 2)",
            "order",
            "`order` is a reserved word: write \"order\" or another name",
        ),
        (
            "CREATE TABLE user (a int, order int REFERENCES table (end))",
            "user",
            "`user` is a reserved word: write \"user\" or another name",
        ),
    ] {
        let (place, help) = remedy(statement);
        assert_eq!((place.as_str(), help.as_deref()), (at, Some(expected)), "{statement}");
    }
}

#[test]
fn a_word_of_a_join_is_not_to_be_quoted() {
    for statement in [
        "SELECT * FROM a OUTER JOIN b ON true",
        "SELECT * FROM a OUTER JOIN order ON true",
        "SELECT * FROM a OUTER LEFT JOIN b ON true",
        "SELECT * FROM a CROSS JOIN USING (b)",
        "SELECT * FROM LEFT JOIN b ON true",
        "SELECT * FROM NATURAL JOIN b",
        "SELECT * FROM a, b USING (c)",
        "SELECT * FROM a ON",
    ] {
        assert_eq!(remedy(statement).1, None, "{statement}");
    }
    for (statement, word) in [
        ("CREATE TABLE a (outer int)", "outer"),
        ("INSERT INTO a (b, left) VALUES (1, 2)", "left"),
        ("CREATE TABLE on (a int)", "on"),
        ("ALTER TABLE a ADD COLUMN natural int", "natural"),
        ("UPDATE a SET right = 1", "right"),
    ] {
        let expected = format!("`{word}` is a reserved word: write \"{word}\" or another name");
        assert_eq!(remedy(statement).1, Some(expected), "{statement}");
    }
}

#[test]
fn what_cannot_be_known_is_left_open() {
    for statement in ["RENAME a TO b, c", "CREATE a b c"] {
        assert_eq!(remedy(statement).1, None, "{statement}");
    }
}
