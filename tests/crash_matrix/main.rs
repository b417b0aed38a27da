//! Every fault at every instant: each migration is done and recorded or neither, each write is done
//! once, and the next run finishes without help.
//!
//! `LOKSTRA_TEST_ROUNDS=1000` is the long form, in which every kind of fault strikes at every message
//! of the run; `LOKSTRA_TEST_SEED` repeats the rounds of a seed.

#[path = "../support/mod.rs"]
mod support;

mod faults;
mod work;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lokstra::ErrorKind;
use lokstra_scratch::{PrivateServer, Server, ServerOptions};

use faults::{Harm, KINDS, Random, Victim, When};
use support::proxy::Proxy;
use support::{child, child_url, column};
use work::{Direction, Stage, check, leftovers, migrate, prepare};

const TEST: &str = "every_fault_at_every_instant_loses_nothing_and_does_nothing_twice";

/// A number from the environment.
fn number<T: std::str::FromStr>(variable: &str) -> Option<T> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable}: `{value}` is not a number")))
}

/// What the run that was harmed came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Finished,
    Told,
    Killed,
}

/// The end of the run that was harmed, and how far the work was then, unless the next run began at
/// once.
type Outcome = (End, Option<Stage>);

#[derive(Clone, Copy, Debug)]
struct Round {
    kind: usize,
    direction: Direction,
    /// A message, or an instant in thousandths of an undisturbed run.
    instant: usize,
    /// Whether the next run begins only after the server has noticed.
    is_late: bool,
}

/// A server with a proxy, for one round after the other.
struct Lane {
    server: Arc<PrivateServer>,
    proxy: Proxy,
}

/// What an undisturbed run is.
struct Usual {
    messages: usize,
    time: Duration,
}

impl Lane {
    fn new() -> Lane {
        let server = Arc::new(Server::start(&ServerOptions::new()).unwrap());
        let proxy = Proxy::before(&server);
        Lane { server, proxy }
    }

    fn usual(&self, direction: Direction) -> Usual {
        let database = self.server.database().unwrap();
        prepare(&mut database.client().unwrap(), database.url(), direction);
        self.proxy.disarm();
        let begun = Instant::now();
        migrate(&self.proxy.url(database.name()), direction).unwrap();
        Usual { messages: self.proxy.sent(), time: begun.elapsed() }
    }

    fn round(&self, round: Round, usual: &Usual) -> Result<Outcome, String> {
        let (harm, when) = KINDS[round.kind];
        let direction = round.direction;
        let database = self.server.database().unwrap();
        let url = database.url().to_owned();
        prepare(&mut database.client().unwrap(), &url, direction);
        let proxied = self.proxy.url(database.name());
        let slot = Arc::new(Mutex::new(None));
        let victim =
            Victim { server: Arc::clone(&self.server), url: url.clone(), child: Arc::clone(&slot) };
        // Held while harm is done: the next run finds a server that is there again.
        let harming = Arc::new(Mutex::new(()));
        let guard = Arc::clone(&harming);
        let act = move || {
            let _guard = guard.lock().unwrap();
            harm.act(&victim)
        };
        let mut striker = None;
        match when {
            When::At(point) => self.proxy.arm(round.instant, point, act),
            When::AnyTime => {
                self.proxy.disarm();
                let delay = usual.time * u32::try_from(round.instant).unwrap() / 1000;
                striker = Some(std::thread::spawn(move || {
                    std::thread::sleep(delay);
                    act();
                }));
            }
        }
        let other = (harm == Harm::HalfOpen).then(|| {
            let url = url.clone();
            std::thread::spawn(move || migrate(&url, direction))
        });
        let end = if harm.needs_process() {
            let word = if direction == Direction::Up { "up" } else { "down" };
            *slot.lock().unwrap() = Some(child(TEST, &format!("{word} {proxied}")));
            // The slot is free while we wait, for the one who kills.
            let status = loop {
                let status = slot.lock().unwrap().as_mut().unwrap().try_wait().unwrap();
                match status {
                    Some(status) => break status,
                    None => std::thread::sleep(Duration::from_millis(1)),
                }
            };
            match status.code() {
                None => End::Killed,
                Some(0) => End::Finished,
                Some(code) => return Err(format!("the process ended with {code}")),
            }
        } else {
            match migrate(&proxied, direction) {
                Ok(_) => End::Finished,
                Err(error) => match error.kind() {
                    ErrorKind::ConnectionLost { .. } | ErrorKind::Connect { .. } => End::Told,
                    _ => return Err(error.to_string()),
                },
            }
        };
        if let Some(striker) = striker {
            striker.join().unwrap();
        }
        drop(harming.lock().unwrap());
        if let Some(other) = other {
            other.join().unwrap().map_err(|error| format!("the other replica: {error}"))?;
        }
        let mut stage = None;
        if round.is_late {
            let mut client = self.settled(&url);
            stage = Some(check(&mut client, direction)?);
        }
        migrate(&url, direction).map_err(|error| format!("the next run: {error}"))?;
        let mut client = self.settled(&url);
        match check(&mut client, direction)? {
            Stage::All => {}
            stage => return Err(format!("the next run left it {stage:?}")),
        }
        match leftovers(&mut client).as_str() {
            "" => Ok((end, stage)),
            left => Err(format!("left over: {left}")),
        }
    }

