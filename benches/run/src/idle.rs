//! Boot with nothing to do: every migration is applied.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use bench_shared::migrations;
use lokstra_scratch::Database;

use crate::arguments::Arguments;
use crate::host::{self, Host, Storage};
use crate::project;
use crate::samples::{Case, Samples};
use crate::tools::{LOKSTRA, TOOLS};

/// The entrants behind the tools.
pub(crate) const FLOOR: usize = TOOLS.len();
pub(crate) const ROW: usize = FLOOR + 1;
pub(crate) const PSQL: usize = ROW + 1;
pub(crate) const ENTRANTS: usize = PSQL + 1;

pub(crate) fn title(entrant: usize) -> &'static str {
    match entrant {
        FLOOR => "connect and `SELECT 1` (the floor)",
        ROW => "connect and read one row of the history",
        PSQL => "`psql -c 'SELECT 1'`",
        tool => TOOLS[tool].name,
    }
}

/// By number of migrations and tool.
pub(crate) struct Programs {
    tools: Vec<BTreeMap<usize, PathBuf>>,
    floor: PathBuf,
    psql: PathBuf,
}

impl Programs {
    pub(crate) fn build(arguments: &Arguments, psql: PathBuf) -> Result<Programs, Box<dyn Error>> {
        let mut tools = Vec::new();
        for &count in &arguments.counts {
            let set: Vec<_> = (1..=count).map(migrations::function).collect();
            tools.push(project::tools(arguments, "functions", &set)?);
        }
        Ok(Programs { tools, floor: project::floor()?, psql })
    }

    fn command(&self, nth_count: usize, entrant: usize) -> Command {
        match entrant {
            FLOOR => Command::new(&self.floor),
            ROW => {
                let mut floor = Command::new(&self.floor);
                floor.args(["-c", "SELECT version FROM lokstra_core.schema_migrations LIMIT 1"]);
                floor
            }
            PSQL => {
                let mut psql = Command::new(&self.psql);
                psql.args(["-Xqc", "SELECT 1"]);
                psql
            }
            tool => Command::new(&self.tools[nth_count][&tool]),
        }
    }
}

pub(crate) fn measure(
    arguments: &Arguments,
    programs: &Programs,
    host: &Host,
) -> Result<Samples, Box<dyn Error>> {
    let mut samples = Samples::default();
    let storage = Storage::Memory;
    for (nth, &migrations) in arguments.counts.iter().enumerate() {
        eprintln!("nothing to do: applying {migrations} migrations with each tool");
        let databases = migrated(programs, host, nth, migrations)?;
        for round in 0..arguments.idle_rounds {
            for &latency in &arguments.idle_latencies {
                // No program is always the first.
                for entrant in (0..ENTRANTS).map(|entrant| (entrant + round) % ENTRANTS) {
                    if !arguments.takes_part(entrant) {
                        continue;
                    }
                    let database = databases.get(&entrant).unwrap_or(&databases[&LOKSTRA]);
                    let cost = host.run(&mut programs.command(nth, entrant), database, latency)?;
                    samples.add(Case { entrant, migrations, storage, latency }, cost);
                }
            }
        }
    }
    Ok(samples)
}

/// A database for each tool, in which it has applied everything.
fn migrated(
    programs: &Programs,
    host: &Host,
    nth_count: usize,
    migrations: usize,
) -> Result<BTreeMap<usize, Database>, Box<dyn Error>> {
    let mut databases = BTreeMap::new();
    for &tool in programs.tools[nth_count].keys() {
        let database = host.database()?;
        host.run(&mut programs.command(nth_count, tool), &database, Duration::ZERO)?;
        let query = "SELECT count(*) FROM pg_proc WHERE proname LIKE '%total'";
        host::assert_count(&database, query, migrations)?;
        // As a database is that has been there for a while.
        database.client()?.batch_execute("VACUUM ANALYZE")?;
        databases.insert(tool, database);
    }
    Ok(databases)
}
