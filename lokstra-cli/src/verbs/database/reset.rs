//! `database reset`: drops the database, creates it again and applies every migration.

use lokstra_runtime::Goal;

use super::drop_database::{drop_confirmed, dropping, reach_named};
use crate::call::{CommandContext, Verb};
use crate::output::{CommandError, Exit};
use crate::run::run_towards;

pub(crate) const RESET: Verb = Verb {
    name: "reset",
    about: "Drop the database, create it again and apply every migration",
    details: "It asks, and refuses, as `drop` does. What is set for the database itself (ALTER\n\
              DATABASE … SET, its owner and locale) is lost too. After an interruption, run\n\
              it again.",
    examples: &[
        ("", "The database of DATABASE_URL"),
        ("-yes -force", "Also end the sessions that use it"),
    ],
    flags: dropping,
    run: reset,
};

fn reset(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    // Strictly: a folder with problems must not leave an empty database behind.
    let target = context.target()?;
    let database = target.only()?;
    let mut server = reach_named(context, &target.pool(database)?)?;
    server.check_may_create()?;
    let question =
        format!("Drop the database {} and create it again? All its data is lost.", server.place());
    drop_confirmed(context, &mut server, &question)?;
    server.create()?;
    run_towards(context, &target, Goal::Latest)
}
