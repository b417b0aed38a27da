//! `goto`: goes to a version, up or down.

use clap::Arg;
use lokstra_core::Version;
use lokstra_runtime::Goal;

use super::down;
use crate::call::{Call, Verb, dry_run, flags};
use crate::output::{CommandError, Exit};
use crate::run::{plan, run_confirmed};

pub(crate) const VERB: Verb = Verb {
    name: "goto",
    about: "Go to a version, up or down",
    details: "Upwards it applies what is pending up to the version, included. Downwards it rolls back \
              everything above the version, and asks first.",
    examples: &[("005", "Wherever the database is"), ("005 -dry-run", "The way there")],
    flags: |command, program| {
        let version = Arg::new("version")
            .required(true)
            .value_name("VERSION")
            .value_parser(flags::version)
            .help("The version that is the newest applied one afterwards");
        flags::policies(dry_run(flags::at_work(command, program)).arg(version)).arg(flags::yes())
    },
    run: goto,
};

fn goto(call: &Call<'_>) -> Result<Exit, CommandError> {
    let Some(version) = call.value::<Version>("version") else { return Ok(Exit::Usage) };
    let target = call.target()?;
    let (mut migrator, mut client) = target.reach()?;
    let is_above = migrator.version(&mut client)?.is_some_and(|newest| newest > version);
    let goal = if is_above { down::to(&target, version)? } else { Goal::To(version) };
    if call.has("dry-run") {
        return plan::show(call, &target, goal);
    }
    let confirmed = plan::confirm_loss(call, &target, goal)?;
    run_confirmed(call, &target, goal, confirmed)
}
