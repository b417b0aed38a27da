//! Blocking work: beside an async runtime, on a thread of its own, or with an end to the wait for it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Runs blocking work where that is allowed: inside an async runtime on a thread of its own, where the
/// blocking client, which drives one itself, does not panic, be it to connect, to use or to drop. Else
/// here: a thread would be a thirtieth of a boot with nothing to do.
pub fn run<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    value_of(
        observed(work),
        |work| {
            if is_inside_runtime() { join(work, &mut || {}) } else { work() }
        },
    )
}

fn is_inside_runtime() -> bool {
    tokio::runtime::Handle::try_current().is_ok()
}

/// Runs work on a thread of its own, and something else on this one meanwhile.
pub fn run_meanwhile<T: Send>(work: impl FnOnce() -> T + Send, meanwhile: &mut dyn FnMut()) -> T {
    value_of(work, |work| join(work, meanwhile))
}

/// What the work yields, wherever it is run: compiled once for all places.
fn value_of<T: Send>(work: impl FnOnce() -> T + Send, run: impl FnOnce(Work<'_>)) -> T {
    let mut value = None;
    run(Box::new(|| value = Some(work())));
    value.expect("the work has ended")
}

/// What threads are instantiated for: the library's part of one is 5 kB for each type.
type Work<'w> = Box<dyn FnOnce() + Send + 'w>;

fn join(work: Work<'_>, meanwhile: &mut dyn FnMut()) {
    std::thread::scope(|scope| {
        let thread = scope.spawn(work);
        meanwhile();
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

/// Runs blocking work and waits for it until `is_over`, which is asked again and again; `None` then.
///
/// What the work yields afterwards is dropped when it comes. The client has no limit of its own for a server
/// that accepts a connection, or a message, and never answers.
pub fn run_until<T: Send + 'static>(
    is_over: &mut dyn FnMut() -> bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (end, value) = (End::default(), Arc::new(Mutex::new(None)));
    let (ending, slot) = (Ending(end.clone()), Arc::clone(&value));
    let work: Work<'static> = Box::new(move || {
        let _ending = ending;
        let value = work();
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    });
    if !ends(work, &end, is_over) {
        return None;
    }
    value.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Runs work on a thread of its own, and waits for its end unless the wait is over before.
#[inline(never)]
fn ends(work: Work<'static>, end: &End, is_over: &mut dyn FnMut() -> bool) -> bool {
    let thread = std::thread::spawn(work);
    if !end.comes_unless(is_over) {
        return false;
    }
    // A panic is no reason to try again.
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
    true
}

/// Whether the work of another thread has ended, and a way to wait for it.
#[derive(Clone, Default)]
struct End(Arc<(Mutex<bool>, Condvar)>);

impl End {
    fn comes_unless(&self, is_over: &mut dyn FnMut() -> bool) -> bool {
        let mut has_ended = self.lock();
        while !*has_ended {
            if is_over() {
                return false;
            }
            let woken = self.0.1.wait_timeout(has_ended, POLL_INTERVAL);
            has_ended = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Announces the end of its thread, be it a panic.
struct Ending(End);

impl Drop for Ending {
    fn drop(&mut self) {
        *self.0.lock() = true;
        self.0.0.1.notify_all();
    }
}

/// How long after a stop the wait continues at the most.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// With the subscriber and the span of the thread that calls this.
#[cfg(feature = "tracing")]
fn observed<T>(work: impl FnOnce() -> T + Send) -> impl FnOnce() -> T + Send {
    let span = tracing::Span::current();
    let dispatch = tracing::dispatcher::get_default(Clone::clone);
    move || tracing::dispatcher::with_default(&dispatch, || span.in_scope(work))
}

#[cfg(not(feature = "tracing"))]
fn observed<T>(work: impl FnOnce() -> T + Send) -> impl FnOnce() -> T + Send {
    work
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "no random numbers")]
    fn a_panic_of_the_work_is_not_taken_for_a_server_that_is_slow() {
        run_until::<()>(&mut || false, || panic!("no random numbers"));
    }
}
