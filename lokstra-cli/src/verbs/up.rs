//! `up`: applies the pending migrations.

use super::database;
use crate::call::flags::{self, Switch};
use crate::call::{CommandContext, Verb, dry_run, goal, how_far};
use crate::fleet;
use crate::output::{CommandError, Exit};
use crate::run::{plan, run_towards};

const CREATE: Switch = Switch::new("create", "Create the database first, if it does not exist");

pub(crate) const VERB: Verb = Verb {
    name: "up",
    about: "Apply the pending migrations",
    details: "",
    examples: &[
        ("", "Everything that is pending"),
        ("-create", "The same, in a database that need not exist yet"),
        ("-dir migrations/01_main-db", "One database of several"),
        ("-db db_main", "The database of a pool of config.yaml"),
        ("-to 007", "Up to and including a version"),
        ("-targets tenants.txt -jobs 8", "Many databases, eight at a time"),
    ],
    flags: |command, program| {
        let command = how_far(flags::add_run_flags(command, program));
        let command = dry_run(flags::add_order_policies(command));
        fleet::flags(command)
            .mut_group(fleet::GROUP, |fleet| fleet.conflicts_with(flags::DRY_RUN.name))
            .arg(fleet::fail_fast())
            .arg(CREATE.arg().conflicts_with_all([flags::DRY_RUN.name, fleet::GROUP]))
    },
    run: up,
};

fn up(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let (target, goal) = (context.target()?, goal(context));
    if context.has(&CREATE) {
        database::create_missing(context, &target)?;
    }
    if fleet::is_asked_for(context) {
        fleet::up(context, &target, goal)
    } else if context.has(&flags::DRY_RUN) {
        plan::show(context, &target, goal)
    } else {
        run_towards(context, &target, goal)
    }
}
