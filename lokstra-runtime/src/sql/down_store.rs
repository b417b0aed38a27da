//! The SQL that stores down scripts beside the history, in the transaction of the record.

use lokstra_core::text::{join, quote};
use lokstra_core::{Direction, Migration, Mode, TableName, Version};

use crate::model::run::step::PlanStep;
use crate::model::table::down_store::DownStore;
use crate::model::table::tables::{self, DOWN_COLUMNS, DOWN_UPDATE, down_table};
use crate::sql::guard::{Guard, number};

/// The columns of the snapshot that [`DownStore::parse`] reads. They come from the catalog: the table
/// itself is not touched.
pub(crate) fn snapshot_sql(history: &TableName) -> String {
    let table = quote::literal(&down_table(history));
    let schema = quote::literal(&quote::identifier(history.schema()));
    format!(
        "current_user AS current_role, \
         pg_catalog.has_schema_privilege(CAST(pg_catalog.to_regnamespace({schema}) \
         AS pg_catalog.oid), CAST('CREATE' AS pg_catalog.text)) AS may_create, \
         (SELECT pg_catalog.concat({MAY_WRITE}, ' ', pg_catalog.pg_get_userbyid(c.relowner)) \
         FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) \
         CAST(pg_catalog.to_regclass({table}) AS pg_catalog.oid)) AS down_store"
    )
}

/// `t` if this role may do to the class `c` what keeping takes.
pub(crate) const MAY_WRITE: &str = "pg_catalog.has_table_privilege(c.oid, 'SELECT') \
     AND pg_catalog.has_table_privilege(c.oid, 'INSERT') \
     AND pg_catalog.has_table_privilege(c.oid, 'UPDATE') \
     AND pg_catalog.has_table_privilege(c.oid, 'DELETE')";

/// Of the class `c` with the owner `o`.
pub(crate) const TRUSTED_OWNER: &str =
    "o.rolsuper OR o.rolname OPERATOR(pg_catalog.=) current_user";

/// Makes the table where the snapshot saw none.
pub(crate) fn bootstrap(guard: &Guard<'_>) -> String {
    match guard.snapshot.facts.down_store {
        DownStore::Missing => tables::create_down(guard.table),
        _ => String::new(),
    }
}

/// Stores the down SQL of what this step applies, or drops what it rolls back.
pub(crate) fn store(guard: &Guard<'_>, step: &PlanStep<'_>) -> String {
    match step.direction {
        Direction::Up => store_all(guard, &[step.migration]),
        Direction::Down => drop(guard, step.migration.version()),
    }
}

/// Stores the down SQL of these, in one statement.
pub(crate) fn store_all(guard: &Guard<'_>, migrations: &[Migration<'_>]) -> String {
    if matches!(guard.snapshot.facts.down_store, DownStore::Refused(_)) {
        return String::new();
    }
    let rows: Vec<_> = migrations.iter().map(|migration| row(guard, *migration)).collect();
    format!(
        "INSERT INTO {} AS d ({DOWN_COLUMNS}) VALUES {} {DOWN_UPDATE};",
        down_table(guard.table),
        join(&rows, ", ")
    )
}

fn row(guard: &Guard<'_>, migration: Migration<'_>) -> String {
    let down = migration.down();
    let (text, ranges) = match guard.snapshot.facts.not_stored(down) {
        None => (quote::literal(down.text()), down.statement_ranges().collect()),
        Some(_) => ("NULL".to_owned(), Vec::new()),
    };
    let offsets = ranges.iter().flat_map(|range| [range.start, range.end]);
    let offsets: Vec<_> = offsets.map(|offset| offset.to_string()).collect();
    format!(
        "({}, {}, {}, {}, '{}', CAST('{{{}}}' AS pg_catalog.int4[]), {text}, '{}', \
         pg_catalog.clock_timestamp())",
        tables::name(guard.table),
        number(migration.version().get()),
        quote::literal(migration.description()),
        quote::literal(down.path()),
        mode_word(down.mode()),
        join(&offsets, ","),
        down.checksum(),
    )
}

/// Drops the stored down SQL of a version.
pub(crate) fn drop(guard: &Guard<'_>, version: Version) -> String {
    if matches!(guard.snapshot.facts.down_store, DownStore::Refused(_)) {
        return String::new();
    }
    format!(
        "DELETE FROM {} d WHERE d.history OPERATOR(pg_catalog.=) {} \
         AND d.version OPERATOR(pg_catalog.=) {};",
        down_table(guard.table),
        tables::name(guard.table),
        number(version.get())
    )
}

pub(crate) fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Transactional => "transactional",
        Mode::NoTransaction => "no-transaction",
    }
}
