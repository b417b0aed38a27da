//! Boot with an empty database: every migration is pending.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use bench_shared::migrations::{self, Migration};

use crate::arguments::{Arguments, LONG};
use crate::host::{self, Host, Storage};
use crate::project::{self, work_folder};
use crate::samples::{Case, Samples};
use crate::tools::TOOLS;

/// The entrants behind the tools.
pub(crate) const MESSAGES: usize = TOOLS.len();
pub(crate) const PSQL_EACH: usize = MESSAGES + 1;
pub(crate) const PSQL_SINGLE: usize = PSQL_EACH + 1;
pub(crate) const ENTRANTS: usize = PSQL_SINGLE + 1;

pub(crate) fn title(entrant: usize) -> &'static str {
    match entrant {
        MESSAGES => "client, one message each",
        PSQL_EACH => "`psql`, a transaction each",
        PSQL_SINGLE => "`psql`, one transaction",
        tool => TOOLS[tool].name,
    }
}

pub(crate) struct Programs {
    tools: BTreeMap<usize, PathBuf>,
    floor: PathBuf,
    psql: PathBuf,
    scripts: Scripts,
}

/// The same SQL, for those that embed nothing.
struct Scripts {
    messages: PathBuf,
    each: PathBuf,
    single: PathBuf,
}

impl Programs {
    pub(crate) fn build(arguments: &Arguments, psql: PathBuf) -> Result<Programs, Box<dyn Error>> {
        let set: Vec<_> = (1..=arguments.pending).map(migrations::table).collect();
        Ok(Programs {
            tools: project::tools(arguments, "tables", &set)?,
            floor: project::floor()?,
            psql,
            scripts: Scripts::write(&set)?,
        })
    }

    fn command(&self, entrant: usize) -> Command {
        match entrant {
            MESSAGES => {
                let mut floor = Command::new(&self.floor);
                floor.arg(&self.scripts.messages);
                floor
            }
            PSQL_EACH => self.psql("-Xq", &self.scripts.each),
            PSQL_SINGLE => self.psql("-Xq1", &self.scripts.single),
            tool => Command::new(&self.tools[&tool]),
        }
    }

    fn psql(&self, flags: &str, file: &Path) -> Command {
        let mut psql = Command::new(&self.psql);
        psql.args([flags, "-vON_ERROR_STOP=1", "-f"]).arg(file);
        psql
    }
}

impl Scripts {
    fn write(set: &[Migration]) -> Result<Scripts, Box<dyn Error>> {
        let folder = work_folder();
        let file = |name: &str, scripts: Vec<String>, between: &str| {
            let path = folder.join(name);
            fs::write(&path, scripts.join(between)).map(|()| path)
        };
        let ups = || set.iter().map(|migration| migration.up.clone());
        Ok(Scripts {
            messages: file("messages.sql", ups().collect(), "-- next\n")?,
            each: file("each.sql", ups().map(|up| format!("BEGIN;\n{up}COMMIT;\n")).collect(), "")?,
            single: file("single.sql", ups().collect(), "")?,
        })
    }
}

pub(crate) fn measure(
    arguments: &Arguments,
    programs: &Programs,
    hosts: &[(Storage, Host)],
) -> Result<Samples, Box<dyn Error>> {
    let mut samples = Samples::default();
    for round in 0..arguments.apply_rounds {
        for (storage, latency) in places(arguments) {
            if round > 0 && latency >= LONG {
                continue;
            }
            let host = hosts.iter().find(|(kind, _)| *kind == storage).map(|(_, host)| host);
            let host = host.ok_or("no server of this kind")?;
            // No program is always the first.
            for entrant in (0..ENTRANTS).map(|entrant| (entrant + round) % ENTRANTS) {
                if !arguments.takes_part(entrant) || !runs(entrant, latency) {
                    continue;
                }
                let database = host.database()?;
                let cost = host.run(&mut programs.command(entrant), &database, latency)?;
                eprintln!("{storage:?}, {latency:?}: {} took {:.2?}", title(entrant), cost.wall);
                let query = r"SELECT count(*) FROM pg_tables WHERE tablename ~ '^[a-z]+_\d+$'";
                host::assert_count(&database, query, arguments.pending)?;
                let migrations = arguments.pending;
                samples.add(Case { entrant, migrations, storage, latency }, cost);
            }
        }
    }
    Ok(samples)
}

/// Over a network `psql` would pay a round trip a statement, which says nothing about the server.
fn runs(entrant: usize, latency: Duration) -> bool {
    latency.is_zero() || !matches!(entrant, PSQL_EACH | PSQL_SINGLE)
}

/// What the columns of the table are.
pub(crate) fn places(arguments: &Arguments) -> Vec<(Storage, Duration)> {
    let disk = arguments.apply_latencies.iter().map(|latency| (Storage::Disk, *latency));
    [(Storage::Memory, Duration::ZERO)].into_iter().chain(disk).collect()
}
