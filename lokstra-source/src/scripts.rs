//! Many scripts, on all processors: reading them is most of what a build waits for.

use std::thread;

use crate::STACK;
use crate::file_name::Direction;
use crate::folder::File;
use crate::problem::Problem;
use crate::script::{self, Judged, Script};

/// Fewer scripts than this are read before a thread has begun.
const SHARE: usize = 32;

/// Scripts, `None` where a file is none, and what is wrong with them.
type Read = (Vec<Option<Script>>, Vec<Problem>);

/// Reads these files, in their order; what is wrong with them is added to the problems.
pub(crate) fn read(
    files: &[(&File, Option<Direction>)],
    judged: &Judged<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<Option<Script>> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let shares = files.chunks(files.len().div_ceil(processors).max(SHARE));
    let shares: Vec<Read> = thread::scope(|scope| {
        let threads: Vec<_> = shares
            .map(|share| {
                let thread = thread::Builder::new().stack_size(STACK);
                (share, thread.spawn_scoped(scope, || read_here(share, judged)))
            })
            .collect();
        let join = |(share, thread): (_, Result<thread::ScopedJoinHandle<'_, Read>, _>)| {
            match thread.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(read)) => read,
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                // No room for such a thread.
                Err(_) => read_here(share, judged),
            }
        };
        threads.into_iter().map(join).collect()
    });
    let mut scripts = Vec::with_capacity(files.len());
    for (some, wrong) in shares {
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
