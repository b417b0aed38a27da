//! SIGTERM and SIGINT on a [`Stop`].

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use super::{Level, Shared, Stop};

const SIGNALS: [i32; 2] = [SIGTERM, SIGINT];

/// What SIGTERM and SIGINT do once the last clone of a [`Stop`] is dropped that listened to them. The
/// process cannot forget that it ever handled a signal, so they do not end it by themselves any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalPolicy {
    /// They end the process, as in a program that does not handle them. Not for a program that handles them itself
    /// after its migrations: it would not be asked.
    EndProcess,
    /// Nothing but what the program's own handlers do, installed before or afterwards, such as those
    /// of `tokio::signal` or `signal-hook`.
    OwnHandlers,
}

impl Stop {
    /// Makes a handle on which the first SIGTERM or SIGINT of this process calls
    /// [`finish_current`](Stop::finish_current), and the second [`cancel`](Stop::cancel), until its last clone
    /// is dropped.
    ///
    /// # Errors
    ///
    /// If the process has no file descriptor or no thread left.
    pub fn on_signals(policy: SignalPolicy) -> io::Result<Stop> {
        let signals = Signals::new(SIGNALS)?;
        let stop = Stop::new();
        stop.0.signals.get_or_init(|| Listening::new(signals.handle(), policy));
        if policy == SignalPolicy::EndProcess {
            end_process_when_idle()?;
        }
        // Not a clone, which would keep the handle and so the thread for ever.
        let shared = Arc::downgrade(&stop.0);
        let thread = std::thread::Builder::new().name("lokstra-signals".to_owned());
        thread.spawn(move || listen(signals, &shared))?;
        Ok(stop)
    }
}

fn listen(mut signals: Signals, shared: &Weak<Shared>) {
    let mut level = Level::FinishCurrent;
    for _ in signals.forever() {
        let Some(shared) = shared.upgrade() else { break };
        Stop(shared).raise(level);
        level = Level::Cancel;
    }
}

/// How many handles listen.
static LISTENING: Mutex<usize> = Mutex::new(0);

/// There is no listener, and the last one wanted the process to end.
static IS_IDLE: AtomicBool = AtomicBool::new(false);

/// Until it is dropped, signals have a listener.
pub(super) struct Listening {
    handle: Handle,
    policy: SignalPolicy,
}

impl Listening {
    fn new(handle: Handle, policy: SignalPolicy) -> Listening {
        *count() += 1;
        IS_IDLE.store(false, Ordering::SeqCst);
        Listening { handle, policy }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.handle.close();
        let mut count = count();
        *count -= 1;
        let ends = *count == 0 && self.policy == SignalPolicy::EndProcess;
        IS_IDLE.store(ends, Ordering::SeqCst);
    }
}

fn count() -> MutexGuard<'static, usize> {
    LISTENING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn end_process_when_idle() -> io::Result<()> {
    static IS_DONE: Mutex<bool> = Mutex::new(false);
    let mut is_done = IS_DONE.lock().unwrap_or_else(PoisonError::into_inner);
    if !std::mem::replace(&mut *is_done, true) {
        for signal in SIGNALS {
            signal_hook::flag::register_conditional_default(signal, &IS_IDLE)?;
        }
    }
    Ok(())
}
