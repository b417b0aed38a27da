mod create;
mod import;
mod lint;
mod lock;
mod mend;
mod problems;
mod show;
mod work;

use lokstra_runtime::Goal;

use crate::args::{Arguments, Verb};
use crate::error::Error;
use crate::exit::Exit;
use crate::target::Target;

pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Error> {
    match &arguments.verb {
        // What it finds is its data, and no failure of its own.
        Verb::Lint(options) => return lint::lint(arguments, *options),
        Verb::Create { name } => create::create(arguments.dir(), name),
        Verb::Import(options) => import::import(arguments, options),
        Verb::Up { steps, to } => {
            let goal = match (steps, to) {
                (Some(steps), _) => Goal::Up(*steps),
                (None, Some(version)) => Goal::To(*version),
                (None, None) => Goal::Latest,
            };
            work::work(&Target::read(arguments)?, goal)
        }
        Verb::Down { steps, to, .. } => {
            let goal = match (steps, to) {
                (_, Some(version)) => Goal::DownTo(*version),
                (steps, None) => Goal::Down(steps.unwrap_or(std::num::NonZeroU32::MIN)),
            };
            let target = Target::read(arguments)?;
            // One migration of each database is not what anybody means.
            target.only()?;
            work::work(&target, goal)
        }
        Verb::Baseline { to, yes } => mend::baseline(&Target::read(arguments)?, *to, *yes),
        Verb::Repair { repair, yes } => mend::repair(&Target::read(arguments)?, *repair, *yes),
        Verb::Lock => lock::lock(arguments.dir()),
        Verb::Renumber => lock::renumber(arguments.dir()),
        Verb::Status => show::status(&Target::read(arguments)?),
        Verb::Version => show::version(&Target::read(arguments)?),
    }?;
    Ok(Exit::Done)
}
