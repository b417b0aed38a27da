//! What a measurement of runs covers, as its command line says.

use std::time::Duration;

use crate::tools::{LOKSTRA, TOOLS};

/// What to measure, and how often.
#[derive(Clone, Debug)]
pub(crate) struct Arguments {
    /// Numbers of migrations that are all applied.
    pub(crate) counts: Vec<usize>,
    /// The number of migrations that are applied to an empty database.
    pub(crate) pending: usize,
    /// What the proxy adds to each round trip, where there is nothing to do.
    pub(crate) idle_latencies: Vec<Duration>,
    /// The same, where everything is pending.
    pub(crate) apply_latencies: Vec<Duration>,
    pub(crate) idle_rounds: usize,
    /// Rounds of applying where a round trip takes less than [`LONG`].
    pub(crate) apply_rounds: usize,
    pub(crate) peers: bool,
    pub(crate) write: bool,
    /// What is measured instead of all that.
    pub(crate) alone: Option<Alone>,
}

/// What is measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alone {
    /// Instructions before the first byte.
    StartUp,
    /// Large numbers of migrations.
    Scale,
}

/// From here on the round trips are nearly all of the time, and one round of applying says it all.
pub(crate) const LONG: Duration = Duration::from_millis(5);

const USAGE: &str = "\
run_cost [--quick] [--no-peers] [--no-write] [--counts 10,1000,10000]
         [--idle-rounds 60] [--idle-latencies 0,1,10]
         [--apply-rounds 3] [--apply-latencies 0,1,10]
run_cost --start-up [--no-write] [--counts 10,1000,10000,100000]
run_cost --scale [--no-write] [--counts 1000,10000,100000] [--idle-rounds 15]

--quick      fewer migrations, latencies and rounds; writes nothing
--no-peers   lokstra and the floors; writes nothing
--no-write   leaves docs/performance.md and docs/plots as they are
--start-up   nothing but the instructions before the first byte, which take valgrind; fails if they
             depend on the number of migrations
--scale      nothing but large numbers of migrations
0 rounds leave a part out.";

impl Arguments {
    pub(crate) fn parse(mut given: impl Iterator<Item = String>) -> Result<Arguments, String> {
        let mut arguments = Arguments {
            counts: vec![10, 1_000, 10_000],
            pending: 1_000,
            idle_latencies: latencies(&[0, 1, 10]),
            apply_latencies: latencies(&[0, 1, 10]),
            idle_rounds: 60,
            apply_rounds: 3,
            peers: true,
            write: true,
            alone: None,
        };
        while let Some(flag) = given.next() {
            let mut numbers = || -> Result<Vec<usize>, String> {
                let value = given.next().ok_or(USAGE)?;
                let numbers = value.split(',').map(str::parse);
                numbers.collect::<Result<_, _>>().map_err(|_| USAGE.to_owned())
            };
            match flag.as_str() {
                "--quick" => {
                    arguments.counts = vec![10, 1_000];
                    arguments.idle_latencies = latencies(&[0, 1]);
                    arguments.apply_latencies = latencies(&[]);
                    arguments.idle_rounds = 3;
                    arguments.apply_rounds = 1;
                    arguments.write = false;
                }
                "--counts" => arguments.counts = numbers()?,
                "--idle-latencies" => arguments.idle_latencies = latencies(&numbers()?),
                "--apply-latencies" => arguments.apply_latencies = latencies(&numbers()?),
                "--idle-rounds" => arguments.idle_rounds = numbers()?[0],
                "--apply-rounds" => arguments.apply_rounds = numbers()?[0],
                "--no-peers" => {
                    arguments.peers = false;
                    arguments.write = false;
                }
                "--scale" => {
                    arguments.alone = Some(Alone::Scale);
                    arguments.counts = vec![1_000, 10_000, 100_000];
                    arguments.idle_rounds = 15;
                }
                "--start-up" => {
                    arguments.alone = Some(Alone::StartUp);
                    arguments.counts = vec![10, 1_000, 10_000, 100_000];
                }
                "--no-write" => arguments.write = false,
                _ => return Err(USAGE.to_owned()),
            }
        }
        Ok(arguments)
    }

    /// Who of the tools, and of the floors behind them, takes part.
    pub(crate) fn takes_part(&self, entrant: usize) -> bool {
        self.peers || entrant == LOKSTRA || entrant >= TOOLS.len()
    }
}

/// In milliseconds.
fn latencies(of: &[usize]) -> Vec<Duration> {
    of.iter().map(|latency| Duration::from_millis(*latency as u64)).collect()
}
