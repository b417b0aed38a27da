//! The table that keeps down SQL, as this role finds it.

use std::fmt;

use lokstra_core::text::{quote, split_once};
use lokstra_core::{Migration, TableName, one_line};

use crate::model::run::warning::Warning;
use crate::model::state::snapshot::Facts;
use crate::model::table::tables::down_table;

/// A longer script is not stored, in bytes.
pub(crate) const LONGEST: usize = 1 << 20;

/// The table as the snapshot finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DownStore {
    /// There is none, and the first step makes it.
    Missing,
    /// It exists, and this role may write to it.
    Usable,
    /// It cannot be created or written, or it belongs to another role, whose triggers the run would
    /// execute.
    Refused(DownNotStored),
}

/// Why the database does not keep the down SQL of a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DownNotStored {
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
    MissingPrivileges {
        /// The role.
        role: String,
        /// The table, quoted for SQL.
        table: String,
    },
    /// The table belongs to a role that is neither this role nor a superuser.
    Foreign {
        /// The owner.
        owner: String,
        /// The table, quoted for SQL.
        table: String,
    },
}

impl fmt::Display for DownNotStored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let identifier = |name: &str| one_line(f, &quote::identifier(name));
        match self {
            DownNotStored::TooLong => f.write_str("it is longer than 1 MiB"),
            DownNotStored::Encoding => {
                f.write_str("the encoding of the database may lack some of its characters")
            }
            DownNotStored::NoTable { role, schema } => {
                let (name, schema) = (identifier(role), identifier(schema));
                let role = one_line(f, role);
                write!(
                    f,
                    "{role} may not create its table (GRANT CREATE ON SCHEMA {schema} TO {name};)"
                )
            }
            DownNotStored::MissingPrivileges { role, table } => {
                let (name, role, table) = (identifier(role), one_line(f, role), one_line(f, table));
                write!(
                    f,
                    "{role} may not write to {table} (GRANT SELECT, INSERT, UPDATE, DELETE ON {table} \
                     TO {name};)"
                )
            }
            DownNotStored::Foreign { owner, table } => {
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
        let (role, table) = (role.to_owned(), down_table(history));
        match found.and_then(|found| split_once(found, " ")) {
            None if may_create => DownStore::Missing,
            None => {
                let schema = history.schema().to_owned();
                DownStore::Refused(DownNotStored::NoTable { role, schema })
            }
            Some((_, owner)) if owner != role => {
                DownStore::Refused(DownNotStored::Foreign { owner: owner.to_owned(), table })
            }
            Some(("t", _)) => DownStore::Usable,
            Some(_) => DownStore::Refused(DownNotStored::MissingPrivileges { role, table }),
        }
    }
}

/// Adds to the warnings that the down SQL of a migration that was recorded is not stored, if so.
pub(crate) fn warn_down_not_stored(
    warnings: &mut Vec<Warning>,
    facts: &Facts,
    migration: Migration<'_>,
) {
    let Some(why) = facts.not_stored(migration.down()) else { return };
    for warning in &mut *warnings {
        if let Warning::DownNotStored { versions, reason } = warning
            && *reason == why
        {
            versions.push(migration.version());
            return;
        }
    }
    warnings.push(Warning::DownNotStored { versions: vec![migration.version()], reason: why });
}
