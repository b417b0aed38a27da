//! `goto`: goes to a version, up or down.

use lokstra_core::Version;
use lokstra_runtime::Goal;

use super::down;
use crate::call::flags::{self, Flag};
use crate::call::{CommandContext, Verb, dry_run};
use crate::output::{CommandError, Exit};
use crate::run::{plan, run_confirmed};

const VERSION: Flag<Version> =
    Flag::new("version", "VERSION", flags::version, "The version to go to");

pub(crate) const VERB: Verb = Verb {
    name: "goto",
    about: "Go to a version, up or down",
    details: "Upwards, it applies what is pending up to and including the version. Downwards,\n\
              it rolls back everything above the version, after asking.",
    examples: &[("005", "From any version"), ("005 -dry-run", "The way there")],
    flags: |command, program| {
        flags::add_order_policies(
            dry_run(flags::add_run_flags(command, program)).arg(VERSION.positional()),
        )
        .arg(flags::YES.arg())
    },
    run: goto,
};

fn goto(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let Some(version) = context.get(&VERSION) else { return Ok(Exit::Usage) };
    let target = context.target()?;
    let (mut migrator, mut client) = target.connect_only()?;
    let is_above = migrator.version(&mut client)?.is_some_and(|newest| newest > version);
    let goal = if is_above { down::to(&target, version)? } else { Goal::To(version) };
    if context.has(&flags::DRY_RUN) {
        return plan::show(context, &target, goal);
    }
    let confirmed = plan::confirm_loss(context, &target, goal)?;
    run_confirmed(context, &target, goal, confirmed)
}
