//! The rows of the tracking table.

use lokstra_connect::query::{number, owned, text};
use lokstra_core::{Checksum, Version};
use postgres::SimpleQueryRow;

/// One row of the tracking table: a migration that is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// The version.
    pub version: Version,
    /// The description that it had when it was applied.
    pub description: Option<String>,
    /// The checksum of its up script; `None` in a row that another program wrote.
    pub checksum: Option<Checksum>,
    /// The checksum of its down script.
    pub down_checksum: Option<Checksum>,
    /// When it was applied, as the server writes it.
    pub applied_at: Option<String>,
    /// The database role that applied it.
    pub applied_by: Option<String>,
    /// How long it took, in milliseconds.
    pub execution_ms: Option<i64>,
}

impl Applied {
    /// Fails with the column and its value, if no lokstra tool writes such a value.
    pub(crate) fn parse(row: &SimpleQueryRow) -> Result<Applied, (&'static str, String)> {
        let invalid =
            |column: &'static str| (column, text(row, column).unwrap_or("NULL").to_owned());
        let version = number(row, "version").and_then(Version::new);
        let checksum = |column| {
            text(row, column).map(|value| value.parse().map_err(|_| invalid(column))).transpose()
        };
        Ok(Applied {
            version: version.ok_or_else(|| invalid("version"))?,
            checksum: checksum("checksum")?,
            down_checksum: checksum("down_checksum")?,
            description: owned(row, "description"),
            applied_at: owned(row, "applied_at"),
            applied_by: owned(row, "applied_by"),
            execution_ms: number(row, "execution_ms"),
        })
    }
}

/// What the tracking table says: the applied migrations by version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// By version, each once.
    rows: Vec<Applied>,
}

impl History {
    /// Where the row of this version is, or would be.
    #[inline(never)]
    fn place(&self, version: Version) -> Result<usize, usize> {
        match self.rows.last() {
            // As the server sends them.
            Some(last) if last.version < version => Err(self.rows.len()),
            _ => self.rows.binary_search_by(|row| row.version.cmp(&version)),
        }
    }

    /// Returns the row of this version, if it is applied.
    pub fn get(&self, version: Version) -> Option<&Applied> {
        self.place(version).ok().map(|place| &self.rows[place])
    }

    /// Reports whether this version is applied.
    pub fn contains(&self, version: Version) -> bool {
        self.place(version).is_ok()
    }

    /// Returns the highest version that is applied.
    pub fn newest(&self) -> Option<Version> {
        self.rows.last().map(|row| row.version)
    }

    /// The highest applied version below this one.
    pub(crate) fn before(&self, version: Version) -> Option<Version> {
        let (Ok(place) | Err(place)) = self.place(version);
        self.rows[..place].last().map(|row| row.version)
    }

    /// Returns the rows, by version.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Applied> {
        self.rows.iter()
    }

    /// Counts the applied migrations.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Reports whether no migration is applied.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn insert(&mut self, applied: Applied) {
        match self.place(applied.version) {
            Ok(place) => self.rows[place] = applied,
            Err(place) => self.rows.insert(place, applied),
        }
    }

    pub(crate) fn remove(&mut self, version: Version) {
        if let Ok(place) = self.place(version) {
            self.rows.remove(place);
        }
    }
}

impl FromIterator<Applied> for History {
    fn from_iter<T: IntoIterator<Item = Applied>>(rows: T) -> History {
        let mut history = History::default();
        for row in rows {
            history.insert(row);
        }
        history
    }
}
