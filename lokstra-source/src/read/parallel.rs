//! Runs one function over many items, on all processors.

use std::thread::{self, ScopedJoinHandle};

/// The stack of a thread that parses: the parser recurses as deep as the SQL nests, and unused stack
/// costs nothing.
pub(crate) const STACK: usize = 512 << 20;

/// The fewest items for which a thread is worth its start.
const MIN_SHARE: usize = 32;

/// Calls `work` for a share of the items on each processor, and returns the results in the order of the
/// items.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&[T]) -> R + Sync,
) -> Vec<R> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let shares = items.chunks(items.len().div_ceil(processors).max(MIN_SHARE));
    if shares.len() <= 1 {
        return shares.map(work).collect();
    }
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = shares
            .map(|share| {
                // As large as parsing SQL needs.
                let thread = thread::Builder::new().stack_size(STACK);
                (share, thread.spawn_scoped(scope, move || work(share)))
            })
            .collect();
        let join = |(share, thread): (_, std::io::Result<ScopedJoinHandle<'_, R>>)| match thread
            .map(ScopedJoinHandle::join)
        {
            Ok(Ok(done)) => done,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // There is no memory for such a thread.
            Err(_) => work(share),
        };
        threads.into_iter().map(join).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::in_parallel;

    #[test]
    fn every_item_is_worked_on_once_and_in_order() {
        for count in [0, 1, 31, 32, 33, 1_000] {
            let items: Vec<usize> = (0..count).collect();
            let done = in_parallel(&items, <[usize]>::to_vec);
            assert_eq!(done.concat(), items);
        }
    }
}
