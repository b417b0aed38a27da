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
