//! The SQL that keeps down scripts beside the history, in the transaction of the record.

use lokstra_core::text::{join, quote};
use lokstra_core::{Direction, Migration, Mode, TableName, Version};

use crate::model::run::step::PlanStep;
use crate::model::table::down_store::DownStore;
use crate::model::table::tables::{self, table};
use crate::sql::guard::{Guard, number};

/// The columns of the snapshot that [`DownStore::parse`] reads. They come from the catalog: the table
/// itself is not touched.
pub(crate) fn snapshot_sql(history: &TableName) -> String {
    let table = quote::literal(&table(history));
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

impl Guard<'_> {
    /// Makes the table where the snapshot saw none.
    pub(crate) fn bootstrap_down(&self) -> String {
        if self.snapshot.facts.down_store != DownStore::Missing {
            return String::new();
        }
        let table = table(self.table);
        format!(
            "CREATE TABLE IF NOT EXISTS {table} (history pg_catalog.text NOT NULL, \
             version pg_catalog.int8 NOT NULL, description pg_catalog.text NOT NULL, \
             path pg_catalog.text NOT NULL, mode pg_catalog.text NOT NULL, \
             statements pg_catalog.int4[] NOT NULL, sql pg_catalog.text, \
             checksum pg_catalog.text NOT NULL, kept_at pg_catalog.timestamptz NOT NULL, \
             PRIMARY KEY (history, version));\
             REVOKE ALL ON {table} FROM PUBLIC;"
        )
    }

    /// Keeps the down SQL of what this step applies, or drops what it rolls back.
    pub(crate) fn store_down(&self, step: &PlanStep<'_>) -> String {
        match step.direction {
            Direction::Up => self.store_downs(&[step.migration]),
            Direction::Down => self.drop_down(step.migration.version()),
        }
    }

    /// Keeps the down SQL of these, in one statement.
    pub(crate) fn store_downs(&self, migrations: &[Migration<'_>]) -> String {
        if matches!(self.snapshot.facts.down_store, DownStore::Refused(_)) {
            return String::new();
        }
        let rows: Vec<_> = migrations.iter().map(|migration| self.stored_row(*migration)).collect();
        format!(
            "INSERT INTO {} AS d (history, version, description, path, mode, statements, sql, \
             checksum, kept_at) VALUES {} \
             ON CONFLICT (history, version) DO UPDATE SET description = EXCLUDED.description, \
             path = EXCLUDED.path, mode = EXCLUDED.mode, statements = EXCLUDED.statements, \
             sql = EXCLUDED.sql, checksum = EXCLUDED.checksum, kept_at = EXCLUDED.kept_at;",
            table(self.table),
            join(&rows, ", ")
        )
    }

    fn stored_row(&self, migration: Migration<'_>) -> String {
        let down = migration.down();
        let (text, ranges) = match self.snapshot.facts.not_stored(down) {
            None => (quote::literal(down.text()), down.statement_ranges().collect()),
            Some(_) => ("NULL".to_owned(), Vec::new()),
        };
        let offsets = ranges.iter().flat_map(|range| [range.start, range.end]);
        let offsets: Vec<_> = offsets.map(|offset| offset.to_string()).collect();
        format!(
            "({}, {}, {}, {}, '{}', CAST('{{{}}}' AS pg_catalog.int4[]), {text}, '{}', \
             pg_catalog.clock_timestamp())",
            tables::name(self.table),
            number(migration.version().get()),
            quote::literal(migration.description()),
            quote::literal(down.path()),
            mode_word(down.mode()),
            join(&offsets, ","),
            down.checksum(),
        )
    }

    /// Drops the kept down SQL of a version.
    pub(crate) fn drop_down(&self, version: Version) -> String {
        if matches!(self.snapshot.facts.down_store, DownStore::Refused(_)) {
            return String::new();
        }
        format!(
            "DELETE FROM {} d WHERE d.history OPERATOR(pg_catalog.=) {} \
             AND d.version OPERATOR(pg_catalog.=) {};",
            table(self.table),
            tables::name(self.table),
            number(version.get())
        )
    }
}

pub(crate) fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Transactional => "transactional",
        Mode::NoTransaction => "no-transaction",
    }
}
