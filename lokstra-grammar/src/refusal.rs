//! Why no version of PostgreSQL accepts a statement.
//!
//! A statement is refused exactly where the parser of the server would refuse it, and none is refused
//! that the parser of any supported version accepts. What the server refuses behind its grammar, whatever
//! is in the database, is in `checks`.

use std::ops::Range;
use std::sync::LazyLock;

use crate::checks::{Fault, SYMBOLS, fault};
use crate::parser::{Parsed, parse};
use crate::string_continuation::masked;
use crate::tables::GRAMMARS;
use crate::tokens::{self, Token};
use crate::tree::Tree;

/// Why no version of PostgreSQL takes a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The token at which none can read it any further, or its end, or what is wrong there.
    pub at: Range<usize>,
    /// As PostgreSQL words it, if the grammar takes it.
    pub message: Option<&'static str>,
}

/// Lists the keywords of the newest version.
pub fn keywords() -> impl Iterator<Item = &'static str> {
    GRAMMARS[0].words()
}

/// Returns where every version's grammar rejects a statement.
pub fn syntax_error_at(statement: &str) -> Option<Range<usize>> {
    refusal(statement).filter(|refusal| refusal.message.is_none()).map(|refusal| refusal.at)
}

/// Returns why every version rejects a statement, or `None` if one accepts it.
pub fn refusal(statement: &str) -> Option<Refusal> {
    // The lexer takes a byte order mark at the beginning for a space, and the server for a letter.
    if statement.starts_with('\u{feff}') {
        let at = 0..statement.find(char::is_whitespace).unwrap_or(statement.len());
        return Some(Refusal { at, message: None });
    }
    let statement = &*masked(statement);
    let tokens = tokens::tokens(statement);
    let has_junk = tokens.iter().any(|token| token.is_junk);
    let end = statement.len()..statement.len();
    let place = |nth: usize| tokens.get(nth).map_or(end.clone(), |token| token.start..token.end);
    let (mut furthest, mut fault) = (0, None);
    for (version, grammar) in GRAMMARS.iter().enumerate() {
        match wrong(version, statement, &tokens)? {
            Wrong::Token(nth) => furthest = furthest.max(nth),
            Wrong::Fault(found) => fault = fault.or(Some(found)),
        }
        if has_junk && LazyLock::force(grammar).takes_junk {
            let spaced = spaced(statement);
            wrong(version, &spaced, &tokens::tokens(&spaced))?;
        }
    }
    Some(match fault {
        Some(fault) => Refusal { at: place(fault.token), message: Some(fault.message) },
        None => Refusal { at: place(furthest), message: None },
    })
}

/// With a space behind each number where there is none.
fn spaced(statement: &str) -> String {
    let mut spaced = statement.to_owned();
    while let Some(junk) = tokens::tokens(&spaced).iter().find(|token| token.is_junk) {
        spaced.insert(junk.start, ' ');
    }
    spaced
}

/// What is wrong with a statement.
enum Wrong {
    /// The first token that the grammar does not take; one more than there are is the end.
    Token(usize),
    Fault(Fault),
}

fn wrong(version: usize, text: &str, tokens: &[Token]) -> Option<Wrong> {
    match parse(&GRAMMARS[version], SYMBOLS.noted(version), text, tokens) {
        Parsed::Refused(nth) => Some(Wrong::Token(nth)),
        Parsed::Accepted(nodes) => fault(&Tree { text, tokens, nodes: &nodes }).map(Wrong::Fault),
    }
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn what_some_version_accepts_is_not_refused() {
        for sql in [
            "",
            "SELECT 1",
            "SELECT a.b[1:2] OPERATOR(pg_catalog.+) -1 =- 2::int, f(x := 3)",
            "DO LANGUAGE 'plpgsql' $$ BEGIN END $$",
            "SELECT 123abc",
            "SELECT (SELECT a.limit, 1, 2 FROM a LIMIT 1), 2 AS limit, 3",
            "SELECT 5 !",
            "SELECT a & .5NULL",
            "SELECT 0x1f$1a, 1_000$b, 0x1f$$",
            "SELECT 0x1fNOT, 1.5U&\"b\", 1_000WITH",
            "ALTER DOMAIN a ADD EXCLUDE (b WITH =) WHERE (c IS NOT JSON)",
            "SELECT U&'\\00'\n'61', U&' \\' uescape '!', E'\\u00e4'\n'\\zz'",
            "SELECT U&'d!0061' UESCAPE '!', 'a'\n'b', N'x', B'1', x'1f', 1_000, 0x1f, 1e5, .5",
            "PREPARE a AS SELECT $1",
            "CREATE TABLE t (time int, a time without time zone)",
            "SELECT a NOT IN (1), b NOTNULL FROM t ORDER BY a NULLS FIRST",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END",
        ] {
            assert_eq!(refusal(sql), None, "{sql}");
        }
    }

    #[test]
    fn what_none_accepts_is_refused_where_the_server_refuses_it() {
        for (sql, at) in [
            ("CREATE TABEL a ()", 7),
            ("CREATE TABLE a (user int)", 16),
            ("SELECT 1 +", 10),
            ("SELECT 'a' 'b'", 11),
            ("SELECT a b c", 11),
            ("INSERT INTO a VALUES (:x)", 22),
            ("SELECT {a}", 7),
            ("SELECT 1 LIMIT 1, 2", 9),
            ("SELECT (SELECT a FROM b limit 1 , 2)", 24),
            ("INSERT INTO a VALUES (b)", 22),
            ("INSERT INTO a (b) VALUES ('c'), (\"d\")", 33),
            ("INSERT INTO a (b, c) VALUES (lower(b), 1) RETURNING b", 35),
        ] {
            assert_eq!(refusal(sql).unwrap().at.start, at, "{sql}");
        }
    }

    #[test]
    fn what_is_refused_behind_the_grammar_is_refused() {
        for sql in include_str!("../data/refused.sql").lines() {
            assert!(refusal(sql).is_some(), "{sql}");
        }
    }

    #[test]
    fn what_nearly_breaks_a_rule_is_not_refused() {
        for sql in include_str!("../data/taken.sql").lines() {
            assert_eq!(refusal(sql), None, "{sql}");
        }
    }
}
