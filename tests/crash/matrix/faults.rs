//! The harm that is done, and when.

use std::fmt;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use lokstra::postgres::{Client, NoTls};
use lokstra::{Error, Report};
use lokstra_scratch::PrivateServer;

use super::work::{Direction, migrate};
use lokstra_test_support::proxy::{Point, Then};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    /// `SIGKILL` of the process that migrates.
    Kill,
    /// `pg_terminate_backend`.
    Terminate,
    /// Immediate shutdown of the server, and a restart with its data. What a crash of the server's
    /// processes leaves does not depend on `fsync`: the system has what they wrote.
    Crash,
    /// The connection is closed, for both sides.
    Cut,
    /// Nothing arrives any more and nothing tells so, until the network gives up. Meanwhile another
    /// replica boots.
    HalfOpen,
    /// Nothing arrives for a while, and then everything.
    Freeze,
}

/// When: at a message, or at any instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    At(Point),
    AnyTime,
}

pub(crate) const KINDS: [(Harm, When); 17] = [
    (Harm::Kill, When::At(Point::Before)),
    (Harm::Kill, When::At(Point::After)),
    (Harm::Kill, When::AnyTime),
    (Harm::Terminate, When::At(Point::Before)),
    (Harm::Terminate, When::At(Point::After)),
    (Harm::Terminate, When::AnyTime),
    (Harm::Crash, When::At(Point::Before)),
    (Harm::Crash, When::At(Point::After)),
    (Harm::Crash, When::AnyTime),
    (Harm::Cut, When::At(Point::Before)),
    (Harm::Cut, When::At(Point::Inside)),
    (Harm::Cut, When::At(Point::After)),
    (Harm::Cut, When::At(Point::Answer)),
    (Harm::HalfOpen, When::At(Point::Before)),
    (Harm::HalfOpen, When::At(Point::After)),
    (Harm::Freeze, When::At(Point::Inside)),
    (Harm::Freeze, When::At(Point::After)),
];

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Harm::Kill => "client killed",
            Harm::Terminate => "backend terminated",
            Harm::Crash => "server crashed",
            Harm::Cut => "connection cut",
            Harm::HalfOpen => "half-open",
            Harm::Freeze => "frozen",
        })
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            When::At(Point::Before) => "before a message",
            When::At(Point::Inside) => "within a message",
            When::At(Point::After) => "before its answer",
            When::At(Point::Answer) => "within its answer",
            When::AnyTime => "at any instant",
        })
    }
}

/// A run on a thread.
pub(crate) type Replica = JoinHandle<Result<Report, Error>>;

/// What the harm is done to.
pub(crate) struct Victim {
    pub(crate) server: Arc<PrivateServer>,
    /// The URL of the database, without a proxy.
    pub(crate) url: String,
    /// The process that migrates, once it has been started, if it is one.
    pub(crate) child: Arc<Mutex<Option<Child>>>,
    pub(crate) direction: Direction,
    /// Another replica that boots meanwhile.
    pub(crate) other: Arc<Mutex<Option<Replica>>>,
}

impl Harm {
    pub(crate) fn act(self, victim: &Victim) -> Then {
        match self {
            Harm::Kill => loop {
                if let Some(child) = &mut *victim.child.lock().unwrap() {
                    child.kill().unwrap();
                    return Then::Cut;
                }
                std::thread::yield_now();
            },
            Harm::Terminate => {
                let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                           WHERE datname = current_database() AND pid <> pg_backend_pid()
                               AND backend_type = 'client backend'";
                Client::connect(&victim.url, NoTls).unwrap().batch_execute(end).unwrap();
                Then::GoOn
            }
            Harm::Crash => {
                victim.server.kill().unwrap();
                victim.server.restart().unwrap();
                Then::GoOn
            }
            Harm::Cut => Then::Cut,
            Harm::HalfOpen => {
                let (url, direction) = (victim.url.clone(), victim.direction);
                let other = std::thread::spawn(move || migrate(&url, direction));
                *victim.other.lock().unwrap() = Some(other);
                std::thread::sleep(HALF_OPEN);
                Then::Cut
            }
            Harm::Freeze => {
                // The connection stands still for a while, and that is all of the fault.
                std::thread::sleep(Duration::from_millis(150));
                Then::GoOn
            }
        }
    }
}

const HALF_OPEN: Duration = Duration::from_millis(400);

/// Random numbers that a seed repeats (`SplitMix64`).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    pub(crate) fn shuffled(&mut self, length: usize) -> Vec<usize> {
        let mut all: Vec<_> = (0..length).collect();
        for last in (1..length).rev() {
            all.swap(last, self.below(last + 1));
        }
        all
    }
}
