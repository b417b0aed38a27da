//! A statement that commits by itself and was running when a run was cut off: where its text says
//! what it makes or removes, the catalog shows whether it is done.

use std::iter::Peekable;

use lokstra_connect::client::Client;
use lokstra_connect::query::{holds, rows};
use lokstra_core::text::quote;
use lokstra_core::text::scan::{Words, is_routine};

/// What a statement leaves behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum IndexOperation {
    /// The index of this name on this table, written as in the statement.
    Index { name: String, table: String },
    /// An index of this table whose name the server chooses: done twice, it is there twice.
    NamelessIndex { table: String },
    /// No index of this name, written as in the statement.
    NoIndex { name: String },
    /// One or none, of a name that is not read here: `U&"…"`.
    Unread,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IndexState {
    Done,
    NotDone,
    /// The operator has to look.
    Unclear,
}

/// What became of a statement that was running when a run was cut off.
pub(crate) fn index_state(
    statement: &str,
    client: &mut Client,
) -> Result<IndexState, postgres::Error> {
    match IndexOperation::of(statement) {
        Some(operation) => operation.state(client),
        None if is_routine(statement) => Ok(IndexState::Unclear),
        // Whatever else commits by itself fails when it is done twice, or does no harm.
        None => Ok(IndexState::NotDone),
    }
}

impl IndexOperation {
    /// Of `CREATE INDEX CONCURRENTLY` and `DROP INDEX CONCURRENTLY`.
    pub(crate) fn of(statement: &str) -> Option<IndexOperation> {
        let mut words = Words(statement).peekable();
        let creates = match words.next()?.as_str() {
            "create" => true,
            "drop" => false,
            _ => return None,
        };
        words.next_if_eq("unique");
        if words.next()? != "index" || words.next()? != "concurrently" {
            return None;
        }
        if words.next_if_eq("if").is_some() {
            while words.next_if(|word| word == "not" || word == "exists").is_some() {}
        }
        let operation = if creates { made(&mut words) } else { dropped(&mut words) };
        Some(operation.unwrap_or(IndexOperation::Unread))
    }

    /// Whether it is there, as far as the catalog shows.
    pub(crate) fn state(&self, client: &mut Client) -> Result<IndexState, postgres::Error> {
        let query = match self {
            IndexOperation::Index { name, table } => find_index(name, table),
            IndexOperation::NoIndex { name } => find_no_index(name),
            IndexOperation::NamelessIndex { .. } | IndexOperation::Unread => {
                return Ok(IndexState::Unclear);
            }
        };
        let answer = client.simple_query(&query)?;
        let is_done = rows(&answer).any(|row| holds(row, "done"));
        Ok(if is_done { IndexState::Done } else { IndexState::NotDone })
    }

    /// The index that it drops, if `search_path` leads to another one of its name: once the first is
    /// gone, a run that was cut off would find the second.
    pub(crate) fn ambiguous(&self, client: &mut Client) -> Result<Option<&str>, postgres::Error> {
        let IndexOperation::NoIndex { name } = self else { return Ok(None) };
        if name.contains('.') {
            return Ok(None);
        }
        let answer = client.simple_query(&format!(
            "SELECT pg_catalog.count(*) OPERATOR(pg_catalog.>) CAST('1' AS pg_catalog.int8) AS several \
             FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
             WHERE c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['i', 'I']) \
             AND c.relname OPERATOR(pg_catalog.=) {} \
             AND n.nspname OPERATOR(pg_catalog.=) ANY (pg_catalog.current_schemas(true))",
            catalog_name(name)
        ))?;
        let several = rows(&answer).any(|row| holds(row, "several"));
        Ok(several.then_some(name))
    }
}

fn made(words: &mut Peekable<Words<'_>>) -> Option<IndexOperation> {
    if words.next_if_eq("on").is_some() {
        words.next_if_eq("only");
        return Some(IndexOperation::NamelessIndex { table: name(words)? });
    }
    let index = name(words)?;
    words.next_if_eq("on")?;
    words.next_if_eq("only");
    Some(IndexOperation::Index { name: index, table: name(words)? })
}

