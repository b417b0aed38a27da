//! A run that is going on, seen from another session.

use std::fmt;

use lokstra_core::one_line;

use crate::model::state::holder::Holder;

/// A run of migrations that has not ended, seen from another session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Activity {
    /// Who migrates.
    pub runner: Holder,
    /// The sessions that it waits for.
    pub blockers: Vec<Holder>,
    /// How far it is with an index that it builds.
    pub index: Option<IndexProgress>,
}

/// How far the building of an index is.
///
/// PostgreSQL documentation: *28.4.4. CREATE INDEX Progress Reporting*.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexProgress {
    /// `building index: scanning table`, `waiting for writers before build`, …
    pub phase: String,
    /// What of the phase is done, in its own unit: blocks, tuples, or sessions that are waited for.
    pub done: u64,
    /// Of how many; 0 where the server does not say.
    pub total: u64,
}

impl fmt::Display for IndexProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let IndexProgress { phase, done, total } = self;
        let phase = one_line(f, phase);
        match (done * 100).checked_div(*total) {
            Some(percent) => write!(f, "{phase}, {done} of {total} ({percent} %)"),
            None => f.write_str(&phase),
        }
    }
}
