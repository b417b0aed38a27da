//! The tokens of guards: the word behind `lokstra:` in the error of a condition that does not hold.

/// Another session holds the migration lock.
pub(crate) const BUSY: &str = "busy";
/// The lock that was just taken is not seen as held.
pub(crate) const UNHELD: &str = "unheld";
/// The history is not what the plan was made from.
pub(crate) const CHANGED: &str = "changed";
/// Another no-transaction script is partial.
pub(crate) const PARTIAL: &str = "partial";
/// The session reads quotes in another way than the build did.
pub(crate) const QUOTES: &str = "quotes";
/// The record was not written.
pub(crate) const UNRECORDED: &str = "unrecorded";
/// The message reached another session than the one that holds the lock.
pub(crate) const ELSEWHERE: &str = "elsewhere";
/// An up script's record is not in the history.
pub(crate) const MISSING: &str = "missing";
/// A down script's record is still in the history.
pub(crate) const THERE: &str = "there";