fn dropped(words: &mut Peekable<Words<'_>>) -> Option<IndexOperation> {
    Some(IndexOperation::NoIndex { name: name(words)? })
}

/// `"t"`, `s.t`, `s."t"`; `None` for `U&"t"`, which is another name than what stands there.
fn name(words: &mut Peekable<Words<'_>>) -> Option<String> {
    let mut name = part(words)?;
    while words.next_if_eq(".").is_some() {
        name = format!("{name}.{}", part(words)?);
    }
    Some(name)
}

fn part(words: &mut Peekable<Words<'_>>) -> Option<String> {
    let part = words.next()?;
    (part != "u" || words.peek().is_none_or(|next| next != "&")).then_some(part)
}

/// Finds an index by its name and table, and whether it is there in full.
fn find_index(name: &str, table: &str) -> String {
    format!(
        "SELECT i.indisvalid AS done FROM pg_catalog.pg_index i \
         JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid \
         WHERE i.indrelid OPERATOR(pg_catalog.=) \
         CAST(pg_catalog.to_regclass({}) AS pg_catalog.oid) AND c.relname OPERATOR(pg_catalog.=) {}",
        quote::literal(table),
        catalog_name(name)
    )
}

/// The first part of a name, cut as the server cuts what is too long.
fn catalog_name(name: &str) -> String {
    let name = quote::literal(name);
    format!("(CAST(pg_catalog.parse_ident({name}) AS pg_catalog.name[]))[1]")
}

/// Finds out whether there is nothing of this name.
fn find_no_index(name: &str) -> String {
    let name = quote::literal(name);
    format!("SELECT pg_catalog.to_regclass({name}) IS NULL AS done")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_statement() {
        let index = |name: &str, table: &str| {
            Some(IndexOperation::Index { name: name.to_owned(), table: table.to_owned() })
        };
        for (statement, operation) in [
            ("CREATE INDEX CONCURRENTLY a ON b (c)", index("a", "b")),
            ("create unique index concurrently if not exists A on S.B(c)", index("a", "s.b")),
            (
                "CREATE /* x */ INDEX CONCURRENTLY -- y\n \"A \"\"b\" ON ONLY \"S\".\"B\" (c)",
                index("\"A \"\"b\"", "\"S\".\"B\""),
            ),
            (
                "CREATE INDEX CONCURRENTLY ON b (c)",
                Some(IndexOperation::NamelessIndex { table: "b".to_owned() }),
            ),
            (
                "DROP INDEX CONCURRENTLY IF EXISTS s.a CASCADE",
                Some(IndexOperation::NoIndex { name: "s.a".to_owned() }),
            ),
            // Another index than what stands there.
            (r#"DROP INDEX CONCURRENTLY U&"\0061bc""#, Some(IndexOperation::Unread)),
            (r#"CREATE INDEX CONCURRENTLY a ON s.U&"\0061bc" (c)"#, Some(IndexOperation::Unread)),
            ("DROP INDEX CONCURRENTLY u", Some(IndexOperation::NoIndex { name: "u".to_owned() })),
            (
                "DROP INDEX -- x\r CONCURRENTLY\x0bu",
                Some(IndexOperation::NoIndex { name: "u".to_owned() }),
            ),
            // A letter to the server.
            ("CREATE INDEX CONCURRENTLY a€ ON b (c)", index("a€", "b")),
            ("CREATE /* a /* b */ c */ INDEX CONCURRENTLY a ON b (c)", index("a", "b")),
            ("CREATE /* open /* */ INDEX CONCURRENTLY a ON b (c)", None),
            ("CREATE INDEX a ON b (c)", None),
            ("REINDEX INDEX CONCURRENTLY a", None),
            ("VACUUM", None),
            ("", None),
        ] {
            assert_eq!(IndexOperation::of(statement), operation, "{statement}");
        }
    }
}
