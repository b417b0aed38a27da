//! Why down SQL that the database keeps is not run.

use std::fmt;

use lokstra_core::{TableName, one_line};

use crate::model::table::tables;

/// Why the database has no down SQL for a migration that could be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoStoredDown {
    /// It was not stored, or another program applied the migration.
    Missing,
    /// The text was not stored: it is too long, or the encoding of the database lacks a character.
    NoText,
    /// It is not the text that was applied: the history has another checksum.
    Changed,
}

impl fmt::Display for NoStoredDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoStoredDown::Missing => "the database has no down SQL of it",
            NoStoredDown::NoText => {
                "its down SQL was too long to be stored, or not in the encoding"
            }
            NoStoredDown::Changed => {
                "the stored down SQL does not have the checksum of the history"
            }
        })
    }
}

/// One reason for which another session could have written the stored down SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustIssue {
    /// The table belongs to a role that is neither this role nor a superuser.
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

impl TrustIssue {
    /// The remedy.
    fn help(&self, table: &str) -> String {
        match self {
            TrustIssue::Owner(_) => format!("ALTER TABLE {table} OWNER TO CURRENT_USER;"),
            TrustIssue::Grantees(names) => {
                format!("inspect its content, and REVOKE ALL ON {table} FROM {names} CASCADE;")
            }
            TrustIssue::WriteAllData(names) => {
                format!("inspect its content, and REVOKE pg_write_all_data FROM {names};")
            }
            TrustIssue::Triggers(_) => {
                format!("inspect what they do, and DROP TRIGGER … ON {table};")
            }
            TrustIssue::Rules(_) => format!("inspect what they do, and DROP RULE … ON {table};"),
            TrustIssue::NoTable => "find out who created it, and drop it".to_owned(),
        }
    }
}

impl fmt::Display for TrustIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (TrustIssue::Owner(names)
        | TrustIssue::Grantees(names)
        | TrustIssue::WriteAllData(names)
        | TrustIssue::Triggers(names)
        | TrustIssue::Rules(names)) = self
        else {
            return f.write_str("it is not a plain table");
        };
        let names = one_line(f, names);
        match self {
            TrustIssue::Owner(_) | TrustIssue::NoTable => {
                write!(f, "it belongs to {names}, who is neither this role nor a superuser")
            }
            TrustIssue::Grantees(_) => write!(f, "{names} may change it, or put a trigger on it"),
            TrustIssue::WriteAllData(_) => write!(f, "{names} may change every table"),
            TrustIssue::Triggers(_) => write!(f, "it has triggers: {names}"),
            TrustIssue::Rules(_) => write!(f, "it has rules: {names}"),
        }
    }
}

/// The reasons as a list.
pub(crate) struct UntrustedTable<'a> {
    pub(crate) history: &'a TableName,
    pub(crate) reasons: &'a [TrustIssue],
}

impl fmt::Display for UntrustedTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = tables::down_table(self.history);
        for reason in self.reasons {
            f.write_str("\n  ")?;
            fmt::Display::fmt(reason, f)?;
            write!(f, "\n    help: {}", one_line(f, &reason.help(&table)))?;
        }
        Ok(())
    }
}
