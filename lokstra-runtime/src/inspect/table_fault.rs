//! Reads from the catalog whether a table can be a tracking table.

use lokstra_core::text::quote;
use lokstra_core::{DOWN_TABLE, Direction, PROGRESS_TABLE, TableName};

use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::model::run::step::PlanStep;
use crate::model::state::snapshot::Snapshot;
use crate::model::table::table_fault::TableFault;
use crate::model::table::tables;

/// For the snapshot: a line a fault, `code rest`; NULL where there is no table, or none of these.
///
/// PostgreSQL documentation: *51.7. `pg_attribute`*, *51.64. `pg_type`*.
pub(crate) fn snapshot_sql(table: &TableName) -> String {
    let class = |name: &str| {
        format!("CAST(pg_catalog.to_regclass({}) AS pg_catalog.oid)", quote::literal(name))
    };
    let quoted = |name: &str| quote::identifier(table.schema()) + "." + &quote::identifier(name);
    let history = class(&table.quoted());
    let columns = tables::history_categories();
    let (progress, down) = (class(&quoted(PROGRESS_TABLE)), class(&quoted(DOWN_TABLE)));
    format!(
        "pg_catalog.concat_ws(E'\\n', \
         (SELECT pg_catalog.string_agg(pg_catalog.concat(f.code, f.name), E'\\n') FROM (SELECT \
         CAST(a.attname AS pg_catalog.text) AS name, CASE WHEN w.name IS NULL THEN \
         CASE WHEN a.attnotnull AND NOT a.atthasdef AND CAST(a.attidentity AS pg_catalog.text) \
         OPERATOR(pg_catalog.=) '' THEN 'required ' END \
         WHEN (CAST(a.attgenerated AS pg_catalog.text) OPERATOR(pg_catalog.<>) '' \
         OR CAST(a.attidentity AS pg_catalog.text) OPERATOR(pg_catalog.=) 'a') THEN 'generated ' \
         WHEN CAST(t.typcategory AS pg_catalog.text) OPERATOR(pg_catalog.<>) w.category \
         THEN 'type ' \
         WHEN a.atttypid OPERATOR(pg_catalog.=) ANY (CAST('{{1042,1043}}' AS pg_catalog.oid[])) \
         AND a.atttypmod OPERATOR(pg_catalog.>) 4 \
         THEN pg_catalog.concat('limit ', a.atttypmod OPERATOR(pg_catalog.-) 4, ' ') END AS code \
         FROM pg_catalog.pg_attribute a \
         JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid \
         LEFT JOIN {columns} \
         ON w.name OPERATOR(pg_catalog.=) CAST(a.attname AS pg_catalog.text) \
         WHERE a.attrelid OPERATOR(pg_catalog.=) {history} \
         AND a.attnum OPERATOR(pg_catalog.>) CAST('0' AS pg_catalog.int2) \
         AND NOT a.attisdropped) f WHERE f.code IS NOT NULL), \
         (SELECT pg_catalog.concat('kind ', c.relkind) FROM pg_catalog.pg_class c \
         WHERE c.oid OPERATOR(pg_catalog.=) {history} AND CAST(c.relkind AS pg_catalog.text) \
         OPERATOR(pg_catalog.<>) ALL (ARRAY['r', 'p'])), \
         (SELECT pg_catalog.string_agg(pg_catalog.concat(CASE \
         WHEN CAST(c.relkind AS pg_catalog.text) OPERATOR(pg_catalog.=) 'f' THEN 'partition ' \
         ELSE 'unlogged ' END, \
         pg_catalog.quote_ident(CAST(n.nspname AS pg_catalog.text)), '.', \
         pg_catalog.quote_ident(CAST(c.relname AS pg_catalog.text))), E'\\n') \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
         ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
         WHERE (c.oid OPERATOR(pg_catalog.=) ANY (ARRAY[{history}, {progress}, {down}]) \
         AND CAST(c.relkind AS pg_catalog.text) OPERATOR(pg_catalog.<>) 'f' \
         OR c.oid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT i.inhrelid FROM pg_catalog.pg_inherits i \
         WHERE i.inhparent OPERATOR(pg_catalog.=) {history}))) \
         AND (CAST(c.relpersistence AS pg_catalog.text) OPERATOR(pg_catalog.=) 'u' \
         OR CAST(c.relkind AS pg_catalog.text) OPERATOR(pg_catalog.=) 'f')), \
         (SELECT 'key ' FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) {history} \
         AND CAST(c.relkind AS pg_catalog.text) OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p']) \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a \
         ON a.attrelid OPERATOR(pg_catalog.=) i.indrelid \
         AND a.attnum OPERATOR(pg_catalog.=) i.indkey[0] \
         WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid AND i.indisunique AND i.indisvalid \
         AND i.indnkeyatts OPERATOR(pg_catalog.=) CAST('1' AS pg_catalog.int2) \
         AND i.indpred IS NULL \
         AND CAST(a.attname AS pg_catalog.text) OPERATOR(pg_catalog.=) 'version'))) AS faults"
    )
}

/// Fails where the table of this snapshot cannot have the records of these steps.
#[inline(never)]
pub(crate) fn refuse(
    snapshot: &Snapshot,
    table: &TableName,
    steps: &[PlanStep<'_>],
) -> Result<(), Error> {
    let mut faults = snapshot.facts.faults.all.clone();
    let applied = steps.iter().filter(|step| step.direction == Direction::Up);
    let descriptions = applied.map(|step| step.migration.description().chars().count());
    let longest = descriptions.max().unwrap_or(0);
    for (column, limit) in &snapshot.facts.faults.limits {
        let length = match column.as_str() {
            "description" => longest,
            "applied_by" => snapshot.facts.session_user.chars().count(),
            _ => 64,
        };
        if length > *limit {
            faults.push(TableFault::TooShort { column: column.clone(), limit: *limit, length });
        }
    }
    refusal(faults, table)
}

/// The error with these faults; none where there are none.
pub(crate) fn refusal(faults: Vec<TableFault>, table: &TableName) -> Result<(), Error> {
    if faults.is_empty() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::UnfitTable { table: table.clone(), faults }))
}
