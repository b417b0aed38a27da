//! Why down SQL that the database keeps is not run.

use std::fmt;

use lokstra_core::{TableName, one_line};

use crate::model::table::tables;

/// Why the database has no down SQL for a migration that could be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoStoredDown {
    /// It was not kept, or another program applied the migration.
    Missing,
    /// The text was not kept: it is too long, or the encoding of the database lacks a character.
    NoText,
    /// It is not the text that was applied: the history has another checksum.
    Changed,
}

impl fmt::Display for NoStoredDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoStoredDown::Missing => "the database keeps no down SQL of it",
            NoStoredDown::NoText => "its down SQL was too long to be kept, or not in the encoding",
            NoStoredDown::Changed => {
                "the down SQL that the database keeps has not the checksum of the history"
            }
        })
    }
}

/// One reason for which somebody else could have written the kept down SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Untrusted {
    /// The table belongs to somebody who is neither this role nor a superuser.
    Owner(String),
    /// These, quoted for SQL, may change the table or put a trigger on it.
    Grantees(String),
    /// These, quoted for SQL, may change every table.
    WriteAllData(String),
    /// The table has these triggers.
    Triggers(String),
    /// The table has these rules.
    Rules(String),
    /// It is a view, or something else that is no plain table.
    NoTable,
}

impl Untrusted {
    /// What mends it.
    fn help(&self, table: &str) -> String {
        match self {
            Untrusted::Owner(_) => format!("ALTER TABLE {table} OWNER TO CURRENT_USER;"),
            Untrusted::Grantees(names) => {
                format!("look at what it holds, and REVOKE ALL ON {table} FROM {names} CASCADE;")
            }
            Untrusted::WriteAllData(names) => {
                format!("look at what it holds, and REVOKE pg_write_all_data FROM {names};")
            }
            Untrusted::Triggers(_) => {
                format!("look at what they do, and DROP TRIGGER … ON {table};")
            }
            Untrusted::Rules(_) => format!("look at what they do, and DROP RULE … ON {table};"),
            Untrusted::NoTable => "find out who made it, and drop it".to_owned(),
        }
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Untrusted::Owner(names)
        | Untrusted::Grantees(names)
        | Untrusted::WriteAllData(names)
        | Untrusted::Triggers(names)
        | Untrusted::Rules(names)) = self
        else {
            return f.write_str("it is no plain table");
        };
        let names = one_line(f, names);
        match self {
            Untrusted::Owner(_) | Untrusted::NoTable => {
                write!(f, "it belongs to {names}, who is neither this role nor a superuser")
            }
            Untrusted::Grantees(_) => write!(f, "{names} may change it, or put a trigger on it"),
            Untrusted::WriteAllData(_) => write!(f, "{names} may change every table"),
            Untrusted::Triggers(_) => write!(f, "it has triggers: {names}"),
            Untrusted::Rules(_) => write!(f, "it has rules: {names}"),
        }
    }
}

/// The reasons as a list.
pub(crate) struct UntrustedTable<'a> {
    pub(crate) history: &'a TableName,
    pub(crate) reasons: &'a [Untrusted],
}

impl fmt::Display for UntrustedTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = tables::table(self.history);
        for reason in self.reasons {
            f.write_str("\n  ")?;
            fmt::Display::fmt(reason, f)?;
            write!(f, "\n    help: {}", one_line(f, &reason.help(&table)))?;
        }
        Ok(())
    }
}
