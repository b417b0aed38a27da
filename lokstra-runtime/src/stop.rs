use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use postgres::CancelToken;

use crate::connect::Connector;
use crate::watch;

/// Ends a run from another thread, from a signal handler's thread or from a listener.
///
/// Clones are one handle. Given to a run with [`Migrator::stop`](crate::Migrator::stop); a run that was
/// asked to stop returns [`ErrorKind::Stopped`](crate::ErrorKind::Stopped), also if it was done just then: a
/// program that gets `Ok` may serve. A handle that was used stays used: the next run that it is given to ends
/// before its first migration.
#[derive(Clone)]
pub struct Stop(pub(crate) Arc<Shared>);

#[derive(Default)]
pub(crate) struct Shared {
    level: Mutex<Level>,
    risen: Condvar,
    /// What cancels a statement; a program that never makes a handle does not link it.
    cancel: Option<Cancel>,
    /// Kept as long as the handle.
    #[cfg(all(feature = "signals", unix))]
    pub(crate) signals: std::sync::OnceLock<crate::signals::Listening>,
}

/// Sends a request to cancel, the way the connection was made.
type Cancel = fn(&CancelToken, Option<&Connector>) -> Result<(), postgres::Error>;

/// What was asked for; it only ever rises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    #[default]
    Run,
    AfterCurrent,
    Now,
}

impl Stop {
    /// A handle that nobody has used.
    pub fn new() -> Stop {
        Stop(Arc::new(Shared { cancel: Some(watch::cancel), ..Shared::default() }))
    }

    /// For a run that nobody can stop.
    pub(crate) fn nobodys() -> Stop {
        Stop(Arc::default())
    }

    /// Finishes the migration that is running, a no-transaction script included, and ends the run
    /// before the next; of several in one message, what the server has begun of the next is rolled
    /// back, unless it is done first. A run that waits, for another migrator, for a server that does not answer
    /// a question, or before it tries a migration again, ends at once.
    pub fn after_current(&self) {
        self.rise(Level::AfterCurrent);
    }

    /// Also cancels on the server the statement that is running. A transactional migration is then
    /// rolled back; of a no-transaction script, the statements that are done stay.
    ///
    /// A server that does not answer within three seconds, since it is frozen or a pooler is paused, is left
    /// behind together with a connection that the run opened itself: the error then says what is not known. A
    /// thread of the process waits for that server until the connection ends.
    pub fn now(&self) {
        self.rise(Level::Now);
    }

    /// Whether one of the two was called.
    pub fn is_asked(&self) -> bool {
        self.level() >= Level::AfterCurrent
    }

    /// Whether anybody can ask: a handle was given to the run.
    pub(crate) fn can_be_asked(&self) -> bool {
        self.0.cancel.is_some()
    }

    pub(crate) fn is_now(&self) -> bool {
        self.level() == Level::Now
    }

    pub(crate) fn level(&self) -> Level {
        *self.lock()
    }

    /// Sleeps, but not once a stop is asked for.
    pub(crate) fn sleep(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut level = self.lock();
        while *level == Level::Run {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let woken = self.0.risen.wait_timeout(level, left);
            level = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Cancels what the connection is running.
    pub(crate) fn cancel(
        &self,
        token: &CancelToken,
        connector: Option<&Connector>,
    ) -> Result<(), postgres::Error> {
        self.0.cancel.map_or(Ok(()), |cancel| cancel(token, connector))
    }

    pub(crate) fn rise(&self, to: Level) {
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
        stop.now();
        stop.clone().after_current();
        assert!(stop.is_now());
    }

    #[test]
    fn a_sleep_ends_when_a_stop_is_asked_for() {
        let (stop, started) = (Stop::new(), Instant::now());
        std::thread::scope(|scope| {
            scope.spawn(|| stop.sleep(Duration::from_mins(10)));
            stop.after_current();
        });
        stop.sleep(Duration::from_mins(10));
        assert!(started.elapsed() < Duration::from_mins(1));
    }
}