    /// A client, once the sessions of others have ended.
    fn settled(&self, url: &str) -> lokstra::postgres::Client {
        let mut client = lokstra::postgres::Client::connect(url, lokstra::postgres::NoTls).unwrap();
        let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                          AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
        let begun = Instant::now();
        while column(&mut client, others) != "0" {
            assert!(begun.elapsed() < Duration::from_secs(30), "a session does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
        client
    }
}

/// The rounds of a seed: each kind of fault in its turn, at each instant in a random order.
fn rounds(seed: u64, count: usize, messages: [usize; 2]) -> Vec<Round> {
    let mut random = Random(seed);
    let instants: Vec<Vec<usize>> =
        KINDS.iter().map(|_| random.shuffled(messages[0] + messages[1])).collect();
    let round = |nth: usize| {
        let kind = nth % KINDS.len();
        let turns = &instants[kind];
        let turn = turns[nth / KINDS.len() % turns.len()];
        let (direction, message) = match turn.checked_sub(messages[0]) {
            None => (Direction::Up, turn),
            Some(message) => (Direction::Down, message),
        };
        let instant = match KINDS[kind].1 {
            When::At(_) => message,
            When::AnyTime => random.below(1000),
        };
        Round { kind, direction, instant, is_late: random.below(4) > 0 }
    };
    (0..count).map(round).collect()
}

#[test]
fn every_fault_at_every_instant_loses_nothing_and_does_nothing_twice() {
    if let Some(order) = child_url() {
        let (word, url) = order.split_once(' ').unwrap();
        let direction = if word == "up" { Direction::Up } else { Direction::Down };
        migrate(url, direction).unwrap();
        return;
    }
    let count = number("LOKSTRA_TEST_ROUNDS").unwrap_or(50);
    let seed = number("LOKSTRA_TEST_SEED")
        .unwrap_or_else(|| RandomState::new().hash_one("crash matrix") >> 32);
    let lanes: Vec<Lane> = (0..2).map(|_| Lane::new()).collect();
    let usual = [Direction::Up, Direction::Down].map(|direction| lanes[0].usual(direction));
    let rounds = rounds(seed, count, [usual[0].messages, usual[1].messages]);
    let next = Mutex::new(rounds.iter().enumerate());
    let table = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for lane in &lanes {
            scope.spawn(|| {
                loop {
                    let Some((nth, round)) = next.lock().unwrap().next() else { return };
                    let usual = &usual[usize::from(round.direction == Direction::Down)];
                    let (harm, when) = KINDS[round.kind];
                    match lane.round(*round, usual) {
                        Ok(outcome) => {
                            let mut table = table.lock().unwrap();
                            table.entry(round.kind).or_insert_with(Vec::new).push(outcome);
                        }
                        Err(problem) => panic!(
                            "LOKSTRA_TEST_SEED={seed}, round {nth}: {harm} {when} ({round:?})\n{problem}"
                        ),
                    }
                }
            });
        }
    });
    print(&table.into_inner().unwrap(), seed, &usual);
}

/// Faults and outcomes: how the harmed run ended, and how far the work was when the next one began.
fn print(table: &BTreeMap<usize, Vec<Outcome>>, seed: u64, usual: &[Usual; 2]) {
    let [up, down] = usual.each_ref().map(|usual| usual.messages);
    println!("LOKSTRA_TEST_SEED={seed}; {up} messages up, {down} down");
    println!(
        "{:<36} {:>6} | {:>8} {:>5} {:>6} | {:>7} {:>7} {:>6} {:>4} {:>7}",
        "fault",
        "rounds",
        "finished",
        "told",
        "killed",
        "nothing",
        "between",
        "within",
        "all",
        "at once"
    );
    for (kind, outcomes) in table {
        let (harm, when) = KINDS[*kind];
        let ends = |end| outcomes.iter().filter(|outcome| outcome.0 == end).count();
        let stages = |stage| outcomes.iter().filter(|outcome| outcome.1 == stage).count();
        println!(
            "{:<36} {:>6} | {:>8} {:>5} {:>6} | {:>7} {:>7} {:>6} {:>4} {:>7}",
            format!("{harm} {when}"),
            outcomes.len(),
            ends(End::Finished),
            ends(End::Told),
            ends(End::Killed),
            stages(Some(Stage::Nothing)),
            stages(Some(Stage::Between)),
            stages(Some(Stage::Within)),
            stages(Some(Stage::All)),
            stages(None),
        );
    }
}
