//! One set of migrations for many databases or many schemas: `-targets` and `-schemas`.

mod error;
mod pattern;
mod run_parallel;
mod status;
mod targets;
mod up;

use std::num::NonZeroU32;

use clap::{Arg, ArgGroup, Command};
pub(crate) use status::status;
pub(crate) use up::up;

use crate::call::Call;
use crate::call::flags::flag;

/// So many that a server with the default of 100 connections does not notice.
const JOBS: usize = 4;

/// `-targets`, `-schemas` and `-jobs`
pub(crate) fn flags(command: Command) -> Command {
    let targets = Arg::new("targets")
        .long("targets")
        .value_name("FILE")
        .conflicts_with("db")
        .help("Many databases: a file with a URL a line, or pools (pool:tenant_*)");
    let schemas = Arg::new("schemas")
        .long("schemas")
        .value_name("QUERY")
        .conflicts_with("targets")
        .help("Many schemas of one database: a query that lists them");
    let jobs = Arg::new("jobs")
        .long("jobs")
        .value_name("N")
        .value_parser(clap::value_parser!(NonZeroU32))
        .requires("fleet")
        .help("How many targets to work on at a time [default: 4]");
    let fleet = ArgGroup::new("fleet").args(["targets", "schemas"]);
    command.args([targets, schemas, jobs]).group(fleet)
}

/// `-fail-fast`
pub(crate) fn fail_fast() -> Arg {
    flag("fail-fast", "Begin with no further target once one failed").requires("fleet")
}

/// Whether the command is about many targets.
pub(crate) fn is_asked_for(call: &Call<'_>) -> bool {
    call.text("targets").is_some() || call.text("schemas").is_some()
}

fn jobs(call: &Call<'_>) -> usize {
    let jobs = call.value::<NonZeroU32>("jobs");
    jobs.and_then(|jobs| jobs.get().try_into().ok()).unwrap_or(JOBS)
}

/// Every line of a text but the first, moved to the right.
fn indented(text: &str) -> String {
    text.replace('\n', "\n    ")
}
