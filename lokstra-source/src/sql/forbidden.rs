//! Statements that a migration must not contain, or not in a transaction.

use lokstra_grammar::masked;
use squawk_lexer::{TokenKind, tokenize};

use super::options::Options;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forbidden {
    /// It would end the transaction that ties the script to its record.
    TransactionControl,
    /// It reads from the client, which has nothing to send.
    CopyFromStdin,
    /// PostgreSQL refuses it in a transaction block.
    InTransaction,
    /// It runs a `COMMIT` or `ROLLBACK`, which PostgreSQL refuses in a transaction block.
    CommitsInRoutine,
    /// It must come before the first query of a transaction, and a run sends queries before the script.
    SetTransaction,
    /// A command of psql (`\\connect`, `\\restrict`), which the server does not understand.
    PsqlCommand,
}

/// The first words of all forbidden statements.
const OPENINGS: [&str; 19] = [
    "abort",
    "alter",
    "begin",
    "cluster",
    "commit",
    "copy",
    "create",
    "discard",
    "do",
    "drop",
    "end",
    "prepare",
    "reindex",
    "release",
    "rollback",
    "savepoint",
    "set",
    "start",
    "vacuum",
];

/// Finds out why a statement is forbidden, and the offset.
pub(crate) fn forbidden(statement: &str) -> Option<(Forbidden, usize)> {
    let statement = &*masked(statement);
    // In an unoptimised build, reading all tokens of a thousand scripts is noticeable.
    if statement.contains('\\')
        && let Some(at) = backslash(statement)
    {
        return Some((Forbidden::PsqlCommand, at));
    }
    let mut rest = words(statement);
    let mut words = vec![rest.next()?];
    if !OPENINGS.contains(&words[0].as_str()) {
        return None;
    }
    if words[0] == "do" {
        return super::routine::commits(statement).map(|at| (Forbidden::CommitsInRoutine, at));
    }
    words.extend(rest.by_ref().take(3));
    let is_subscription = words.get(1).is_some_and(|word| word == "subscription");
    if matches!(words[0].as_str(), "alter" | "copy" | "reindex" | "cluster" | "set")
        || is_subscription
    {
        words.extend(rest);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let refused = if controls_transaction(&words) {
        Forbidden::TransactionControl
    } else if reads_from_client(&words, statement) {
        Forbidden::CopyFromStdin
    } else if sets_transaction(&words, statement) {
        Forbidden::SetTransaction
    } else if refuses_transaction(&words, statement) {
        Forbidden::InTransaction
    } else {
        return None;
    };
    Some((refused, 0))
}

fn controls_transaction(words: &[&str]) -> bool {
    matches!(
        words,
        ["begin" | "commit" | "end" | "rollback" | "abort" | "savepoint" | "release", ..]
            | ["start" | "prepare", "transaction", ..]
    )
}

/// Whether it is `COPY … FROM STDIN`. PostgreSQL reads `FROM STDOUT` alike. A later `FROM`, or one in a
/// query, names something else.
fn reads_from_client(words: &[&str], statement: &str) -> bool {
    let from = words.iter().position(|word| *word == "from");
    let source = from.and_then(|from| words.get(from + 1));
    words.first() == Some(&"copy")
        && matches!(source, Some(&("stdin" | "stdout")))
        && significant(statement).nth(1).is_some_and(|(_, text, _)| text != "(")
}

/// Whether it calls `PreventInTransactionBlock` of PostgreSQL 13 to 18, as far as the text shows: what
/// depends on the database (`DROP SUBSCRIPTION` with a slot) is left to the server.
fn refuses_transaction(words: &[&str], statement: &str) -> bool {
    match words {
        ["vacuum", ..]
        | ["create" | "drop", "database" | "tablespace", ..]
        | ["alter", "system", ..]
        | ["discard", "all"]
        | ["create" | "drop", "index", "concurrently", ..]
        | ["create", "unique", "index", "concurrently", ..] => true,
        // Without a table, it clusters all of them.
        ["cluster", ..] => {
            let options = Options::behind(statement, 1);
            words.len() == 1 + options.words || words == ["cluster", "verbose"]
        }
        ["reindex", rest @ ..] => {
            let options = Options::behind(statement, 1);
            let kind = rest.get(options.words..).unwrap_or_default();
            matches!(kind, [_, "concurrently", ..] | ["schema" | "database" | "system", ..])
                || options.get("concurrently") == Some(true)
        }
        ["alter", "database", _, rest @ ..] => {
            matches!(rest, ["tablespace", _] | ["with", "tablespace", _])
                || has(rest, &["set", "tablespace"])
        }
        ["alter", "table", ..] => {
            has(words, &["detach", "partition"]) && has(words, &["concurrently"])
        }
        ["alter", "subscription", ..] => {
            has(words, &["refresh", "publication"])
                || has(words, &["set", "failover"]) && Options::last(statement).has("failover")
        }
        // It creates a slot unless the options say otherwise.
        ["create", "subscription", ..] => {
            let options = Options::last(statement);
            let is_off = |name| options.has(name) && options.get(name) != Some(true);
            !is_off("connect") && !is_off("create_slot")
        }
        _ => false,
    }
}

/// Whether it sets an isolation level, or another mode that must precede the first query, other than
/// that of the run's transactions.
fn sets_transaction(words: &[&str], statement: &str) -> bool {
    let (["set", "local" | "session", rest @ ..] | ["set", rest @ ..]) = words else {
        return false;
    };
    match rest {
        ["transaction", modes @ ..] => {
            let levels = [&["isolation", "level"][..], &["read", "committed"]].concat();
            has(modes, &["isolation", "level"]) && !has(modes, &levels)
                || modes.contains(&"deferrable")
                || modes.first() == Some(&"snapshot")
        }
        ["transaction_isolation", ..] => {
            let value = significant(statement).last();
            let level = value.map_or("", |(_, value, _)| value.trim_matches('\''));
            ["repeatable read", "serializable", "read uncommitted"]
                .iter()
                .any(|other| level.eq_ignore_ascii_case(other))
        }
        _ => false,
    }
}

fn has(words: &[&str], sequence: &[&str]) -> bool {
    words.windows(sequence.len()).any(|window| window == sequence)
}

/// The words that are neither quoted nor in a comment, in lower case.
pub(super) fn words(statement: &str) -> impl Iterator<Item = String> + '_ {
    tokens(statement)
        .filter(|(kind, ..)| *kind == TokenKind::Ident)
        .map(|(_, text, _)| text.to_ascii_lowercase())
}

