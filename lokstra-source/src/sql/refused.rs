//! Statements that cannot stand in a migration, whatever its mode.

use squawk_lexer::{TokenKind, tokenize};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It would end our transaction and with it the link between script and record.
    TransactionControl,
    /// It reads from the client, which has nothing to send.
    CopyFromStdin,
}

pub(crate) fn refused(statement: &str) -> Option<Refused> {
    let mut words = words(statement);
    let (first, second) = (words.next()?, words.next());
    match first.as_str() {
        "begin" | "commit" | "end" | "rollback" | "abort" | "savepoint" | "release" => {
            Some(Refused::TransactionControl)
        }
        "start" | "prepare" if second.as_deref() == Some("transaction") => {
            Some(Refused::TransactionControl)
        }
        "copy" => {
            let rest: Vec<_> = second.into_iter().chain(words).collect();
            let reads_client = rest.windows(2).any(|pair| pair[0] == "from" && pair[1] == "stdin");
            reads_client.then_some(Refused::CopyFromStdin)
        }
        _ => None,
    }
}

/// The words that are neither quoted nor in a comment, in lower case.
fn words(statement: &str) -> impl Iterator<Item = String> + '_ {
    let mut end = 0;
    tokenize(statement).filter_map(move |token| {
        let start = end;
        end += token.len as usize;
        (token.kind == TokenKind::Ident).then(|| statement[start..end].to_ascii_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::{Refused, refused};

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
            assert_eq!(refused(statement), Some(Refused::TransactionControl), "{statement}");
        }
    }

    #[test]
    fn copy_is_refused_where_it_reads_from_the_client() {
        assert_eq!(
            refused("COPY a (b) FROM stdin WITH (FORMAT csv)"),
            Some(Refused::CopyFromStdin)
        );
        for statement in ["COPY a FROM '/data'", "COPY a FROM PROGRAM 'x'", "COPY a TO STDOUT"] {
            assert_eq!(refused(statement), None, "{statement}");
        }
    }

    #[test]
    fn other_statements_are_let_alone() {
        for statement in [
            "PREPARE a AS SELECT 1",
            "DO $$ BEGIN COMMIT; END $$",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END",
            "SELECT 'COMMIT'",
            "(SELECT 1)",
        ] {
            assert_eq!(refused(statement), None, "{statement}");
        }
    }
}
