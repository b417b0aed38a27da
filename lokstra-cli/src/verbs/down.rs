//! `down`: rolls back.

use std::num::NonZeroU32;

use lokstra_core::{Script, Version};
use lokstra_runtime::Goal;

use crate::call::{CommandContext, Target, Verb, dry_run, flags};
use crate::output::{CommandError, Exit};
use crate::run::{plan, run_confirmed};

pub(crate) const VERB: Verb = Verb {
    name: "down",
    about: "Roll back the last migration",
    details: "Data that the down scripts drop is lost, so `down` asks first. Without a\n\
              terminal, or with -json, it needs -yes.",
    examples: &[
        ("", "The newest applied migration"),
        ("-yes", "The newest applied migration, without asking"),
        ("-steps 3", "The last three"),
        ("-to 004", "Everything above a version, which is kept"),
        ("-to 0", "Everything"),
    ],
    flags: |command, program| {
        dry_run(flags::add_run_flags(command, program))
            .arg(flags::steps().help("Roll back this many migrations [default: 1]"))
            .arg(
                flags::TO
                    .arg()
                    .help("Roll back everything above this version, 0 for all")
                    .conflicts_with(flags::STEPS.name),
            )
            .arg(flags::STORED.arg())
            .arg(flags::YES.arg())
    },
    run: down,
};

/// The goal of rolling back everything above this version; `0` is everything, unless there is a
/// migration 000.
pub(crate) fn to(target: &Target, version: Version) -> Result<Goal, CommandError> {
    let is_known = target.only()?.migration(version).is_some();
    Ok(if version.get() == 0 && !is_known {
        Goal::Down(NonZeroU32::MAX)
    } else {
        Goal::DownTo(version)
    })
}

fn down(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let target = context.target_despite_problems()?;
    // `down` over several databases would roll back one migration of each.
    target.only()?;
    let goal = match (context.get(&flags::STEPS), context.get(&flags::TO)) {
        (_, Some(version)) => to(&target, version)?,
        (steps, None) => Goal::Down(steps.unwrap_or(NonZeroU32::MIN)),
    };
    if context.has(&flags::DRY_RUN) {
        return plan::show(context, &target, goal);
    }
    refuse_broken(context, &target, goal)?;
    let confirmed = plan::confirm_loss(context, &target, goal)?;
    run_confirmed(context, &target, goal, confirmed)
}

/// Fails with the problems of the folder if a script that would run is broken.
fn refuse_broken(
    context: &CommandContext<'_>,
    target: &Target,
    goal: Goal,
) -> Result<(), CommandError> {
    if target.broken.is_empty() {
        return Ok(());
    }
    let (mut migrator, mut client) = target.connect_only()?;
    let plan = migrator.plan(&mut client, goal)?;
    let is_broken = |script: Script<'_>| {
        script.text().is_empty() || target.broken.iter().any(|broken| broken == script.path())
    };
    if plan.steps.iter().any(|step| is_broken(step.script())) {
        context.target()?;
    }
    Ok(())
}
