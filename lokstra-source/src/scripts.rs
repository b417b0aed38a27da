//! Many scripts, on all processors: reading them is most of what a build waits for.

use crate::file_name::Direction;
use crate::folder::File;
use crate::problem::Problem;
use crate::script::{self, Judged, Script};
use crate::shares::in_shares;

/// Scripts, `None` where a file is none, and what is wrong with them.
type Read = (Vec<Option<Script>>, Vec<Problem>);

/// Reads these files, in their order; what is wrong with them is added to the problems.
pub(crate) fn read(
    files: &[(&File, Option<Direction>)],
    judged: &Judged<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<Option<Script>> {
    let mut scripts = Vec::with_capacity(files.len());
    for (some, wrong) in in_shares(files, |share| read_here(share, judged)) {
        scripts.extend(some);
        problems.extend(wrong);
    }
    scripts
}

fn read_here(files: &[(&File, Option<Direction>)], judged: &Judged<'_>) -> Read {
    let mut problems = Vec::new();
    let read = |&(file, direction): &_| script::read(file, direction, judged, &mut problems);
    let scripts = files.iter().map(read).collect();
    (scripts, problems)
}
