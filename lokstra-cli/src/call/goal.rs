//! Flags that say how far a run goes, and that it only shows its plan.

use std::num::NonZeroU32;

use clap::Command;
use lokstra_runtime::Goal;

use super::context::Call;
use super::flags::{self, flag};

/// `-steps` and `-to`
pub(crate) fn how_far(command: Command) -> Command {
    command
        .arg(flags::steps("Apply that many"))
        .arg(flags::to("Apply up to this version, included").conflicts_with("steps"))
}

pub(crate) fn goal(call: &Call<'_>) -> Goal {
    match (call.value::<NonZeroU32>("steps"), call.to()) {
        (Some(steps), _) => Goal::Up(steps),
        (None, Some(version)) => Goal::To(version),
        (None, None) => Goal::Latest,
    }
}

pub(crate) fn sql() -> clap::Arg {
    flag("sql", "Write the SQL too")
}

/// The flags of a verb that can show its plan instead.
pub(crate) fn dry_run(command: Command) -> Command {
    command
        .arg(flag("dry-run", "Show what would run, and run nothing"))
        .arg(sql().requires("dry-run"))
}
