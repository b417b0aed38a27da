//! PostgreSQL's own grammar: the automaton that bison makes of its gram.y.
//!
//! So a statement is refused here exactly where the parser of the server would refuse it, and none is
//! that the parser of any supported version takes. What the server checks behind its grammar is not
//! known here.
//!
//! The tables are those of PostgreSQL (see NOTICE beside them); the corpus test writes and compares them.

mod tables;
mod tokens;

use std::ops::Range;
use std::sync::LazyLock;

use tables::{Action, GRAMMARS, Grammar};
use tokens::Token;

use super::continued::masked;

/// The token at which no version of PostgreSQL can read a statement any further, or its end.
pub(crate) fn refusal(statement: &str) -> Option<Range<usize>> {
    unreadable(statement).or_else(|| limit_with_comma(statement))
}

/// `LIMIT 1, 2`, which the grammar reads in order to refuse it.
fn limit_with_comma(statement: &str) -> Option<Range<usize>> {
    // Most statements need not be read twice.
    let is_limit = |word: &[u8]| word.eq_ignore_ascii_case(b"limit");
    if !statement.as_bytes().windows(5).any(is_limit) {
        return None;
    }
    let statement = &*masked(statement);
    let tokens = tokens::tokens(statement);
    let found = tokens.windows(5).find(|window| {
        let text = |nth: usize| &statement[window[nth].start..window[nth].end];
        let is_number = |nth| text(nth).bytes().all(|byte| byte.is_ascii_digit());
        text(1).eq_ignore_ascii_case("limit")
            // Behind these the word is a name.
            && text(0) != "."
            && !text(0).eq_ignore_ascii_case("as")
            && is_number(2)
            && text(3) == ","
            && is_number(4)
    });
    found.map(|window| window[1].start..window[1].end)
}

fn unreadable(statement: &str) -> Option<Range<usize>> {
    // The lexer takes a byte order mark at the beginning for a space, and the server for a letter.
    if statement.starts_with('\u{feff}') {
        return Some(0..statement.find(char::is_whitespace).unwrap_or(statement.len()));
    }
    let statement = &*masked(statement);
    let tokens = tokens::tokens(statement);
    let mut furthest = 0;
    for grammar in &GRAMMARS {
        let grammar = LazyLock::force(grammar);
        let nth = parse(grammar, statement, &tokens)?;
        furthest = furthest.max(nth);
        if grammar.takes_junk && tokens.iter().any(|token| token.is_junk) {
            let spaced = spaced(statement);
            parse(grammar, &spaced, &tokens::tokens(&spaced))?;
        }
    }
    let end = statement.len()..statement.len();
    Some(tokens.get(furthest).map_or(end, |token| token.start..token.end))
}

/// With a space behind each number where there is none.
fn spaced(statement: &str) -> String {
    let mut spaced = statement.to_owned();
    while let Some(junk) = tokens::tokens(&spaced).iter().find(|token| token.is_junk) {
        spaced.insert(junk.start, ' ');
    }
    spaced
}

/// The first token that the grammar does not take; one more than there are is the end.
fn parse(grammar: &Grammar, text: &str, tokens: &[Token]) -> Option<usize> {
    let number = |nth: usize| match tokens.get(nth) {
        Some(token) => grammar.token(token.kind, &text.as_bytes()[token.start..token.end]),
        None => 0,
    };
    let mut states = vec![0];
    let mut next = number(0);
    for nth in 0..=tokens.len() {
        let mut token = next;
        next = number(nth + 1);
        token = grammar.before(token, next);
        loop {
            let state = states.last().copied().unwrap_or_default();
            match grammar.action(state, token) {
                Action::Shift(state) => {
                    states.push(state);
                    break;
                }
                Action::Reduce(rule) => {
                    states.truncate(states.len() - grammar.length(rule));
                    let state = states.last().copied().unwrap_or_default();
                    states.push(grammar.after(rule, state));
                }
                Action::Accept => return None,
                Action::Refuse => return Some(nth),
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn what_some_version_takes_is_not_refused() {
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
            "SELECT U&'d!0061' UESCAPE '!', 'a'\n'b', N'x', B'1', x'1f', 1_000, 0x1f, 1e5, .5, $1",
            "CREATE TABLE t (time int, a time without time zone)",
            "SELECT a NOT IN (1), b NOTNULL FROM t ORDER BY a NULLS FIRST",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END",
        ] {
            assert_eq!(refusal(sql), None, "{sql}");
        }
    }

    #[test]
    fn what_none_takes_is_refused_where_the_server_refuses_it() {
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
        ] {
            assert_eq!(refusal(sql).unwrap().start, at, "{sql}");
        }
    }
}
