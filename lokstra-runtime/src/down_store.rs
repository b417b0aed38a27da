//! The table beside the history that keeps the down SQL of what is applied, so that an older build
//! can take back what a newer one applied. Written in the transaction of the record;
//! [`stored_down`](crate::stored_down) reads it.

use std::fmt;

use lokstra_core::{DOWN_TABLE, Migration, Mode, Script, TableName, Version};

use crate::answer::{rows, text};
use crate::client::Client;
use crate::error::Error;
use crate::guard::{Guard, number};
use crate::history::{Encoding, Facts, Look};
use crate::plan::{Direction, PlanStep};
use crate::search::{join, split_once};
use crate::sql;
use crate::warning::Warning;

/// A longer script is not kept, in bytes.
pub(crate) const LONGEST: usize = 1 << 20;

/// The table as the look finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DownStore {
    /// There is none, and the first step makes it.
    Missing,
    /// It is there and ours to write.
    Usable,
    /// It cannot be made or written, or somebody made it whose triggers we would run.
    Refused(NotKept),
}

/// Why the database does not keep the down SQL of a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotKept {
    /// It is longer than 1 MiB.
    TooLong,
    /// It has characters that the encoding of the database may lack.
    Encoding,
    /// The role may not create tables in the schema.
    NoTable {
        /// The role.
        role: String,
        /// The schema.
        schema: String,
    },
    /// The role may not read and write the table.
    Denied {
        /// The role.
        role: String,
        /// The table, quoted for SQL.
        table: String,
    },
    /// The table belongs to somebody who is neither this role nor a superuser.
    Foreign {
        /// The owner.
        owner: String,
        /// The table, quoted for SQL.
        table: String,
    },
}

impl fmt::Display for NotKept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotKept::TooLong => f.write_str("it is longer than 1 MiB"),
            NotKept::Encoding => {
                f.write_str("the encoding of the database may lack some of its characters")
            }
            NotKept::NoTable { role, schema } => write!(
                f,
                "{role} may not create its table (GRANT CREATE ON SCHEMA {} TO {};)",
                sql::identifier(schema),
                sql::identifier(role)
            ),
            NotKept::Denied { role, table } => write!(
                f,
                "{role} may not write to {table} (GRANT SELECT, INSERT, UPDATE, DELETE ON {table} \
                 TO {};)",
                sql::identifier(role)
            ),
            NotKept::Foreign { owner, table } => {
                write!(f, "{table} belongs to {owner}, who is neither this role nor a superuser")
            }
        }
    }
}

/// One for all histories of a schema.
pub(crate) fn table(history: &TableName) -> String {
    format!("\"{}\".\"{DOWN_TABLE}\"", history.schema())
}

