//! The INVALID index that a failed `CREATE INDEX CONCURRENTLY` leaves behind.
//!
//! PostgreSQL documentation: *CREATE INDEX, Building Indexes Concurrently*.

use postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use crate::error::is_lost;
use crate::history::text;
use crate::sql;

/// Each wait of a drop is short: whoever cancels does not want to wait, and a retry comes again.
const DROP_PATIENCE: &str = "SET lock_timeout='5s'";

/// Dropping too can be the victim of a deadlock.
const MOST_DROPS: usize = 3;

/// What a `CREATE INDEX CONCURRENTLY` is about to build.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Build {
    /// As the catalog has it; `None` where the server chooses one.
    name: Option<String>,
    /// As it is written.
    table: String,
}

impl Build {
    /// `CREATE [UNIQUE] INDEX CONCURRENTLY [[IF NOT EXISTS] name] ON [ONLY] table …`; anything else,
    /// or one with comments in between, is none.
    pub(crate) fn of(statement: &str) -> Option<Build> {
        let mut words = Words(statement).peekable();
        let mut takes =
            |word: &str| words.next_if(|next| next.eq_ignore_ascii_case(word)).is_some();
        if !takes("create") {
            return None;
        }
        takes("unique");
        if !(takes("index") && takes("concurrently")) {
            return None;
        }
        if takes("if") && !(takes("not") && takes("exists")) {
            return None;
        }
        let name = if takes("on") {
            None
        } else {
            let name = folded(words.next()?)?;
            words.next_if(|next| next.eq_ignore_ascii_case("on"))?;
            Some(name)
        };
        words.next_if(|next| next.eq_ignore_ascii_case("only"));
        Some(Build { name, table: words.next()?.to_owned() })
    }

    /// The INVALID indexes that are there: of this name, or of this table where none is given.
    ///
    /// Asked twice: a build that comes to its end withdraws its progress first and commits then, so
    /// that only what is INVALID *after* no progress was seen, with no change of it under way, is the
    /// left-over of a failure.
    pub(crate) fn invalid(&self, client: &mut Client) -> Result<Vec<Invalid>, postgres::Error> {
        let mut found = self.look(client)?;
        if !found.is_empty() {
            let again = self.look(client)?;
            found.retain(|index| again.contains(index));
        }
        Ok(found)
    }

    fn look(&self, client: &mut Client) -> Result<Vec<Invalid>, postgres::Error> {
        let answer = client.simple_query(&self.query())?;
        let rows = answer.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Invalid::new(row),
            _ => None,
        });
        Ok(rows.collect())
    }

    pub(crate) fn has_name(&self) -> bool {
        self.name.is_some()
    }

    /// Drops the INVALID index that was not there before, or names it if that does not succeed soon.
    pub(crate) fn drop_made(
        &self,
        client: &mut Client,
        before: &[Invalid],
    ) -> Result<Option<String>, postgres::Error> {
        let made = self.invalid(client)?.into_iter().find(|index| !before.contains(index));
        let Some(made) = made else { return Ok(None) };
        client.batch_execute(DROP_PATIENCE)?;
        for _ in 0..MOST_DROPS {
            match client.batch_execute(&made.drop()) {
                Ok(()) => return Ok(None),
                Err(error) if is_lost(&error) => return Err(error),
                Err(_) => {}
            }
        }
        Ok(Some(made.name))
    }

    /// The INVALID indexes of its table, as rows of an `oid`, a `name` and the qualified `index`. Not
    /// those that another session is building: they are INVALID too until they are done. A role that
    /// may not see what another session builds sees none.
    fn query(&self) -> String {
        let name = self.name.as_ref().map_or_else(String::new, |name| {
            format!(
                " AND c.relname OPERATOR(pg_catalog.=) CAST({} AS pg_catalog.name)",
                sql::literal(name)
            )
        });
        format!(
            "SELECT c.oid, c.relname AS name, \
             pg_catalog.format('%I.%I', n.nspname, c.relname) AS index \
             FROM pg_catalog.pg_index i \
             JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
             WHERE NOT i.indisvalid \
             AND i.xmax OPERATOR(pg_catalog.=) CAST('0' AS pg_catalog.xid) AND c.relkind OPERATOR(pg_catalog.=) 'i' \
             AND i.indrelid OPERATOR(pg_catalog.=) \
             CAST(pg_catalog.to_regclass({}) AS pg_catalog.oid){name} \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p \
             WHERE p.datname OPERATOR(pg_catalog.=) pg_catalog.current_database() \
             AND COALESCE(p.relid, i.indrelid) OPERATOR(pg_catalog.=) i.indrelid);",
            sql::literal(&self.table)
        )
    }
}

/// An index that was found INVALID.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    oid: String,
    name: String,
    /// With its schema, quoted.
    index: String,
}

impl Invalid {
    fn new(row: &SimpleQueryRow) -> Option<Invalid> {
        let owned = |column| text(row, column).map(str::to_owned);
        Some(Invalid { oid: owned("oid")?, name: owned("name")?, index: owned("index")? })
    }

    pub(crate) fn drop(&self) -> String {
        format!("DROP INDEX CONCURRENTLY {}", self.index)
    }
}

/// An identifier as the catalog has it: in lower case, or without its quotes.
fn folded(word: &str) -> Option<String> {
    match word.strip_prefix('"') {
        Some(rest) => Some(rest.strip_suffix('"')?.replace("\"\"", "\"")),
        None => Some(word.to_lowercase()),
    }
}

/// Identifiers, dots between them included, until something else comes.
struct Words<'s>(&'s str);

impl<'s> Iterator for Words<'s> {
    type Item = &'s str;

    fn next(&mut self) -> Option<&'s str> {
        let text = self.0.trim_start();
        let mut is_quoted = false;
        let is_end = |c: char| {
            is_quoted ^= c == '"';
            !(is_quoted || c.is_alphanumeric() || matches!(c, '"' | '.' | '_' | '$'))
        };
        let end = text.find(is_end).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(statement: &str) -> Option<(Option<String>, String)> {
        Build::of(statement).map(|build| (build.name, build.table))
    }

    #[test]
    fn name_and_table_are_read_as_postgresql_reads_them() {
        let found = |name: &str, table: &str| Some((Some(name.to_owned()), table.to_owned()));
        for (statement, expected) in [
            ("create index concurrently A on T (a)", found("a", "T")),
            (
                "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a\n ON ONLY s.t(a)",
                found("a", "s.t"),
            ),
            (
                r#"CREATE INDEX CONCURRENTLY "A ""b" ON "S"."t t" USING gin (a)"#,
                found(r#"A "b"#, r#""S"."t t""#),
            ),
            ("CREATE INDEX CONCURRENTLY ON t (a)", Some((None, "t".to_owned()))),
            ("CREATE INDEX a ON t (a)", None),
            ("CREATE INDEX CONCURRENTLY /* why */ a ON t (a)", None),
            ("REINDEX INDEX CONCURRENTLY a", None),
            ("DROP INDEX CONCURRENTLY a", None),
        ] {
            assert_eq!(build(statement), expected, "{statement}");
        }
    }
}
