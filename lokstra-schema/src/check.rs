//! The way in: scripts and options in, findings out.

use lokstra_core::Direction;

use crate::apply::Replay;
use crate::finding::Finding;
use crate::input::{Options, Script};

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
