use std::num::NonZeroU32;

use clap::Command;
use lokstra_runtime::Goal;

use super::plan;
use super::run::run_towards;
use crate::call::{Call, Verb};
use crate::error::Error;
use crate::exit::Exit;
use crate::flags;
use crate::fleet;

pub(crate) const VERB: Verb = Verb {
    name: "up",
    about: "Apply the pending migrations",
    details: "",
    examples: &[
        ("", "Everything that is pending"),
        ("-dir migrations/01_main-db", "One database of several"),
        ("-db db_main", "Where a pool of config.yaml leads"),
        ("-to 007", "Up to a version, included"),
        ("-targets tenants.txt -jobs 8", "Many databases, eight at a time"),
    ],
    flags: |command, program| {
        let command = how_far(flags::at_work(command, program));
        let command = plan::dry_run(flags::policies(command));
        fleet::flags(command)
            .mut_group("fleet", |fleet| fleet.conflicts_with("dry-run"))
            .arg(fleet::fail_fast())
    },
    run: up,
};

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

fn up(call: &Call<'_>) -> Result<Exit, Error> {
    let (target, goal) = (call.target()?, goal(call));
    if fleet::is_asked_for(call) {
        fleet::up(call, &target, goal)
    } else if call.has("dry-run") {
        plan::show(call, &target, goal)
    } else {
        run_towards(call, &target, goal)
    }
}
