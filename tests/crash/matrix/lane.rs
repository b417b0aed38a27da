//! A server on which one round follows the other.

use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lokstra::ErrorKind;
use lokstra::postgres::{Client, NoTls};
use lokstra_scratch::{PrivateServer, Server, ServerOptions};

use super::faults::{Harm, KINDS, Victim, When};
use super::work::{Direction, Stage, check, leftovers, migrate, prepare};
use super::{End, Outcome, Round};
use lokstra_test_support::proxy::Proxy;
use lokstra_test_support::{column, spawn_self};

/// A server with a proxy, for one round after the other.
pub(crate) struct Lane {
    server: Arc<PrivateServer>,
    proxy: Proxy,
}

/// What an undisturbed run is.
pub(crate) struct Usual {
    pub(crate) messages: usize,
    pub(crate) time: Duration,
}

impl Lane {
    pub(crate) fn new() -> Lane {
        let server = Arc::new(Server::start(&ServerOptions::new()).unwrap());
        let proxy = Proxy::before(&server);
        Lane { server, proxy }
    }

    pub(crate) fn usual(&self, direction: Direction) -> Usual {
        let database = self.server.database().unwrap();
        prepare(&mut database.client().unwrap(), database.url(), direction);
        self.proxy.disarm();
        let begun = Instant::now();
        migrate(&self.proxy.url(database.name()), direction).unwrap();
        Usual { messages: self.proxy.sent(), time: begun.elapsed() }
    }

    pub(crate) fn round(&self, round: Round, usual: &Usual) -> Result<Outcome, String> {
        let (harm, when) = KINDS[round.kind];
        let direction = round.direction;
        let database = self.server.database().unwrap();
        let url = database.url().to_owned();
        prepare(&mut database.client().unwrap(), &url, direction);
        let proxied = self.proxy.url(database.name());
        let (child, other) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(None)));
        let victim = Victim {
            server: Arc::clone(&self.server),
            url: url.clone(),
            child: Arc::clone(&child),
            direction,
            other: Arc::clone(&other),
        };
        let act = move || harm.act(&victim);
        let mut striker = None;
        match when {
            When::At(point) => self.proxy.arm(round.instant, point, act),
            When::AnyTime => {
                self.proxy.disarm();
                let delay = usual.time * u32::try_from(round.instant).unwrap() / 1000;
                striker = Some(std::thread::spawn(move || {
                    std::thread::sleep(delay);
                    act()
                }));
            }
        }
        let mut end = match harm {
            Harm::Kill => run_process(&proxied, direction, &child)?,
            _ => run(&proxied, direction)?,
        };
        // The next run finds a server that is there again.
        match striker {
            Some(striker) => drop(striker.join().unwrap()),
            None if self.proxy.finish() => {}
            None => end = End::Missed,
        }
        if let Some(other) = other.lock().unwrap().take() {
            other.join().unwrap().map_err(|error| format!("the other replica: {error}"))?;
        }
        let mut stage = None;
        if round.is_late {
            let mut client = settled(&url);
            stage = Some(check(&mut client, direction)?);
        }
        migrate(&url, direction).map_err(|error| format!("the next run: {error}"))?;
        let mut client = settled(&url);
        match check(&mut client, direction)? {
            Stage::All => {}
            stage => return Err(format!("the next run left it {stage:?}")),
        }
        match leftovers(&mut client).as_str() {
            "" => Ok((end, stage)),
            left => Err(format!("left over: {left}")),
        }
    }
}

/// A client, once the sessions of others have ended.
fn settled(url: &str) -> Client {
    let mut client = Client::connect(url, NoTls).unwrap();
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                      AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    let begun = Instant::now();
    while column(&mut client, others) != "0" {
        assert!(begun.elapsed() < Duration::from_secs(30), "a session does not end");
        std::thread::sleep(Duration::from_millis(2));
    }
    client
}

fn run(url: &str, direction: Direction) -> Result<End, String> {
    match migrate(url, direction) {
        Ok(_) => Ok(End::Finished),
        Err(error) => match error.kind() {
            ErrorKind::ConnectionLost { .. } | ErrorKind::Connect(_) => Ok(End::Reported),
            _ => Err(error.to_string()),
        },
    }
}

/// Puts the process into the slot, for the one who kills it, and waits for its end.
fn run_process(
    url: &str,
    direction: Direction,
    slot: &Mutex<Option<Child>>,
) -> Result<End, String> {
    *slot.lock().unwrap() = Some(spawn_self(
        super::every_fault_at_every_instant_loses_nothing_and_does_nothing_twice,
        &format!("{direction} {url}"),
    ));
    loop {
        let status = slot.lock().unwrap().as_mut().unwrap().try_wait().unwrap();
        match status.map(|status| status.code()) {
            Some(None) => return Ok(End::Killed),
            Some(Some(0)) => return Ok(End::Finished),
            Some(Some(code)) => return Err(format!("the process ended with {code}")),
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}
