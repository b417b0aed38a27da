//! Statements that act until the end of their transaction: in a no-transaction script, that is at once.

use squawk_lexer::TokenKind;

use super::refused::{significant, words};

/// What of a no-transaction script has no effect, as the message names it, and what to write instead.
pub(crate) fn effectless(statement: &str) -> Option<(&'static str, &'static str)> {
    let first = words(statement).next()?;
    if !matches!(first.as_str(), "set" | "select" | "declare" | "lock" | "create") {
        return None;
    }
    let words: Vec<String> = words(statement).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let has = |word: &str| words.contains(&word);
    let remove = "remove it: each statement of this script runs in a transaction of its own";
    Some(match words[..] {
        ["set", "local", ..] => (
            "SET LOCAL",
            "write SET, which holds until the end of this script: the run restores the session after it",
        ),
        ["set", "transaction", ..] | ["set", "session", "transaction", ..] => {
            ("SET TRANSACTION", remove)
        }
        [
            "set",
            "transaction_isolation" | "transaction_read_only" | "transaction_deferrable",
            ..,
        ] => ("setting the mode of a transaction", remove),
        ["set", "constraints", ..] => ("SET CONSTRAINTS", remove),
        ["declare", ..] if has("cursor") && !is_held(&words) => {
            ("a cursor without WITH HOLD", "write WITH HOLD, or remove it")
        }
        ["lock", ..] => (
            "LOCK TABLE",
            "remove it: the lock is released before the next statement, which takes its own",
        ),
        ["create", "temp" | "temporary", "table", ..]
        | ["create", "local" | "global", "temp" | "temporary", "table", ..]
            if words.windows(3).any(|here| here == ["on", "commit", "drop"]) =>
        {
            ("a table with ON COMMIT DROP", "leave ON COMMIT DROP out: the table is gone at once")
        }
        ["select", ..] => return only_call(statement),
        _ => return None,
    })
}

fn is_held(words: &[&str]) -> bool {
    let query = words.iter().position(|word| *word == "for").unwrap_or(words.len());
    words[..query].windows(2).any(|here| here == ["with", "hold"])
}

/// `SELECT set_config('a', 'b', true)` and `SELECT pg_advisory_xact_lock(1)`: nothing else in the
/// statement can make use of them.
fn only_call(statement: &str) -> Option<(&'static str, &'static str)> {
    let tokens: Vec<_> = significant(statement).collect();
    let schema = matches!(tokens.get(2), Some((TokenKind::Dot, ..)))
        && tokens[1].1.eq_ignore_ascii_case("pg_catalog");
    let name = if schema { 3 } else { 1 };
    let call = tokens.get(name)?.1.to_ascii_lowercase();
    let arguments = tokens.get(name + 1..)?;
    let (first, last) = (arguments.first()?.0, arguments.last()?.0);
    let opens = arguments.iter().filter(|(kind, ..)| *kind == TokenKind::OpenParen).count();
    if first != TokenKind::OpenParen || last != TokenKind::CloseParen || opens > 1 {
        return None;
    }
    let is_local = arguments
        .get(arguments.len().checked_sub(3)?..)
        .is_some_and(|end| end[0].0 == TokenKind::Comma && end[1].1.eq_ignore_ascii_case("true"));
    match call.as_str() {
        "set_config" if is_local => Some((
            "set_config(…, true)",
            "write `false`, which holds until the end of this script: the run restores the session after it",
        )),
        "pg_advisory_xact_lock" | "pg_advisory_xact_lock_shared" => Some((
            "a lock until the end of the transaction",
            "remove it: the lock is released before the next statement",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::effectless;

    #[test]
    fn what_ends_with_its_transaction_has_no_effect() {
        for statement in [
            "SET LOCAL search_path = app",
            "set /* a */ local role b",
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "SET SESSION TRANSACTION READ ONLY",
            "SET transaction_read_only = on",
            "SET CONSTRAINTS ALL DEFERRED",
            "DECLARE c CURSOR FOR SELECT 1",
            "DECLARE c BINARY CURSOR WITHOUT HOLD FOR SELECT 1",
            "LOCK TABLE a IN SHARE MODE",
            "LOCK a",
            "CREATE TEMP TABLE a (b int) ON COMMIT DROP",
            "SELECT set_config('search_path', 'app', true)",
            "SELECT pg_catalog.set_config('a.b', 'c', TRUE)",
            "SELECT pg_advisory_xact_lock(1)",
        ] {
            assert!(effectless(statement).is_some(), "{statement}");
        }
    }

    #[test]
    fn what_outlives_its_transaction_has_one() {
        for statement in [
            "SET search_path = app",
            "SET SESSION search_path = local",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            "SET SESSION AUTHORIZATION a",
            "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
            "CREATE TEMP TABLE a (b int)",
            "CREATE TEMP TABLE a (b int) ON COMMIT DELETE ROWS",
            "CREATE TABLE a (\"on\" int)",
            "SELECT set_config('search_path', 'app', false)",
            "SELECT f(set_config('search_path', 'app', true))",
            "SELECT set_config('search_path', 'app', true), f()",
            "SELECT set_config('a', 'b', true) FROM c WHERE d()",
            "SELECT pg_advisory_lock(1)",
        ] {
            assert_eq!(effectless(statement), None, "{statement}");
        }
    }
}
