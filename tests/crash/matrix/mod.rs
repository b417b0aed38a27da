//! Every fault at every instant: each migration is done and recorded or neither, each write is done
//! once, and the next run finishes without help.
//!
//! `LOKSTRA_TEST_ROUNDS=1000` is the long form, in which every kind of fault strikes at every message
//! of the run; `LOKSTRA_TEST_SEED` repeats the rounds of a seed.

mod faults;
mod lane;
mod work;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;

use faults::{KINDS, Random, When};
use lane::{Lane, Usual};
use work::{Direction, Stage, migrate};

use lokstra_test_support::spawned_url;

/// A number from the environment.
fn number<T: std::str::FromStr>(variable: &str) -> Option<T> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable}: `{value}` is not a number")))
}

/// What the run that was harmed came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// It never came to the message at which harm was to be done.
    Missed,
    Finished,
    Reported,
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
    if let Some(order) = spawned_url() {
        let (word, url) = order.split_once(' ').unwrap();
        migrate(url, word.parse().unwrap()).unwrap();
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

type Is = fn(&Outcome) -> bool;

const COLUMNS: [(&str, Is); 9] = [
    ("missed", |outcome| outcome.0 == End::Missed),
    ("finished", |outcome| outcome.0 == End::Finished),
    ("reported", |outcome| outcome.0 == End::Reported),
    ("killed", |outcome| outcome.0 == End::Killed),
    ("nothing", |outcome| outcome.1 == Some(Stage::Nothing)),
    ("between", |outcome| outcome.1 == Some(Stage::Between)),
    ("within", |outcome| outcome.1 == Some(Stage::Within)),
    ("all", |outcome| outcome.1 == Some(Stage::All)),
    ("at once", |outcome| outcome.1.is_none()),
];

/// Faults and outcomes: how the harmed run ended, and how far the work was when the next one began.
fn print(table: &BTreeMap<usize, Vec<Outcome>>, seed: u64, usual: &[Usual; 2]) {
    let [up, down] = usual.each_ref().map(|usual| usual.messages);
    println!("LOKSTRA_TEST_SEED={seed}; {up} messages up, {down} down");
    let heads = COLUMNS.map(|(head, _)| format!("{head:>9}")).concat();
    println!("{:<36}{:>7}{heads}", "fault", "rounds");
    for (kind, outcomes) in table {
        let (harm, when) = KINDS[*kind];
        let count = |is_it: Is| outcomes.iter().filter(|it| is_it(it)).count();
        let counts = COLUMNS.map(|(_, is_it)| format!("{:>9}", count(is_it))).concat();
        println!("{:<36}{:>7}{counts}", format!("{harm} {when}"), outcomes.len());
    }
}
