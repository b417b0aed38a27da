use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use postgres::error::DbError;

use crate::search::shown;

/// A NOTICE or WARNING of the server.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    /// In English, whatever the server's language.
    pub(crate) severity: String,
    pub(crate) message: String,
    pub(crate) at: Instant,
}

/// Where the messages of a connection arrive while one thread waits for the server's answer and
/// another passes them on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Notice>,
    is_answered: bool,
}

impl Notices {
    pub(crate) fn push(&self, notice: &DbError) {
        let severity = notice.parsed_severity();
        let severity = severity.map_or_else(|| notice.severity().to_owned(), |s| shown(&s));
        let (message, at) = (notice.message().to_owned(), Instant::now());
        self.lock().waiting.push(Notice { severity, message, at });
        self.0.changed.notify_all();
    }

    /// Forgets what came before, and waits for an answer anew.
    pub(crate) fn begin(&self) {
        *self.lock() = State::default();
    }

    /// Announces the answer when it is dropped.
    pub(crate) fn answering(&self) -> Answering<'_> {
        Answering(self)
    }

    /// Waits for a message or the answer, but no longer than this. True: the answer is there.
    pub(crate) fn wait(&self, longest: Duration) -> (Vec<Notice>, bool) {
        let is_quiet = |state: &mut State| state.waiting.is_empty() && !state.is_answered;
        let woken = self.0.changed.wait_timeout_while(self.lock(), longest, is_quiet);
        let (mut state, _) = woken.unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut state.waiting), state.is_answered)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Answering<'n>(&'n Notices);

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.lock().is_answered = true;
        self.0.0.changed.notify_all();
    }
}
