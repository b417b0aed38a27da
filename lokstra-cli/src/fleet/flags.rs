//! `-targets`, `-schemas`, `-jobs` and `-fail-fast`.

use std::num::NonZeroU32;

use clap::{Arg, ArgGroup, Command};

use crate::call::CommandContext;
use crate::call::flags::{DB, Flag, Switch, count, text};

/// Few enough for a server with the default of 100 connections.
const DEFAULT_JOBS: usize = 4;

/// The group of `-targets` and `-schemas`.
pub(crate) const GROUP: &str = "fleet";

pub(super) const TARGETS: Flag<String> = Flag::new(
    "targets",
    "FILE",
    text,
    "Many databases: a file with a URL per line, or\npools (pool:tenant_*)",
);
pub(super) const SCHEMAS: Flag<String> =
    Flag::new("schemas", "QUERY", text, "Many schemas of one database: a query that lists\nthem");
const JOBS: Flag<NonZeroU32> =
    Flag::new("jobs", "N", count, "How many targets at a time [default: 4]");
pub(super) const FAIL_FAST: Switch =
    Switch::new("fail-fast", "Start no further target after one has failed");

/// `-targets`, `-schemas` and `-jobs`
pub(crate) fn flags(command: Command) -> Command {
    let group = ArgGroup::new(GROUP).args([TARGETS.name, SCHEMAS.name]);
    let targets = TARGETS.arg().conflicts_with(DB.name);
    let schemas = SCHEMAS.arg().conflicts_with(TARGETS.name);
    command.args([targets, schemas, JOBS.arg().requires(GROUP)]).group(group)
}

/// `-fail-fast`
pub(crate) fn fail_fast() -> Arg {
    FAIL_FAST.arg().requires(GROUP)
}

/// Whether the command has many targets.
pub(crate) fn is_asked_for(context: &CommandContext<'_>) -> bool {
    context.get(&TARGETS).is_some() || context.get(&SCHEMAS).is_some()
}

pub(super) fn jobs(context: &CommandContext<'_>) -> usize {
    let jobs = context.get(&JOBS);
    jobs.and_then(|jobs| jobs.get().try_into().ok()).unwrap_or(DEFAULT_JOBS)
}
