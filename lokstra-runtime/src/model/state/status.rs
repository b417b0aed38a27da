//! Where every migration of a database stands.

use std::fmt;

use lokstra_connect::ConnectionTarget;
use lokstra_core::{Database, TableName, Version, printable_line};

use crate::model::state::history::{Applied, History};
use crate::model::state::identity::Identity;
use crate::model::state::partial::PartialScript;

/// Where one migration stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Applied as it is embedded.
    Applied(Applied),
    /// Applied, and edited afterwards.
    Edited(Applied),
    /// Not applied, since another migration, of another name and text, is applied as this version.
    Another(Applied),
    /// Not applied.
    Pending,
    /// Applied and not in this build.
    Unknown(Applied),
}

/// One migration of a [`Status`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusRow {
    /// The version.
    pub version: Version,
    /// The description.
    pub description: String,
    /// Where it stands.
    pub state: State,
}

impl StatusRow {
    /// Reports whether the migration is applied, in whatever form.
    pub fn is_applied(&self) -> bool {
        !matches!(self.state, State::Pending | State::Another(_))
    }

    /// Returns the row of the history with this version, also where that is another migration.
    pub fn applied(&self) -> Option<&Applied> {
        match &self.state {
            State::Applied(row)
            | State::Edited(row)
            | State::Another(row)
            | State::Unknown(row) => Some(row),
            State::Pending => None,
        }
    }
}

/// Where every migration of a database stands. `Display` is the list of `lokstra migration status`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The folder's name.
    pub database: String,
    /// Where this was read. `None` of a borrowed client.
    pub connection: Option<ConnectionTarget>,
    /// The tracking table.
    pub table: TableName,
    /// The embedded migrations and those that only the history knows, by version.
    pub rows: Vec<StatusRow>,
    /// The no-transaction scripts that have begun and not come to their end; none where this role
    /// may not read their progress.
    pub partial_scripts: Vec<PartialScript>,
}

impl Status {
    pub(crate) fn new(database: Database<'_>, table: TableName, history: &History) -> Status {
        let mut rows: Vec<StatusRow> = database
            .migrations()
            .map(|migration| StatusRow {
                version: migration.version(),
                description: migration.description().to_owned(),
                state: match history.get(migration.version()) {
                    None => State::Pending,
                    Some(row) => match Identity::of(row, migration) {
                        Identity::Edited => State::Edited(row.clone()),
                        Identity::Another => State::Another(row.clone()),
                        _ => State::Applied(row.clone()),
                    },
                },
            })
            .collect();
        rows.extend(history.iter().filter(|row| database.migration(row.version).is_none()).map(
            |row| StatusRow {
                version: row.version,
                description: row.description.clone().unwrap_or_default(),
                state: State::Unknown(row.clone()),
            },
        ));
        rows.sort_by_key(|row| row.version);
        let (connection, partial_scripts) = (None, Vec::new());
        Status { database: database.name().to_owned(), connection, table, rows, partial_scripts }
    }

    /// Returns the newest applied version.
    pub fn current(&self) -> Option<Version> {
        self.rows.iter().rev().find(|row| row.applied().is_some()).map(|row| row.version)
    }

    /// Counts the applied migrations.
    pub fn applied(&self) -> usize {
        self.rows.iter().filter(|row| row.is_applied()).count()
    }

    /// Counts the migrations that are not applied.
    pub fn pending(&self) -> usize {
        self.rows.len() - self.applied()
    }

    /// Writes the list, and behind the line of each migration the lines that `details` has for it.
    #[doc(hidden)]
    pub fn write_list(
        &self,
        f: &mut dyn fmt::Write,
        details: &dyn Fn(&StatusRow) -> String,
    ) -> fmt::Result {
        writeln!(f, "Migration Status:\n=================")?;
        for row in &self.rows {
            let StatusRow { version, description, state } = row;
            let (marker, remark) = match state {
                State::Applied(_) => ("✓", ""),
                State::Edited(_) => ("✓", "  (edited after it was applied)"),
                State::Unknown(_) => ("✓", "  (unknown here)"),
                State::Another(_) | State::Pending => (" ", ""),
            };
            write!(f, "[{marker}] {version}: {}{remark}", printable_line(description))?;
            if let State::Another(applied) = state {
                let name = printable_line(applied.description.as_deref().unwrap_or_default());
                write!(f, "  (not applied: {version} is another migration here, {name})")?;
            }
            for script in self.partial_scripts.iter().filter(|script| script.version == *version) {
                write!(f, "  ({script})")?;
            }
            writeln!(f)?;
            f.write_str(&details(row))?;
        }
        let (applied, pending) = (self.applied(), self.pending());
        let noun = if self.rows.len() == 1 { "migration" } else { "migrations" };
        write!(f, "\nTotal: {} {noun}, {applied} applied, {pending} pending", self.rows.len())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_list(f, &|_| String::new())
    }
}
