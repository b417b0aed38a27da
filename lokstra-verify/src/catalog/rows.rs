//! What the catalog does not tell: the rows of the tables.

use std::collections::BTreeMap;

use lokstra_runtime::postgres::{Client, Error, SimpleQueryMessage};

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

/// The tables that this role may read, and whether they may have rows: after the folder `catalog`, in the
/// same message.
pub(crate) const TABLES: &str = "SELECT c.oid::regclass, pg_relation_size(c.oid) > 0
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND $user(n) AND has_table_privilege(c.oid, 'SELECT')";

/// Counts the rows of these tables.
pub(crate) fn read(
    client: &mut Client,
    tables: &[String],
) -> Result<BTreeMap<String, Rows>, Error> {
    let counts = tables.iter().enumerate().map(|(nth, table)| {
        // A name that no column has: an unqualified `t` would be the column before it is the row.
        format!(
            "SELECT {nth}, count(*), sum(hashtextextended(to_jsonb(\"the row\")::text, 0)) \
             FROM ONLY {table} AS \"the row\""
        )
    });
    let counts = counts.collect::<Vec<_>>().join("\nUNION ALL\n");
    if counts.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = client.simple_query(&counts)?.into_iter().filter_map(|message| {
        let SimpleQueryMessage::Row(row) = message else { return None };
        let table = tables.get(row.get(0)?.parse::<usize>().ok()?)?;
        let count = row.get(1)?.parse().ok()?;
        let checksum = row.get(2).unwrap_or_default().to_owned();
        Some((table.clone(), Rows { count, checksum }))
    });
    Ok(rows.collect())
}
