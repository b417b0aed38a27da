//! Compares the history of the other tool with its folder.

use std::fmt;

use lokstra_core::printable_line;

use crate::verbs::import::source::{History, Row, SourceMigration};

/// A migration about which they disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mismatch {
    /// It is applied and has no file.
    NoFile { id: String },
    /// It was applied from a different text.
    Edited { id: String, path: String },
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mismatch::NoFile { id } => {
                write!(f, "{} is applied and has no file", printable_line(id))
            }
            Mismatch::Edited { id, path } => {
                let (id, path) = (printable_line(id), printable_line(path));
                write!(f, "{id} was applied from a text that differs from {path}")
            }
        }
    }
}

/// Finds applied migrations that differ from the folder.
pub(crate) fn mismatches(history: &History, migrations: &[SourceMigration]) -> Vec<Mismatch> {
    let mismatch = |row: &Row| {
        let id = row.id.clone();
        let Some(one) = migrations.iter().find(|one| one.id == id) else {
            return Some(Mismatch::NoFile { id });
        };
        let applied = row.checksum.as_ref().filter(|_| !one.checksums.is_empty())?;
        let path = one.up.path.clone();
        (!one.checksums.contains(applied)).then_some(Mismatch::Edited { id, path })
    };
    history.applied.iter().filter_map(mismatch).collect()
}
