//! The schema that scripts make, as plain data: to print, to draw and to compare.

mod diff;
mod opened;
mod read;
mod seen;
mod summary;

use crate::apply::{Replay, parse};
use crate::input::{Options, Script};
pub use diff::{Change, Sign, diff};
pub use summary::summary;

/// The objects that scripts have made and not removed. Rows, privileges, defaults and the lengths of types are
/// not part of it.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// Tables, by name.
    pub tables: Vec<Relation>,
    /// Views and materialized views, by name.
    pub views: Vec<Relation>,
    /// Enums, domains and composite types.
    pub types: Vec<Item>,
    /// Functions, procedures and aggregates.
    pub functions: Vec<Item>,
    /// Sequences that no column owns.
    pub sequences: Vec<Item>,
    /// Schemas.
    pub schemas: Vec<Item>,
    /// Extensions.
    pub extensions: Vec<Item>,
    /// The statements that may have changed more than is shown.
    pub not_followed: Vec<NotFollowed>,
}

/// A table or view.
#[expect(clippy::struct_excessive_bools, reason = "each says one thing that is known")]
#[derive(Clone, Debug)]
pub struct Relation {
    id: u32,
    /// Its name, with the schema unless that is `public`.
    pub name: String,
    /// `table`, `foreign table`, `view` or `materialized view`.
    pub kind: &'static str,
    /// In the order of their creation.
    pub columns: Vec<Column>,
    /// In the order of their creation, without those for `NOT NULL`.
    pub constraints: Vec<Constraint>,
    /// Without those of constraints.
    pub indexes: Vec<Index>,
    /// Triggers, policies and rules.
    pub attached: Vec<Item>,
    /// The tables that it inherits from or is a partition of.
    pub parents: Vec<String>,
    /// Whether it is a partition.
    pub is_partition: bool,
    /// Whether it has partitions, or may have.
    pub is_partitioned: bool,
    /// Whether there may be other columns.
    pub has_open_columns: bool,
    /// Whether there may be other constraints, or some under another name.
    pub has_open_constraints: bool,
    /// Why it may be different now.
    pub doubt: Option<Doubt>,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    number: u32,
    /// Its name.
    pub name: String,
    /// Its type without a length, `None` if not known.
    pub ty: Option<String>,
    /// Whether it is `NOT NULL`.
    pub is_not_null: bool,
    /// `identity` or `generated`.
    pub generated: Option<&'static str>,
}

/// A key, check or exclusion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// `None` if not known.
    pub name: Option<String>,
    /// `primary key`, `unique`, `check`, `foreign key` or `exclusion`.
    pub kind: &'static str,
    /// Its columns; of a check, those that it names.
    pub columns: Vec<String>,
    /// Of a foreign key, the table and its columns, if known.
    pub target: Option<(String, Vec<String>)>,
    /// Whether it may be about other columns.
    pub is_open: bool,
}

/// An index that no constraint has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// The columns of its key; `None` for an expression.
    pub columns: Vec<Option<String>>,
    /// Whether it is unique.
    pub is_unique: bool,
    /// Whether it has a `WHERE`.
    pub is_partial: bool,
    /// Whether it may be different, or not there.
    pub is_open: bool,
}

/// An object of which little more than the name is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// `enum`, `function`, `trigger`, ….
    pub kind: &'static str,
    /// Its name; of a function with its arguments.
    pub name: String,
    /// The labels of an enum, the type of a domain, what a function returns.
    pub detail: Option<String>,
    /// Whether it may be different, or not there.
    pub is_open: bool,
}

/// Why an object may be different from what is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The last statement that may have changed it, if that is known.
    pub statement: Option<NotFollowed>,
}

/// A statement whose effect is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotFollowed {
    /// Its script.
    pub path: String,
    /// Its line.
    pub line: usize,
    /// `a DO block`, `CREATE OPERATOR`, ….
    pub what: String,
}

/// Replays scripts in the order of the slice, and returns the schema behind each of these counts of them.
pub fn describe(scripts: &[Script<'_>], options: &Options, after: &[usize]) -> Vec<Schema> {
    let mut replay = Replay::new(scripts, options);
    let (mut run, mut schemas) = (0, Vec::new());
    for &count in after {
        while run < count.min(scripts.len()) {
            replay.script(run, &parse(&scripts[run]));
            run += 1;
        }
        schemas.push(Schema::of(&replay));
    }
    schemas
}
