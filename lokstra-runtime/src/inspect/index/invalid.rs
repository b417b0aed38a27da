//! The INVALID index that a failed `CREATE INDEX CONCURRENTLY` or `REINDEX … CONCURRENTLY` leaves
//! behind.
//!
//! PostgreSQL documentation: *CREATE INDEX, Building Indexes Concurrently*, *REINDEX, Rebuilding
//! Indexes Concurrently*.

use lokstra_connect::client::Client;
use lokstra_connect::query::{owned, rows};
use lokstra_core::text::quote;
use lokstra_core::text::scan::{is_reindex, unquoted};
use postgres::SimpleQueryRow;

use crate::inspect::index::concurrent::IndexOperation;

/// Not one that another session is building: it is INVALID too until it is done. A role that may not
/// see what another session builds sees none.
const LEFT_OVER: &str = " AND NOT i.indisvalid \
     AND i.xmax OPERATOR(pg_catalog.=) CAST('0' AS pg_catalog.xid) \
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p \
     WHERE p.datname OPERATOR(pg_catalog.=) pg_catalog.current_database() \
     AND COALESCE(p.relid, i.indrelid) OPERATOR(pg_catalog.=) i.indrelid)";

/// What a statement is about to build concurrently.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Build {
    Index {
        /// As the catalog has it; `None` where the server chooses one.
        name: Option<String>,
        /// As it is written.
        table: String,
    },
    /// New indexes beside those that are there, named `…_ccnew`.
    Again,
}

impl Build {
    /// `None` for anything else than a `CREATE INDEX CONCURRENTLY` and `REINDEX … CONCURRENTLY`.
    pub(crate) fn of(statement: &str) -> Option<Build> {
        if is_reindex(statement) {
            return Some(Build::Again);
        }
        match IndexOperation::of(statement)? {
            IndexOperation::Index { name, table } => {
                Some(Build::Index { name: Some(unquoted(&name)), table })
            }
            IndexOperation::NamelessIndex { table } => Some(Build::Index { name: None, table }),
            IndexOperation::NoIndex { .. } | IndexOperation::Unread => None,
        }
    }

    /// The INVALID indexes that are there: of this name, or of this table where none is given.
    ///
    /// Asked twice: a build that comes to its end withdraws its progress first and commits then, so
    /// that only what is INVALID *after* no progress was seen, with no change of it under way, is the
    /// left-over of a failure.
    pub(crate) fn invalid(&self, client: &mut Client) -> Result<Vec<Invalid>, postgres::Error> {
        let mut found = self.find(client, LEFT_OVER)?;
        if !found.is_empty() {
            let again = self.find(client, LEFT_OVER)?;
            found.retain(|index| again.contains(index));
        }
        Ok(found)
    }

    /// All that are there, also those that are whole or being built.
    pub(crate) fn existing(&self, client: &mut Client) -> Result<Vec<Invalid>, postgres::Error> {
        self.find(client, "")
    }

    fn find(&self, client: &mut Client, condition: &str) -> Result<Vec<Invalid>, postgres::Error> {
        let answer = client.simple_query(&self.query(condition))?;
        Ok(rows(&answer).filter_map(Invalid::new).collect())
    }

    pub(crate) fn has_name(&self) -> bool {
        matches!(self, Build::Index { name: Some(_), .. })
    }

    /// An INVALID index that was not there before.
    pub(crate) fn made(
        &self,
        client: &mut Client,
        before: &[Invalid],
    ) -> Result<Option<String>, postgres::Error> {
        let made = self.invalid(client)?.into_iter().find(|index| !before.contains(index));
        Ok(made.map(|index| index.name))
    }

    /// The indexes that are meant, as rows of an `oid`, a `name` and the qualified `index`.
    fn query(&self, condition: &str) -> String {
        let on_table = |table: &str| {
            format!(
                "i.indrelid OPERATOR(pg_catalog.=) CAST(pg_catalog.to_regclass({}) AS pg_catalog.oid)",
                quote::literal(table)
            )
        };
        let which = match self {
            Build::Index { name: None, table } => on_table(table),
            Build::Index { name: Some(name), table } => format!(
                "{} AND c.relname OPERATOR(pg_catalog.=) CAST({} AS pg_catalog.name)",
                on_table(table),
                quote::literal(name)
            ),
            Build::Again => "c.relname OPERATOR(pg_catalog.~) '_ccnew[0-9]*$'".to_owned(),
        };
        format!(
            "SELECT c.oid, c.relname AS name, \
             pg_catalog.format('%I.%I', n.nspname, c.relname) AS index \
             FROM pg_catalog.pg_index i \
             JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
             WHERE c.relkind OPERATOR(pg_catalog.=) 'i' AND {which}{condition};"
        )
    }
}

/// An index that was found INVALID.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    oid: String,
    pub(crate) name: String,
    /// With its schema, quoted.
    index: String,
}

impl Invalid {
    fn new(row: &SimpleQueryRow) -> Option<Invalid> {
        Some(Invalid {
            oid: owned(row, "oid")?,
            name: owned(row, "name")?,
            index: owned(row, "index")?,
        })
    }

    pub(crate) fn drop(&self) -> String {
        format!("DROP INDEX CONCURRENTLY {}", self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_as_the_catalog_has_it() {
        let build = Build::of(r#"CREATE INDEX CONCURRENTLY "A ""b" ON "S".t (a)"#).unwrap();
        let (name, table) = (Some(r#"A "b"#.to_owned()), r#""S".t"#.to_owned());
        assert_eq!(build, Build::Index { name, table });
        assert_eq!(Build::of("REINDEX (CONCURRENTLY) TABLE t"), Some(Build::Again));
        assert_eq!(Build::of("REINDEX TABLE t"), None);
        assert!(!Build::of("CREATE INDEX CONCURRENTLY ON t (a)").unwrap().has_name());
        assert_eq!(Build::of("DROP INDEX CONCURRENTLY a"), None);
    }
}