/// The offset of a backslash outside of quotes, which no SQL has.
fn backslash(statement: &str) -> Option<usize> {
    tokens(statement).find_map(|(_, text, at)| text.starts_with('\\').then_some(at))
}

/// The tokens that are neither space nor comment, with their offsets.
pub(super) fn significant(text: &str) -> impl Iterator<Item = (TokenKind, &str, usize)> {
    tokens(text).filter(|(kind, ..)| {
        use TokenKind::{BlockComment, Eof, LineComment, Whitespace};
        !matches!(kind, Whitespace | LineComment | BlockComment { .. } | Eof)
    })
}

fn tokens(text: &str) -> impl Iterator<Item = (TokenKind, &str, usize)> {
    let mut end = 0;
    tokenize(text).map(move |token| {
        let start = end;
        end += token.len as usize;
        (token.kind, &text[start..end], start)
    })
}

#[cfg(test)]
mod tests {
    use super::{Forbidden, forbidden};

    fn kind(statement: &str) -> Option<Forbidden> {
        forbidden(statement).map(|(kind, _)| kind)
    }

    #[test]
    fn what_begins_or_ends_a_transaction_is_refused() {
        for statement in [
            "BEGIN",
            "begin isolation level serializable",
            "START /* a */ TRANSACTION",
            "COMMIT AND CHAIN",
            "END",
            "ROLLBACK TO SAVEPOINT a",
            "ABORT",
            "SAVEPOINT a",
            "RELEASE a",
            "PREPARE TRANSACTION 'a'",
        ] {
            assert_eq!(kind(statement), Some(Forbidden::TransactionControl), "{statement}");
        }
    }

    #[test]
    fn copy_is_refused_where_it_reads_from_the_client() {
        for statement in [
            "COPY a (b) FROM stdin WITH (FORMAT csv)",
            "COPY a FROM STDOUT",
            "COPY BINARY a FROM /* b */ stdout",
        ] {
            assert_eq!(kind(statement), Some(Forbidden::CopyFromStdin), "{statement}");
        }
        for statement in [
            "COPY a FROM '/data'",
            "COPY a FROM PROGRAM 'x'",
            "COPY a TO STDOUT",
            "COPY a TO STDIN",
            "COPY (SELECT b FROM stdout) TO '/data'",
            "COPY (SELECT b FROM stdin) TO STDOUT",
            "COPY a FROM '/data' WHERE b IS DISTINCT FROM stdin",
        ] {
            assert_eq!(kind(statement), None, "{statement}");
        }
    }

