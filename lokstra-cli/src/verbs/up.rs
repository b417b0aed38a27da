//! `up`: applies the pending migrations.

use crate::call::{CommandContext, Verb, dry_run, flags, goal, how_far};
use crate::fleet;
use crate::output::{CommandError, Exit};
use crate::run::{plan, run_towards};

pub(crate) const VERB: Verb = Verb {
    name: "up",
    about: "Apply the pending migrations",
    details: "",
    examples: &[
        ("", "Everything that is pending"),
        ("-dir migrations/01_main-db", "One database of several"),
        ("-db db_main", "The database of a pool of config.yaml"),
        ("-to 007", "Up to and including a version"),
        ("-targets tenants.txt -jobs 8", "Many databases, eight at a time"),
    ],
    flags: |command, program| {
        let command = how_far(flags::at_work(command, program));
        let command = dry_run(flags::policies(command));
        fleet::flags(command)
            .mut_group(fleet::GROUP, |fleet| fleet.conflicts_with(flags::DRY_RUN.name))
            .arg(fleet::fail_fast())
    },
    run: up,
};

fn up(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let (target, goal) = (context.target()?, goal(context));
    if fleet::is_asked_for(context) {
        fleet::up(context, &target, goal)
    } else if context.has(&flags::DRY_RUN) {
        plan::show(context, &target, goal)
    } else {
        run_towards(context, &target, goal)
    }
}
