//! A handle that ends a run from outside.

mod cancel;
#[cfg(all(feature = "signals", unix))]
pub(crate) mod signals;

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use postgres::CancelToken;

use crate::tls::Tls;

/// Ends a run from another thread, from a signal handler's thread or from a listener.
///
/// Clones are one handle. Given to a run with `Migrator::stop`; a run that was
/// asked to stop returns `ErrorKind::Stopped`, also if it was done just then: a
/// program that gets `Ok` may serve. A handle that was used stays used: the next run that it is given to ends
/// before its first migration.
#[derive(Clone)]
pub struct Stop(Arc<Shared>);

#[derive(Default)]
struct Shared {
    level: Mutex<Level>,
    risen: Condvar,
    /// What cancels a statement; a program that never makes a handle does not link it.
    cancel: Option<Cancel>,
    /// Kept as long as the handle.
    #[cfg(all(feature = "signals", unix))]
    signals: std::sync::OnceLock<signals::Listening>,
}

/// Sends a request to cancel, the way the connection was made.
type Cancel = fn(&CancelToken, Tls) -> Result<(), postgres::Error>;

/// What was asked for; it only ever rises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[doc(hidden)]
pub enum Level {
    #[default]
    None,
    FinishCurrent,
    Cancel,
}

impl Stop {
    /// Makes a handle that has not been used.
    pub fn new() -> Stop {
        Stop(Arc::new(Shared { cancel: Some(cancel::cancel), ..Shared::default() }))
    }

    /// Makes the handle of a run that nothing can stop.
    #[doc(hidden)]
    pub fn never() -> Stop {
        Stop(Arc::default())
    }

    /// Finishes the migration that is running, a no-transaction script included, and ends the run
    /// before the next; of several in one message, what the server has begun of the next is rolled
    /// back, unless it is done first. A run that waits, for another migrator, for a server that does not answer
    /// a question, or before it tries a migration again, ends at once.
    pub fn finish_current(&self) {
        self.raise(Level::FinishCurrent);
    }

    /// Cancels the statement that is running on the server, and ends the run. A transactional migration is then
    /// rolled back; of a no-transaction script, the statements that are done stay.
    ///
    /// A server that does not answer within three seconds, since it is frozen or a pooler is paused, is left
    /// behind together with a connection that the run opened itself: the error then says what is not known. A
    /// thread of the process waits for that server until the connection ends.
    pub fn cancel(&self) {
        self.raise(Level::Cancel);
    }

    /// Reports whether [`finish_current`](Stop::finish_current) or [`cancel`](Stop::cancel) was called.
    pub fn is_asked(&self) -> bool {
        self.level() >= Level::FinishCurrent
    }

    /// Reports whether a stop can be requested: a handle was given to the run.
    #[doc(hidden)]
    pub fn can_be_asked(&self) -> bool {
        self.0.cancel.is_some()
    }

    #[doc(hidden)]
    pub fn cancels(&self) -> bool {
        self.level() == Level::Cancel
    }

    #[doc(hidden)]
    pub fn level(&self) -> Level {
        *self.lock()
    }

    /// Sleeps, but not once a stop is asked for.
    #[doc(hidden)]
    pub fn sleep(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut level = self.lock();
        while *level == Level::None {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let woken = self.0.risen.wait_timeout(level, left);
            level = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Cancels what the connection is running.
    #[doc(hidden)]
    pub fn send_cancel(&self, token: &CancelToken, tls: Tls) -> Result<(), postgres::Error> {
        self.0.cancel.map_or(Ok(()), |cancel| cancel(token, tls))
    }

    fn raise(&self, to: Level) {
        let mut level = self.lock();
        *level = to.max(*level);
        self.0.risen.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Level> {
        // A level is never half written.
        self.0.level.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Stop {
    fn default() -> Stop {
        Stop::new()
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stop").field(&self.level()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_never_takes_back_what_was_asked() {
        let stop = Stop::new();
        stop.cancel();
        stop.clone().finish_current();
        assert!(stop.cancels());
    }

    #[test]
    fn a_sleep_ends_when_a_stop_is_asked_for() {
        let (stop, started) = (Stop::new(), Instant::now());
        std::thread::scope(|scope| {
            scope.spawn(|| stop.sleep(Duration::from_mins(10)));
            stop.finish_current();
        });
        stop.sleep(Duration::from_mins(10));
        assert!(started.elapsed() < Duration::from_mins(1));
    }
}
