//! The table that keeps down SQL, as this role finds it.

use std::fmt;

use lokstra_core::text::{quote, split_once};
use lokstra_core::{Migration, TableName, one_line};

use crate::model::run::warning::Warning;
use crate::model::state::snapshot::Facts;
use crate::model::table::tables::table;

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
        let identifier = |name: &str| one_line(f, &quote::identifier(name));
        match self {
            NotKept::TooLong => f.write_str("it is longer than 1 MiB"),
            NotKept::Encoding => {
                f.write_str("the encoding of the database may lack some of its characters")
            }
            NotKept::NoTable { role, schema } => {
                let (name, schema) = (identifier(role), identifier(schema));
                let role = one_line(f, role);
                write!(
                    f,
                    "{role} may not create its table (GRANT CREATE ON SCHEMA {schema} TO {name};)"
                )
            }
            NotKept::Denied { role, table } => {
                let (name, role, table) = (identifier(role), one_line(f, role), one_line(f, table));
                write!(
                    f,
                    "{role} may not write to {table} (GRANT SELECT, INSERT, UPDATE, DELETE ON {table} \
                     TO {name};)"
                )
            }
            NotKept::Foreign { owner, table } => {
                let (owner, table) = (one_line(f, owner), one_line(f, table));
                write!(f, "{table} belongs to {owner}, who is neither this role nor a superuser")
            }
        }
    }
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
