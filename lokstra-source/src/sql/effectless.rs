//! Statements that act until the end of their transaction, which is at once in a no-transaction script.

use squawk_lexer::TokenKind;

use super::forbidden::{significant, words};

/// A statement of a no-transaction script that has no effect, or that the server refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effectless {
    /// As the message names it.
    pub(crate) what: &'static str,
    /// Whether the server refuses it; otherwise it has no effect.
    pub(crate) is_refused: bool,
    /// Says what to write instead.
    pub(crate) help: &'static str,
}

/// Finds a statement that certainly has no effect in a no-transaction script, or is refused there.
pub(crate) fn effectless(statement: &str) -> Option<Effectless> {
    let first = words(statement).next()?;
    if !matches!(first.as_str(), "set" | "select" | "declare" | "lock" | "create") {
        return None;
    }
    let words: Vec<String> = words(statement).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let has = |word: &str| words.contains(&word);
    let remove = "remove it: each statement of this script runs in a transaction of its own";
    let is_refused = matches!(words[0], "declare" | "lock");
    let (what, help) = match words[..] {
        ["set", "local", ..] => (
            "SET LOCAL",
            "write SET, which lasts until the end of this script: the run then restores the session",
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
            "remove it: each statement of this script acquires the locks that it needs",
        ),
        ["create", "temp" | "temporary", "table", ..]
        | ["create", "local" | "global", "temp" | "temporary", "table", ..]
            // The query behind AS still runs.
            if words.windows(3).any(|here| here == ["on", "commit", "drop"]) && !has("as") =>
        {
            ("a table with ON COMMIT DROP", "leave out ON COMMIT DROP: it drops the table at once")
        }
        ["select", ..] if sets_locally(statement) => (
            "set_config(…, true)",
            "write `false`, which lasts until the end of this script: the run then restores the session",
        ),
        _ => return None,
    };
    Some(Effectless { what, is_refused, help })
}

fn is_held(words: &[&str]) -> bool {
    let query = words.iter().position(|word| *word == "for").unwrap_or(words.len());
    words[..query].windows(2).any(|here| here == ["with", "hold"])
}

/// `SELECT set_config('a', 'b', true)`: nothing else in the statement can use the setting. A lock such
/// as `pg_advisory_xact_lock(1)` has an effect: it waits.
fn sets_locally(statement: &str) -> bool {
    let tokens: Vec<_> = significant(statement).collect();
    let schema = matches!(tokens.get(2), Some((TokenKind::Dot, ..)))
        && tokens[1].1.eq_ignore_ascii_case("pg_catalog");
    let name = if schema { 3 } else { 1 };
    let Some([(_, call, _), arguments @ ..]) = tokens.get(name..) else { return false };
    let opens = arguments.iter().filter(|(kind, ..)| *kind == TokenKind::OpenParen).count();
    let [(TokenKind::OpenParen, ..), .., comma, is_local, (TokenKind::CloseParen, ..)] = arguments
    else {
        return false;
    };
    call.eq_ignore_ascii_case("set_config")
        && opens == 1
        && comma.0 == TokenKind::Comma
        && is_local.1.eq_ignore_ascii_case("true")
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
            "SELECT pg_advisory_xact_lock(1)",
            "CREATE TEMP TABLE a ON COMMIT DROP AS SELECT f()",
        ] {
            assert_eq!(effectless(statement), None, "{statement}");
        }
    }
}
