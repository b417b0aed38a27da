//! Databases that are to be dropped, while other tests run.

use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use super::{Host, lock};
use crate::names::TEST;

/// To drop a database, the server writes a checkpoint: that takes a second on a slow disk, and one is
/// enough for all that are dropped at the same time. So a test leaves its database to a thread, and the
/// last test of the process waits for it, so that nothing is left then.
#[derive(Default)]
pub(crate) struct Drops {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<String>,
    is_working: bool,
    /// Databases that tests have or wait for.
    in_use: usize,
}

/// At the same time, each over a session of its own.
const AT_ONCE: usize = 8;

impl Drops {
    pub(super) fn add(&self, names: impl Iterator<Item = String>) {
        lock(&self.state).waiting.extend(names);
    }

    /// A test begins to wait for its database.
    pub(crate) fn enter(&self) {
        lock(&self.state).in_use += 1;
        self.changed.notify_all();
    }
}

impl Host {
    /// Drops what waits for it, on a thread of its own.
    pub(crate) fn start_dropping(self: &Arc<Host>) {
        let mut state = lock(&self.drops.state);
        if state.waiting.is_empty() || state.is_working {
            return;
        }
        state.is_working = true;
        let host = Arc::clone(self);
        thread::spawn(move || host.drop_all());
    }

    /// A test has ended with its database. Returns when it is gone, if no other test of this process is
    /// under way.
    pub(crate) fn leave(self: &Arc<Host>, name: Option<String>) {
        let mut state = lock(&self.drops.state);
        state.in_use -= 1;
        state.waiting.extend(name);
        drop(state);
        self.start_dropping();
        let mut state = lock(&self.drops.state);
        while state.in_use == 0 && state.is_working {
            let woken = self.drops.changed.wait(state);
            state = woken.unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    /// Drops these databases behind what else waits.
    pub(crate) fn drop_later(self: &Arc<Host>, names: impl Iterator<Item = String>) {
        self.drops.add(names);
        self.start_dropping();
    }

    fn drop_all(&self) {
        loop {
            let mut state = lock(&self.drops.state);
            let batch: Vec<String> = {
                let count = state.waiting.len().min(AT_ONCE);
                state.waiting.drain(..count).collect()
            };
            if batch.is_empty() {
                state.is_working = false;
                self.drops.changed.notify_all();
                return;
            }
            drop(state);
            if let [name] = &*batch {
                self.drop_one(name);
                continue;
            }
            thread::scope(|scope| {
                for name in &batch {
                    scope.spawn(|| self.drop_one(name));
                }
            });
        }
    }

    /// At best: another process may be faster, or the server may be gone. What is left goes with the next
    /// process that comes.
    fn drop_one(&self, name: &str) {
        let done = self.session(|client| {
            if !name.starts_with(TEST) {
                let alter = format!("ALTER DATABASE {name} IS_TEMPLATE false");
                client.batch_execute(&alter).ok();
            }
            client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).ok();
            Ok(())
        });
        done.ok();
    }
}
