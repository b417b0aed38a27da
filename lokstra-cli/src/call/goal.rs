//! The flags for the goal of a run, and for showing its plan only.

use clap::Command;
use lokstra_runtime::Goal;

use super::context::CommandContext;
use super::flags::{self, DRY_RUN, SQL, STEPS, TO};

/// `-steps` and `-to`
pub(crate) fn how_far(command: Command) -> Command {
    command
        .arg(flags::steps())
        .arg(TO.arg().help("Apply up to and including this version").conflicts_with(STEPS.name))
}

pub(crate) fn goal(context: &CommandContext<'_>) -> Goal {
    match (context.get(&STEPS), context.get(&TO)) {
        (Some(steps), _) => Goal::Up(steps),
        (None, Some(version)) => Goal::To(version),
        (None, None) => Goal::Latest,
    }
}

/// The flags of a verb that can show its plan instead.
pub(crate) fn dry_run(command: Command) -> Command {
    command.arg(DRY_RUN.arg()).arg(SQL.arg().requires(DRY_RUN.name))
}
