//! The objects of a database and their properties, as text that the server wrote.

use std::collections::BTreeMap;
use std::fmt;

use lokstra_core::one_line;

use crate::catalog::rows::Rows;

/// An object of a database, by the words in which it is reported: `index public.a_idx on table
/// public.a`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Object {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) part_of: Option<String>,
}

impl Object {
    /// Returns the kind, in lower case: `table`, `column`, `materialized view`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the name as SQL has it, with the schema; that of a part (a column, a constraint, a
    /// trigger) without. Empty for the database itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what it is a part of, in words: `table public.users`.
    pub fn part_of(&self) -> Option<&str> {
        self.part_of.as_deref()
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => write!(f, "the {}", self.kind)?,
            name => write!(f, "{} {}", self.kind, one_line(f, name))?,
        }
        let part_of = self.part_of.as_ref().map(|whole| one_line(f, whole));
        match (part_of, self.kind.as_str()) {
            (Some(whole), "column" | "sequence") => write!(f, " of {whole}"),
            (Some(whole), _) => write!(f, " on {whole}"),
            (None, _) => Ok(()),
        }
    }
}

/// What is known of an object, by name, in the order in which it is reported.
pub(crate) type Properties = Vec<(String, String)>;

/// Everything in a database at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Snapshot {
    /// With the number of its family in the folder `catalog`, which is the order in which they are
    /// reported.
    pub(crate) objects: BTreeMap<(usize, Object), Properties>,
    pub(crate) rows: BTreeMap<String, Rows>,
}

impl Snapshot {
    /// To compare how many rows there are, and not which: a script may write the time into them.
    pub(crate) fn without_checksums(&self) -> Snapshot {
        let rows = self.rows.iter().map(|(table, rows)| (table.clone(), rows.without_checksum()));
        Snapshot { objects: self.objects.clone(), rows: rows.collect() }
    }
}
