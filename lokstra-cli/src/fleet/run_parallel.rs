//! Runs a function on many items at a time.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Calls `work` for each item, at most `jobs` at a time, in their order. The result is `None` for items
/// that were not started, because `may_start` returned false.
pub(super) fn run_parallel<'i, I: Sync, T: Send>(
    items: &'i [I],
    jobs: usize,
    may_start: impl Fn() -> bool + Sync,
    work: impl Fn(&'i I) -> T + Sync,
) -> Vec<Option<T>> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        while may_start() {
            let nth = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(nth) else { break };
            done.push((nth, work(item)));
        }
        done
    };
    let mut results: Vec<Option<T>> = items.iter().map(|_| None).collect();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.min(items.len())).map(|_| scope.spawn(worker)).collect();
        for worker in workers {
            match worker.join() {
                Ok(done) => done.into_iter().for_each(|(nth, result)| results[nth] = Some(result)),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    results
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn the_results_are_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..100).collect();
        let results = run_parallel(&items, 7, || true, |item| item * 2);
        assert_eq!(results, items.iter().map(|item| Some(item * 2)).collect::<Vec<_>>());
    }

    #[test]
    fn as_many_work_at_a_time_as_there_are_jobs() {
        let (barrier, working, most) = (Barrier::new(3), AtomicUsize::new(0), AtomicUsize::new(0));
        run_parallel(
            &[(); 9],
            3,
            || true,
            |()| {
                most.fetch_max(working.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                barrier.wait();
                working.fetch_sub(1, Ordering::SeqCst);
                barrier.wait();
            },
        );
        assert_eq!(most.into_inner(), 3);
    }

    #[test]
    fn nothing_is_begun_any_more_once_it_does_not_go_on() {
        let begun = AtomicUsize::new(0);
        let may_start = || begun.load(Ordering::SeqCst) < 2;
        let results =
            run_parallel(&[(); 5], 1, may_start, |()| begun.fetch_add(1, Ordering::SeqCst));
        assert_eq!(results, [Some(0), Some(1), None, None, None]);
    }
}
