//! `redo`: rolls back the last migration and applies it again.

use lokstra_runtime::Goal;

use crate::call::{CommandContext, Verb, dry_run, flags};
use crate::output::{CommandError, Exit};
use crate::run::{plan, run_confirmed};

pub(crate) const VERB: Verb = Verb {
    name: "redo",
    about: "Roll back the last migration and apply it again",
    details: "For a migration that is being written. Data that its down script drops is lost,\n\
              so `redo` asks first. Without a terminal, or with -json, it needs -yes.",
    examples: &[("-yes", "Without asking")],
    flags: |command, program| dry_run(flags::add_run_flags(command, program)).arg(flags::YES.arg()),
    run: redo,
};

fn redo(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let target = context.target()?;
    target.only()?;
    if context.has(&flags::DRY_RUN) {
        return plan::show(context, &target, Goal::Redo);
    }
    let confirmed = plan::confirm_loss(context, &target, Goal::Redo)?;
    run_confirmed(context, &target, Goal::Redo, confirmed)
}
