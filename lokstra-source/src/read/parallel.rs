//! Much of the same work, on all processors.

use std::thread::{self, ScopedJoinHandle};

/// The parser recurses as deep as the SQL nests; untouched, the stack costs nothing.
pub(crate) const STACK: usize = 512 << 20;

/// Less than this is done before a thread has begun.
const LEAST: usize = 32;

/// Does this for a share of the items on each processor. The results are in the items' order.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&[T]) -> R + Sync,
) -> Vec<R> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let shares = items.chunks(items.len().div_ceil(processors).max(LEAST));
    if shares.len() <= 1 {
        return shares.map(work).collect();
    }
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = shares
            .map(|share| {
                // As large as what reads SQL needs.
                let thread = thread::Builder::new().stack_size(STACK);
                (share, thread.spawn_scoped(scope, move || work(share)))
            })
            .collect();
        let join = |(share, thread): (_, std::io::Result<ScopedJoinHandle<'_, R>>)| match thread
            .map(ScopedJoinHandle::join)
        {
            Ok(Ok(done)) => done,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // No room for such a thread.
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
