//! What the server would refuse: where, why, and what makes it right.

use std::ops::Range;

/// How certain the consequence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The server refuses the statement.
    Error,
    /// The server accepts it, and the outcome is not what the script says.
    Warning,
}

/// A statement that the server would refuse, or that does not do what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which of the scripts, from 0.
    pub script: usize,
    /// The bytes of the script that it is about.
    pub range: Range<usize>,
    /// Its name, as a suppression has it: `undefined-column`.
    pub code: &'static str,
    /// What the server would answer; empty for a warning.
    pub sqlstate: &'static str,
    /// As the server words it.
    pub message: String,
    /// The other side: where an object was made, dropped or renamed.
    pub notes: Vec<String>,
    /// What makes it right.
    pub help: Option<String>,
    /// Whether the server refuses it.
    pub level: Level,
}

/// The names of all findings.
pub const CODES: [&str; 19] = [
    "deferrable-key",
    "dependent-objects",
    "different-table",
    "duplicate-column",
    "duplicate-function",
    "duplicate-object",
    "duplicate-schema",
    "duplicate-table",
    "incompatible-key-types",
    "invalid-foreign-key",
    "invalid-table-definition",
    "not-null-violation",
    "undefined-column",
    "undefined-function",
    "undefined-label",
    "undefined-object",
    "undefined-schema",
    "undefined-table",
    "wrong-object-type",
];
