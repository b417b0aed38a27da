use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::stop::Stop;

/// Runs blocking work on a thread of its own.
///
/// The blocking client drives an async runtime inside and panics where one is running already, be
/// it to connect, to use or to drop. A thread costs about 30 µs and makes one path for all callers.
pub(crate) fn off_runtime<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let work = observed(work);
    std::thread::scope(|scope| match scope.spawn(work).join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// Waits for blocking work no longer than this, nor once a stop is asked for meanwhile; `None` if it
/// takes longer. What it yields then is dropped when it comes. The client has no limit of its own for
/// a server that takes a connection and never answers.
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    stop: &Stop,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || sender.send(work()).ok());
    let (started, level) = (Instant::now(), stop.level());
    loop {
        let left = limit.saturating_sub(started.elapsed());
        match receiver.recv_timeout(left.min(SLICE)) {
            Err(mpsc::RecvTimeoutError::Timeout) if left > SLICE && stop.level() == level => {}
            // Without a value: the work panicked, which is no reason to try again.
            Err(mpsc::RecvTimeoutError::Disconnected) => match thread.join() {
                Err(panic) => std::panic::resume_unwind(panic),
                Ok(_) => return None,
            },
            done => return done.ok(),
        }
    }
}

/// How long after a stop the wait goes on at the most.
const SLICE: Duration = Duration::from_millis(50);

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
        within::<()>(Duration::from_mins(1), &Stop::new(), || panic!("no random numbers"));
    }
}
