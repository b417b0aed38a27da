//! Pauses between tries, which grow and vary.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant};

use crate::stop::Stop;

/// Returns a number that differs from process to process and from call to call. Not for secrets.
pub fn entropy() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Sleeps between tries: 25 ms at first, doubled up to 2 s, each shortened at random so that many
/// replicas do not come back at the same instant, and never past the deadline.
#[derive(Debug)]
pub struct Backoff {
    started: Instant,
    limit: Option<Duration>,
    next: Duration,
    /// When a log hears of it next.
    due: Duration,
}

/// How long something has been waited for.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    pub waited: Duration,
    pub limit: Option<Duration>,
    pub is_due: bool,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(25);
    const LONGEST: Duration = Duration::from_secs(2);
    const FIRST_WORD: Duration = Duration::from_secs(1);
    const LONGEST_SILENCE: Duration = Duration::from_secs(10);

    /// Creates a backoff with a limit; `None` waits for ever.
    pub fn new(limit: Option<Duration>) -> Backoff {
        Backoff { started: Instant::now(), limit, next: Self::FIRST, due: Self::FIRST_WORD }
    }

    pub fn waited(&self) -> Duration {
        self.started.elapsed()
    }

    /// Returns what to report of the wait. It is worth a line in a log after 1 s, and then after pauses
    /// that double up to 10 s.
    pub fn report(&mut self) -> Wait {
        let (waited, limit) = (self.waited(), self.limit);
        let is_due = waited >= self.due;
        if is_due {
            self.due = waited + waited.min(Self::LONGEST_SILENCE);
        }
        Wait { waited, limit, is_due }
    }

    pub fn is_over(&self) -> bool {
        self.limit.is_some_and(|limit| self.waited() >= limit)
    }

    /// Ends early when the run is to stop.
    pub fn sleep(&mut self, stop: &Stop) {
        let left = self.limit.map_or(Duration::MAX, |limit| limit.saturating_sub(self.waited()));
        let percent = u32::try_from(entropy() % 50).unwrap_or_default() + 50;
        stop.sleep((self.next * percent / 100).min(left));
        self.next = (self.next * 2).min(Self::LONGEST);
    }
}
