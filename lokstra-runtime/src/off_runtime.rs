use std::sync::mpsc;
use std::time::Duration;

/// Runs blocking work on a thread of its own.
///
/// The blocking client drives an async runtime inside and panics where one is running already, be
/// it to connect, to use or to drop. A thread costs about 30 µs and makes one path for all callers.
pub(crate) fn off_runtime<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| match scope.spawn(work).join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// Waits for blocking work no longer than this; `None` if it takes longer. What it yields then is
/// dropped when it comes. The client has no limit of its own for a server that takes a connection
/// and never answers.
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(work()).ok());
    receiver.recv_timeout(limit).ok()
}
