//! What the catalog does not show: the rows of the tables.

use std::collections::BTreeMap;
use std::fmt::Write;

use lokstra_runtime::postgres::{Client, Error, SimpleQueryMessage, SimpleQueryRow};

/// How many rows a table has, and a checksum of them that knows no order, of rows or of columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) count: u64,
    checksum: String,
}

impl Rows {
    pub(crate) fn without_checksum(&self) -> Rows {
        Rows { count: self.count, checksum: String::new() }
    }
}

/// The tables that this role may read, and whether they may have rows.
pub(crate) const TABLES: &str = "SELECT c.oid, c.oid::regclass, pg_relation_size(c.oid) > 0
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND $user(n) AND has_table_privilege(c.oid, 'SELECT')";

/// Counts the rows of tables, with a statement for each that is planned once.
pub(crate) struct Counter {
    /// The name under which a table was prepared.
    prepared: BTreeMap<u32, String>,
}

impl Counter {
    pub(crate) fn new(client: &mut Client, tables: &str) -> Result<Counter, Error> {
        client.batch_execute(&format!("PREPARE lokstra_tables AS {tables}"))?;
        Ok(Counter { prepared: BTreeMap::new() })
    }

    /// The oid, the name and the rows of each table but ours.
    pub(crate) fn count(
        &mut self,
        client: &mut Client,
        is_ours: impl Fn(&str) -> bool,
    ) -> Result<Vec<(u32, String, Rows)>, Error> {
        let (mut tables, mut sql) = (BTreeMap::new(), String::new());
        for row in rows(client.simple_query("EXECUTE lokstra_tables")?) {
            let (Some(Ok(oid)), Some(name)) = (row.get(0).map(str::parse), row.get(1)) else {
                continue;
            };
            if is_ours(name) {
                continue;
            }
            tables.insert(oid, (name.to_owned(), Rows::default()));
            if row.get(2) == Some("t") {
                self.add(oid, name, &mut sql);
            }
        }
        for row in rows(client.simple_query(&sql)?) {
            let (Some(Ok(oid)), Some(Ok(count))) =
                (row.get(0).map(str::parse::<u32>), row.get(1).map(str::parse))
            else {
                continue;
            };
            let checksum = row.get(2).unwrap_or_default().to_owned();
            tables.entry(oid).and_modify(|(_, rows)| *rows = Rows { count, checksum });
        }
        Ok(tables.into_iter().map(|(oid, (name, rows))| (oid, name, rows)).collect())
    }

    fn add(&mut self, oid: u32, name: &str, sql: &mut String) {
        let known = self.prepared.insert(oid, name.to_owned());
        if known.as_deref() != Some(name) {
            if known.is_some() {
                writeln!(sql, "DEALLOCATE lokstra_rows_{oid};").ok();
            }
            // A name that no column has: an unqualified `t` would be the column before it is the row.
            writeln!(
                sql,
                "PREPARE lokstra_rows_{oid} AS SELECT {oid}, count(*), \
                 sum(hashtextextended(to_jsonb(\"the row\")::text, 0)) FROM ONLY {name} AS \"the row\";"
            )
            .ok();
        }
        writeln!(sql, "EXECUTE lokstra_rows_{oid};").ok();
    }
}

fn rows(messages: Vec<SimpleQueryMessage>) -> impl Iterator<Item = SimpleQueryRow> {
    messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    })
}
