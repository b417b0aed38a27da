//! The way in: scripts and options in, findings out.

use std::ops::Range;

use lokstra_core::Direction;

use crate::apply::Replay;
use crate::finding::Finding;

/// What the database holds before the first script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartsFrom {
    /// Not known: names that no script makes may be there.
    #[default]
    Unknown,
    /// Objects that no script makes.
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

/// Replays scripts in the order of the slice, each up script before its down script, and reports what the
/// server would refuse. A down script is judged on the model right behind the script before it, and
/// what follows does not see it.
pub fn check(scripts: &[Script<'_>], options: &Options) -> Vec<Finding> {
    let mut replay = Replay::new(scripts, options);
    for (nth, script) in scripts.iter().enumerate() {
        let mark = replay.catalog.mark();
        let is_lost = replay.is_lost;
        replay.script(nth);
        if script.direction == Direction::Down {
            replay.catalog.undo(mark);
            replay.is_lost = is_lost;
        }
    }
    replay.findings
}
