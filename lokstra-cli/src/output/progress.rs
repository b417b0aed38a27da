//! What runs and for how long, on the standard error: one line that is rewritten on a terminal, and a
//! line now and then in a log.

use std::io::{StderrLock, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lokstra_core::printable_line;
use lokstra_runtime::Event;

/// How long work runs before it is shown.
const TICK: Duration = Duration::from_millis(500);

/// How often a log shows that work is still running.
const LOG_INTERVAL: Duration = Duration::from_secs(30);

/// Moves to the first column and clears the line. ECMA-48: *8.3.41 EL*.
const CLEAR: &str = "\r\x1b[K";

/// Makes the terminal cut off a long line: a wrapped line could not be cleared. xterm control sequences:
/// *DECAWM*.
const NO_WRAP: (&str, &str) = ("\x1b[?7l", "\x1b[?7h");

/// What runs, and the thread that shows it.
pub(crate) struct Progress {
    shared: Arc<Shared>,
    ticker: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    is_terminal: bool,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    work: Option<Work>,
    /// How many scripts of this database are done, and how many there are.
    scripts: (usize, usize),
    is_drawn: bool,
    is_over: bool,
}

struct Work {
    what: String,
    since: Instant,
    /// How long it may take.
    limit: Option<Duration>,
    /// When it was last logged.
    logged: Instant,
}

impl Progress {
    /// Creates a progress line without work.
    pub(crate) fn new(is_terminal: bool) -> Progress {
        let shared = Shared { is_terminal, state: Mutex::default(), changed: Condvar::new() };
        Progress { shared: Arc::new(shared), ticker: Mutex::default() }
    }

    /// Whether it is one line that is rewritten.
    pub(crate) fn is_terminal(&self) -> bool {
        self.shared.is_terminal
    }

    /// Shows that this work runs from now on.
    pub(crate) fn begin(&self, what: impl Into<String>) {
        self.set(Some((what.into(), Instant::now())));
    }

    /// Shows that nothing runs.
    pub(crate) fn end(&self) {
        self.set(None);
    }

    /// Follows the events of a run; `prefix` names the database.
    pub(crate) fn follow(&self, event: &Event<'_>, prefix: &str) {
        match event {
            Event::Planned { steps, .. } => self.shared.lock().scripts = (0, *steps),
            Event::StepStarted { step, .. } => {
                self.begin(format!("{prefix}{}{step}", self.count()));
            }
            Event::Statement { step, nth, total, .. } => {
                let what = format!("{prefix}{}{step}: statement {nth} of {total}", self.count());
                self.set(Some((what, Instant::now())));
            }
            Event::StepFinished { .. } => {
                self.shared.lock().scripts.0 += 1;
                self.end();
            }
            Event::Waiting { holder, waited, limit, .. } if self.is_terminal() => {
                let holder = holder.map_or_else(String::new, |holder| format!(": {holder}"));
                let what = format!("{prefix}waiting for another migration{holder}");
                self.wait(what, ago(*waited), *limit);
            }
            Event::Connecting { error, waited, limit, .. } if self.is_terminal() => {
                let error = error.to_string();
                let what = format!("waiting: {}", error.lines().next().unwrap_or_default());
                self.wait(what, ago(*waited), *limit);
            }
            Event::Failed { .. }
            | Event::Cancelled { .. }
            | Event::Retrying { .. }
            | Event::Reconnecting { .. }
            | Event::Waiting { .. }
            | Event::RunFinished { .. } => self.end(),
            _ => {}
        }
    }

    /// Clears the line and writes something else.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        let mut state = self.shared.lock();
        state.clear(&mut std::io::stderr().lock());
        write()
    }

    /// `[2/5] `, or nothing for a single script.
    fn count(&self) -> String {
        match self.shared.lock().scripts {
            (_, 0 | 1) => String::new(),
            (done, all) => format!("[{}/{all}] ", done + 1),
        }
    }

    fn set(&self, work: Option<(String, Instant)>) {
        self.show(work.map(|(what, since)| Work { what, since, limit: None, logged: since }));
    }

    fn wait(&self, what: String, since: Instant, limit: Option<Duration>) {
        self.show(Some(Work { what, since, limit, logged: since }));
    }

    fn show(&self, work: Option<Work>) {
        let mut state = self.shared.lock();
        state.clear(&mut std::io::stderr().lock());
        state.work = work;
        if state.work.is_none() {
            return;
        }
        drop(state);
        let mut ticker = self.ticker.lock().unwrap_or_else(PoisonError::into_inner);
        if ticker.is_none() {
            let shared = Arc::clone(&self.shared);
            // Without a thread, there is no progress line.
            let named = std::thread::Builder::new().name("lokstra-progress".to_owned());
            *ticker = named.spawn(move || shared.tick()).ok();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.clear(&mut std::io::stderr().lock());
        state.is_over = true;
        drop(state);
        self.shared.changed.notify_all();
        let ticker = self.ticker.get_mut().unwrap_or_else(PoisonError::into_inner);
        ticker.take().map(JoinHandle::join);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Redraws the line until the end.
    fn tick(&self) {
        let mut state = self.lock();
        while !state.is_over {
            let woken = self.changed.wait_timeout(state, TICK);
            (state, _) = woken.unwrap_or_else(PoisonError::into_inner);
            if !state.is_over {
                state.show(self.is_terminal, &mut std::io::stderr().lock());
            }
        }
    }
}

impl State {
    fn show(&mut self, is_terminal: bool, out: &mut impl Write) {
        let Some(work) = &mut self.work else { return };
        let elapsed = work.since.elapsed();
        // A failure cannot be reported anywhere.
        if is_terminal && elapsed >= TICK {
            let (begin, end) = NO_WRAP;
            let limit = work.limit.map_or_else(String::new, |it| format!(" of {} s", it.as_secs()));
            let (what, seconds) = (printable_line(&work.what), elapsed.as_secs());
            let line = format!("{begin}{what} ({seconds} s{limit}){end}");
            write!(out, "{CLEAR}{line}").and_then(|()| out.flush()).ok();
            self.is_drawn = true;
        } else if !is_terminal && work.logged.elapsed() >= LOG_INTERVAL {
            work.logged = Instant::now();
            writeln!(
                out,
                "still running: {} ({} s)",
                printable_line(&work.what),
                elapsed.as_secs()
            )
            .ok();
        }
    }

    fn clear(&mut self, out: &mut StderrLock<'_>) {
        if std::mem::take(&mut self.is_drawn) {
            out.write_all(CLEAR.as_bytes()).and_then(|()| out.flush()).ok();
        }
    }
}

/// The instant this long ago.
fn ago(waited: Duration) -> Instant {
    Instant::now().checked_sub(waited).unwrap_or_else(Instant::now)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line for work that began, and was last logged, this long ago.
    fn shown(is_terminal: bool, seconds: u64, logged: u64) -> String {
        let (since, logged) = (ago(Duration::from_secs(seconds)), ago(Duration::from_secs(logged)));
        let work = Some(Work { what: "002_orders".to_owned(), since, limit: None, logged });
        let mut out = Vec::new();
        State { work, ..State::default() }.show(is_terminal, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_terminal_has_one_line_that_does_not_wrap() {
        assert_eq!(shown(true, 7, 7), "\r\x1b[K\x1b[?7l002_orders (7 s)\x1b[?7h");
        assert_eq!(shown(true, 0, 0), "");
    }

    #[test]
    fn a_log_hears_of_what_runs_long_now_and_then() {
        assert_eq!(shown(false, 29, 29), "");
        assert_eq!(shown(false, 65, 31), "still running: 002_orders (65 s)\n");
        assert_eq!(shown(false, 65, 1), "");
    }
}
