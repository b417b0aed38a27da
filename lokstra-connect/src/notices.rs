//! The messages of a connection, between the thread that waits for an answer and the one that passes
//! them on.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use postgres::error::{DbError, Severity, SqlState};

use lokstra_core::text::to_string;

/// A NOTICE or WARNING of the server.
#[derive(Clone, Debug)]
pub struct Notice {
    /// In English, whatever the server's language.
    pub severity: String,
    pub message: String,
    pub at: Instant,
    /// Whether the server's reader of text-search queries has raised it, in whatever language.
    pub may_be_sentinel: bool,
}

/// How much waits to be passed on; the next notice then waits, and with it the connection, so that the
/// server sends no more: a listener may be slower than the server.
const MAX_WAITING: usize = 1_000;

/// The same in bytes; one that is longer is let in alone.
const MAX_BYTES: usize = 1 << 20;

/// Where the messages of a connection arrive while one thread waits for the server's answer and
/// another passes them on.
#[derive(Clone, Debug, Default)]
pub struct Notices(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Notice>,
    bytes: usize,
    /// Whether notices are received; otherwise they are dropped.
    is_listening: bool,
    is_answered: bool,
    /// A COMMIT did not wait for the synchronous standby to its end.
    is_unreplicated: bool,
}

impl State {
    fn is_full(&self) -> bool {
        self.waiting.len() >= MAX_WAITING || self.bytes >= MAX_BYTES
    }
}

impl Notices {
    pub fn push(&self, notice: &DbError) {
        let is_full = |state: &mut State| state.is_listening && state.is_full();
        let room = self.0.changed.wait_while(self.lock(), is_full);
        let mut state = room.unwrap_or_else(PoisonError::into_inner);
        // The server's function that waits: the text is in the language of the server.
        state.is_unreplicated |= notice.routine() == Some("SyncRepWaitForLSN");
        if !state.is_listening {
            return;
        }
        let severity = notice.parsed_severity();
        let severity = severity.map_or_else(|| notice.severity().to_owned(), |s| to_string(&s));
        let (message, at) = (notice.message().to_owned(), Instant::now());
        let may_be_sentinel = may_be_sentinel(notice);
        state.bytes += message.len();
        state.waiting.push(Notice { severity, message, at, may_be_sentinel });
        self.0.changed.notify_all();
    }

    /// Forgets what came before, and waits for an answer again.
    pub fn begin(&self) {
        let mut state = self.lock();
        let is_unreplicated = state.is_unreplicated;
        *state = State { is_listening: true, is_unreplicated, ..State::default() };
    }

    /// Returns a guard that ends the listening when it is dropped: then nothing waits for a notice to be
    /// read.
    pub fn hearing(&self) -> Hearing<'_> {
        Hearing(self)
    }

    /// Announces the answer when it is dropped.
    pub fn answering(&self) -> Answering<'_> {
        Answering(self)
    }

    /// Waits for a message or the answer, but no longer than this. True: the answer is there.
    pub fn wait(&self, longest: Duration) -> (Vec<Notice>, bool) {
        let is_quiet = |state: &mut State| state.waiting.is_empty() && !state.is_answered;
        let woken = self.0.changed.wait_timeout_while(self.lock(), longest, is_quiet);
        let (mut state, _) = woken.unwrap_or_else(PoisonError::into_inner);
        state.bytes = 0;
        let arrived = std::mem::take(&mut state.waiting);
        self.0.changed.notify_all();
        (arrived, state.is_answered)
    }

    /// Returns whether a COMMIT since the last call did not wait for the synchronous standby to its end.
    ///
    /// PostgreSQL documentation: *27.2.8. Synchronous Replication*.
    pub fn take_unreplicated(&self) -> bool {
        std::mem::take(&mut self.lock().is_unreplicated)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub struct Hearing<'n>(&'n Notices);

impl Drop for Hearing<'_> {
    fn drop(&mut self) {
        self.0.lock().is_listening = false;
        self.0.0.changed.notify_all();
    }
}

pub struct Answering<'n>(&'n Notices);

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.lock().is_answered = true;
        self.0.0.changed.notify_all();
    }
}

fn may_be_sentinel(notice: &DbError) -> bool {
    notice.parsed_severity() == Some(Severity::Notice)
        && notice.code() == &SqlState::SUCCESSFUL_COMPLETION
        && notice.routine() == Some("parse_tsquery")
}