/// The columns of the look that [`DownStore::parse`] reads. They come from the catalog: the table
/// itself is not touched.
pub(crate) fn look_sql(history: &TableName) -> String {
    let table = sql::literal(&table(history));
    let schema = sql::literal(&sql::identifier(history.schema()));
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
const MAY_WRITE: &str = "pg_catalog.has_table_privilege(c.oid, 'SELECT') \
     AND pg_catalog.has_table_privilege(c.oid, 'INSERT') \
     AND pg_catalog.has_table_privilege(c.oid, 'UPDATE') \
     AND pg_catalog.has_table_privilege(c.oid, 'DELETE')";

/// Of the class `c` with the owner `o`.
pub(crate) const TRUSTED_OWNER: &str =
    "o.rolsuper OR o.rolname OPERATOR(pg_catalog.=) current_user";

/// Before something is kept: a table of somebody else will do if that is a superuser. Not a part of
/// the look, since `pg_roles` would be most of what a look costs the server.
pub(crate) fn settle(
    client: &mut Client,
    history: &TableName,
    look: &mut Look,
) -> Result<(), Error> {
    let DownStore::Refused(NotKept::Foreign { .. }) = look.facts.down_store else { return Ok(()) };
    let query = format!(
        "SELECT {MAY_WRITE} AS may_write, current_user AS role \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles o \
         ON o.oid OPERATOR(pg_catalog.=) c.relowner WHERE ({TRUSTED_OWNER}) \
         AND c.oid OPERATOR(pg_catalog.=) \
         CAST(pg_catalog.to_regclass({}) AS pg_catalog.oid)",
        sql::literal(&table(history))
    );
    for row in rows(&client.simple_query(&query).map_err(Error::query)?) {
        look.facts.down_store = if text(row, "may_write") == Some("t") {
            DownStore::Usable
        } else {
            let role = text(row, "role").unwrap_or_default().to_owned();
            DownStore::Refused(NotKept::Denied { role, table: table(history) })
        };
    }
    Ok(())
}

impl DownStore {
    pub(crate) fn parse(
        history: &TableName,
        role: &str,
        may_create: bool,
        found: Option<&str>,
    ) -> DownStore {
        let (role, table) = (role.to_owned(), table(history));
        match found.and_then(|found| split_once(found, " ")) {
            None if may_create => DownStore::Missing,
            None => {
                let schema = history.schema().to_owned();
                DownStore::Refused(NotKept::NoTable { role, schema })
            }
            Some((_, owner)) if owner != role => {
                DownStore::Refused(NotKept::Foreign { owner: owner.to_owned(), table })
            }
            Some(("t", _)) => DownStore::Usable,
            Some(_) => DownStore::Refused(NotKept::Denied { role, table }),
        }
    }
}

impl Facts {
    /// Why the down SQL of a migration that is applied now is not kept, if it is not.
    pub(crate) fn not_kept(&self, down: Script<'_>) -> Option<NotKept> {
        match &self.down_store {
            DownStore::Refused(reason) => Some(reason.clone()),
            _ if down.text().len() > LONGEST => Some(NotKept::TooLong),
            _ if self.encoding == Encoding::Other && !down.text().is_ascii() => {
                Some(NotKept::Encoding)
            }
            _ => None,
        }
    }
}

impl Guard<'_> {
    /// Makes the table where the look saw none.
    pub(crate) fn bootstrap_down(&self) -> String {
        if self.look.facts.down_store != DownStore::Missing {
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
    pub(crate) fn keep_down(&self, step: &PlanStep<'_>) -> String {
        match step.direction {
            Direction::Up => self.keep_downs(&[step.migration]),
            Direction::Down => self.drop_down(step.migration.version()),
        }
    }

    /// Keeps the down SQL of these, in one statement.
    pub(crate) fn keep_downs(&self, migrations: &[Migration<'_>]) -> String {
        if matches!(self.look.facts.down_store, DownStore::Refused(_)) {
            return String::new();
        }
        let rows: Vec<_> = migrations.iter().map(|migration| self.kept_row(*migration)).collect();
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

    fn kept_row(&self, migration: Migration<'_>) -> String {
        let down = migration.down();
        let (text, ranges) = match self.look.facts.not_kept(down) {
            None => (sql::literal(down.text()), down.statement_ranges().collect()),
            Some(_) => ("NULL".to_owned(), Vec::new()),
        };
        let offsets = ranges.iter().flat_map(|range| [range.start, range.end]);
        let offsets: Vec<_> = offsets.map(|offset| offset.to_string()).collect();
        format!(
            "({}, {}, {}, {}, '{}', CAST('{{{}}}' AS pg_catalog.int4[]), {text}, '{}', \
             pg_catalog.clock_timestamp())",
            sql::name(self.table),
            number(migration.version().get()),
            sql::literal(migration.description()),
            sql::literal(down.path()),
            mode_word(down.mode()),
            join(&offsets, ","),
            down.checksum(),
        )
    }

    /// Drops the kept down SQL of a version.
    pub(crate) fn drop_down(&self, version: Version) -> String {
        if matches!(self.look.facts.down_store, DownStore::Refused(_)) {
            return String::new();
        }
        format!(
            "DELETE FROM {} d WHERE d.history OPERATOR(pg_catalog.=) {} \
             AND d.version OPERATOR(pg_catalog.=) {};",
            table(self.table),
            sql::name(self.table),
            number(version.get())
        )
    }
}

/// Adds to the warnings that the down SQL of a migration that was recorded is not kept, if so.
pub(crate) fn note_not_kept(warnings: &mut Vec<Warning>, facts: &Facts, migration: Migration<'_>) {
    let Some(why) = facts.not_kept(migration.down()) else { return };
    for warning in &mut *warnings {
        if let Warning::DownNotKept { versions, reason } = warning
            && *reason == why
        {
            versions.push(migration.version());
            return;
        }
    }
    warnings.push(Warning::DownNotKept { versions: vec![migration.version()], reason: why });
}

pub(crate) fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Transactional => "transactional",
        Mode::NoTransaction => "no-transaction",
    }
}
