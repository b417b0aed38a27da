//! The step that a lost connection interrupted.

use lokstra_core::{Mode, Version};

/// What was running when a connection was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InterruptedStep {
    /// The version.
    pub version: Version,
    /// The last one that was sent together with it; mostly the same.
    pub last: Version,
    /// Transactional: done as a whole or not at all. No-transaction: the statements that came to
    /// their end stay, and the next run continues behind them.
    pub mode: Mode,
}
