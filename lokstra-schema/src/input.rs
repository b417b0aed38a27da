//! What a check is given: the scripts, and what is known beside them.

use std::ops::Range;

use lokstra_core::Direction;

/// What the database holds before the first script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartsFrom {
    /// Not known: names that no script makes may be there. `IF NOT EXISTS` makes what it says, unless the
    /// scripts use a table that they do not make.
    #[default]
    Unknown,
    /// Objects that no script makes, which `IF NOT EXISTS` may find.
    Existing,
    /// Nothing but what the server itself brings.
    Empty,
}

/// What is known beside the scripts.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What the database holds before the first script.
    pub starts_from: StartsFrom,
    /// Names of objects that are there before the first script, as SQL has them: `public.legacy_users`.
    pub existing: Vec<String>,
}

/// A script of a set.
#[derive(Clone, Debug)]
pub struct Script<'a> {
    /// Its file, as messages name it.
    pub file: &'a str,
    /// The version of its migration.
    pub version: u64,
    /// Up or down.
    pub direction: Direction,
    /// Its text.
    pub sql: &'a str,
    /// The statements in the text.
    pub statements: Vec<Range<usize>>,
    /// Whether the statements are followed. If not, all names in the text are open.
    pub is_followed: bool,
}

impl<'a> Script<'a> {
    /// Splits a text into its statements.
    pub fn new(file: &'a str, version: u64, direction: Direction, sql: &'a str) -> Script<'a> {
        let statements = lokstra_grammar::split(sql).statements;
        Script { file, version, direction, sql, statements, is_followed: true }
    }
}
