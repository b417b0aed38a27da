//! Whether a section of a file undoes the one above it.

use std::collections::HashSet;

use lokstra_grammar::split;
use squawk_lexer::TokenKind;

use super::forbidden::significant;

/// Words between a verb and the name of its object.
const KINDS: [&str; 26] = [
    "or",
    "replace",
    "if",
    "exists",
    "only",
    "from",
    "concurrently",
    "materialized",
    "foreign",
    "table",
    "view",
    "index",
    "type",
    "function",
    "procedure",
    "routine",
    "sequence",
    "schema",
    "extension",
    "trigger",
    "policy",
    "domain",
    "role",
    "unlogged",
    "unique",
    "aggregate",
];

/// Whether a statement behind this offset undoes one above it. An offset within a statement has nothing
/// above it.
pub(super) fn undoes_above(text: &str, at: usize) -> bool {
    let statements = split(text).statements;
    if statements.iter().any(|range| range.start < at && at < range.end) {
        return false;
    }
    let (above, behind): (Vec<_>, Vec<_>) = statements
        .into_iter()
        .map(|range| (range.end <= at, words(&text[range])))
        .partition(|it| it.0);
    let named: HashSet<&str> =
        above.iter().flat_map(|(_, words)| words).map(String::as_str).collect();
    behind.iter().any(|(_, words)| {
        undone_name(words, named.contains("drop")).is_some_and(|name| named.contains(name))
    })
}

/// The name of the object that a statement undoes, if it is of a kind that undoes.
fn undone_name(words: &[String], drops: bool) -> Option<&str> {
    let has = |word: &str| words.iter().any(|it| it == word);
    let undoes = match words.first()?.as_str() {
        "drop" | "delete" | "truncate" => true,
        "alter" => has("drop") || has("rename") || drops && has("add"),
        "create" => words.get(2).is_some_and(|word| word == "replace"),
        _ => false,
    };
    let name = words[1..].iter().position(|word| !KINDS.contains(&word.as_str()))? + 1;
    let mut name = name;
    while words.get(name + 1).is_some_and(|word| word == ".") {
        name += 2;
    }
    undoes.then(|| words.get(name).map(String::as_str))?
}

/// The names and words of a statement, and the dots between them.
fn words(statement: &str) -> Vec<String> {
    let words = significant(statement).filter_map(|(kind, text, _)| match kind {
        TokenKind::Ident => Some(text.to_lowercase()),
        TokenKind::QuotedIdent { .. } => Some(text.trim_matches('"').to_owned()),
        TokenKind::Dot => Some(text.to_owned()),
        _ => None,
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::undoes_above;

    fn is_undone(above: &str, behind: &str) -> bool {
        undoes_above(&format!("{above};\n--\n{behind};\n"), above.len() + 2)
    }

    #[test]
    fn what_names_the_same_and_removes_it_takes_it_back() {
        for (above, behind) in [
            ("CREATE TABLE s.a (b int)", "DROP TABLE IF EXISTS s.a"),
            ("CREATE INDEX CONCURRENTLY \"I\" ON a (b)", "DROP INDEX CONCURRENTLY \"I\""),
            ("INSERT INTO a VALUES (1)", "DELETE FROM ONLY a"),
            ("ALTER TABLE a ADD COLUMN b int", "ALTER TABLE a DROP b"),
            ("ALTER TABLE a DROP COLUMN b", "ALTER TABLE IF EXISTS a ADD b int"),
            ("ALTER TABLE a RENAME TO b", "ALTER TABLE b RENAME TO a"),
            ("CREATE OR REPLACE VIEW v AS SELECT 2", "CREATE OR REPLACE VIEW v AS SELECT 1"),
        ] {
            assert!(is_undone(above, behind), "{above}; {behind}");
        }
    }

    #[test]
    fn what_is_about_something_else_takes_nothing_back() {
        for (above, behind) in [
            ("CREATE TABLE ups (b int)", "CREATE TABLE downs (b int)"),
            ("ALTER TABLE a ADD COLUMN up int", "ALTER TABLE a ADD COLUMN down int"),
            ("ALTER TABLE ups DROP COLUMN b", "ALTER TABLE downs DROP COLUMN b"),
            ("INSERT INTO a VALUES ('up')", "INSERT INTO a VALUES ('down')"),
            ("UPDATE a SET b = 1", "UPDATE a SET b = 2"),
        ] {
            assert!(!is_undone(above, behind), "{above}; {behind}");
        }
        assert!(!undoes_above("CREATE TABLE a (\n-- down\nb int); DROP TABLE a", 18));
    }
}