    #[test]
    fn what_postgresql_refuses_in_a_transaction_is_known() {
        for statement in [
            "VACUUM",
            "VACUUM (ANALYZE) a",
            "CREATE DATABASE a",
            "DROP DATABASE IF EXISTS a",
            "ALTER DATABASE a SET TABLESPACE b",
            "ALTER DATABASE a TABLESPACE b",
            "ALTER DATABASE \"a\" WITH TABLESPACE = b",
            "CREATE TABLESPACE a LOCATION '/x'",
            "DROP TABLESPACE a",
            "CREATE INDEX CONCURRENTLY a ON b (c)",
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a ON b (c)",
            "DROP INDEX CONCURRENTLY a",
            "REINDEX INDEX CONCURRENTLY a",
            "REINDEX (VERBOSE) TABLE CONCURRENTLY a",
            "REINDEX SCHEMA a",
            "REINDEX (VERBOSE true) DATABASE a",
            "REINDEX SYSTEM a",
            "CLUSTER",
            "CLUSTER VERBOSE",
            "ALTER TABLE a DETACH PARTITION b CONCURRENTLY",
            "ALTER SYSTEM SET work_mem = '1MB'",
            "DISCARD ALL",
            "CREATE SUBSCRIPTION a CONNECTION 'x' PUBLICATION b",
            "ALTER SUBSCRIPTION a REFRESH PUBLICATION",
            "ALTER SUBSCRIPTION a SET (failover = true)",
            "REINDEX (CONCURRENTLY) TABLE a",
            "REINDEX (VERBOSE, CONCURRENTLY true) INDEX a",
            "REINDEX ( verbose off, \"concurrently\" 'on' ) TABLE a",
            "REINDEX (TABLESPACE concurrently) TABLE CONCURRENTLY a",
            "REINDEX (CONCURRENTLY 0, CONCURRENTLY 1) TABLE a",
            "REINDEX (VERBOSE, CONCURRENTLY off) SCHEMA a",
            "CLUSTER (VERBOSE)",
            "CLUSTER (VERBOSE true)",
            "CREATE SUBSCRIPTION a CONNECTION 'x' PUBLICATION b WITH (connect = true, enabled)",
            "CREATE SUBSCRIPTION a CONNECTION 'x' PUBLICATION b WITH (create_slot)",
        ] {
            assert_eq!(kind(statement), Some(Forbidden::InTransaction), "{statement}");
        }
    }

    #[test]
    fn what_must_come_before_the_first_query_is_known() {
        for statement in [
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "SET LOCAL TRANSACTION READ WRITE, ISOLATION LEVEL REPEATABLE READ",
            "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED",
            "SET TRANSACTION NOT DEFERRABLE",
            "SET TRANSACTION SNAPSHOT '00000003-0000001B-1'",
            "SET transaction_isolation = 'serializable'",
            "SET LOCAL transaction_isolation TO 'Repeatable Read'",
        ] {
            assert_eq!(kind(statement), Some(Forbidden::SetTransaction), "{statement}");
        }
        for statement in [
            "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
            "SET TRANSACTION READ WRITE",
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "SET default_transaction_isolation = 'serializable'",
            "SET transaction_isolation = DEFAULT",
            "SET search_path = transaction",
        ] {
            assert_eq!(kind(statement), None, "{statement}");
        }
    }

    #[test]
    fn psql_commands_are_refused_where_they_begin() {
        assert_eq!(forbidden("\\connect app"), Some((Forbidden::PsqlCommand, 0)));
        assert_eq!(forbidden("SELECT 1 \\gexec"), Some((Forbidden::PsqlCommand, 9)));
        assert_eq!(forbidden("SELECT E'\\n', 'C:\\dir'"), None);
        assert_eq!(forbidden("SELECT E''\n'\\'\\n'"), None);
    }

    #[test]
    fn other_statements_are_let_alone() {
        for statement in [
            "PREPARE a AS SELECT 1",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END",
            "SELECT 'COMMIT'",
            "(SELECT 1)",
            "CREATE INDEX concurrently_used ON b (c)",
            "REFRESH MATERIALIZED VIEW CONCURRENTLY a",
            "REINDEX TABLE a",
            "REINDEX (TABLESPACE concurrently) TABLE a",
            "REINDEX (CONCURRENTLY false) TABLE a",
            "REINDEX (CONCURRENTLY, CONCURRENTLY 'off') TABLE a",
            "CLUSTER a USING b",
            "CLUSTER (VERBOSE) a",
            "CLUSTER VERBOSE a",
            "ALTER SUBSCRIPTION a SET (slot_name = failover)",
            "CREATE SUBSCRIPTION a CONNECTION 'x' PUBLICATION b WITH (create_slot = off)",
            "DISCARD TEMP",
            "ALTER DATABASE a SET work_mem = '1MB'",
            "ALTER TABLE a DETACH PARTITION b",
            "CREATE SUBSCRIPTION a CONNECTION 'x' PUBLICATION b WITH (connect = false)",
        ] {
            assert_eq!(kind(statement), None, "{statement}");
        }
    }
}
