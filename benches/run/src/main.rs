//! What migrations cost at boot: ours, those of the peers, and the floor, side by side.
//!
//! ```sh
//! cargo run --manifest-path benches/Cargo.toml --release --bin run_cost
//! ```
//!
//! builds a program for each tool and number of migrations, runs them in turns against PostgreSQL
//! servers of its own, through a proxy that counts and adds latency, and puts what it found into
//! `docs/performance.md` and `docs/plots`. It needs `psql` and libpq (Debian: `libpq-dev`).

mod apply;
mod arguments;
mod host;
mod idle;
mod plots;
mod project;
mod proxy;
mod samples;
mod scale;
mod start_up;
mod tables;
mod tools;

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use arguments::{Alone, Arguments};
use bench_shared::page;
use host::{Host, Storage};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    fs::create_dir_all(project::work_folder())?;
    match arguments.alone {
        Some(Alone::StartUp) => {
            return tell(&arguments, "start_up", &start_up::section(&arguments)?);
        }
        Some(Alone::Scale) => return tell(&arguments, "scale_run", &scale::section(&arguments)?),
        None => {}
    }
    let psql = psql()?;
    let idle_programs = idle::Programs::build(&arguments, psql.clone())?;
    let apply_programs = apply::Programs::build(&arguments, psql)?;
    let memory = Host::start(Storage::Memory)?;
    let version = memory.version();
    let idle = idle::measure(&arguments, &idle_programs, &memory)?;
    let hosts = [(Storage::Memory, memory), (Storage::Disk, Host::start(Storage::Disk)?)];
    let apply = apply::measure(&arguments, &apply_programs, &hosts)?;

    let mut sections = vec![("run_cost", tables::introduction(version))];
    // What was left out keeps the figures of an earlier run.
    if arguments.idle_rounds > 0 {
        sections.push(("run_cost_idle", tables::idle(&arguments, &idle)));
    }
    if arguments.apply_rounds > 0 {
        sections.push(("run_cost_apply", tables::apply(&arguments, &apply)));
    }
    for (name, section) in &sections {
        tell(&arguments, name, section)?;
    }
    if arguments.write {
        plots::write(&arguments, &idle, &apply)?;
    }
    Ok(())
}

fn tell(arguments: &Arguments, name: &str, section: &str) -> Result<(), Box<dyn Error>> {
    println!("{section}");
    if arguments.write {
        page::write(name, section)?;
    }
    Ok(())
}

/// That of the server. The one that Debian has on the path is a script, which takes longer to start
/// than what is measured.
fn psql() -> Result<PathBuf, Box<dyn Error>> {
    let psql = lokstra_scratch::find::binaries()?.join("psql");
    let psql = if psql.exists() { psql } else { "psql".into() };
    match Command::new(&psql).arg("--version").output() {
        Ok(_) => Ok(psql),
        Err(_) => Err("there is no `psql`: Debian has it in `postgresql-client`".into()),
    }
}
