//! A no-transaction script that has begun and not ended.

use std::fmt;

use lokstra_core::{Direction, Version};

/// A no-transaction script that has begun and not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartialScript {
    /// The version.
    pub version: Version,
    /// Which of its scripts.
    pub direction: Direction,
    /// How many statements are done.
    pub done: usize,
    /// How many there were.
    pub total: usize,
    /// Whether the next one, which commits by itself, has begun and not been recorded: it runs now,
    /// or was cut off.
    pub running: bool,
    /// Of the statements that are done.
    pub(crate) fingerprint: i64,
}

impl fmt::Display for PartialScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PartialScript { direction, done, total, .. } = self;
        write!(f, "{done} of {total} statements of its {direction} script are done")?;
        if self.running {
            write!(f, ", the next one is running or was interrupted")?;
        }
        Ok(())
    }
}
