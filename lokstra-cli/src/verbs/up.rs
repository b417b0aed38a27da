use std::num::NonZeroU32;

use lokstra_runtime::Goal;

use super::run::run_towards;
use crate::call::{Call, Verb};
use crate::error::Error;
use crate::exit::Exit;
use crate::flags;

pub(crate) const VERB: Verb = Verb {
    name: "up",
    about: "Apply the pending migrations",
    details: "",
    examples: &[
        ("", "Everything that is pending"),
        ("-dir migrations/01_main-db", "One database of several"),
        ("-db db_main", "Where a pool of config.yaml leads"),
        ("-to 007", "Up to a version, included"),
    ],
    flags: |command, program| {
        flags::policies(
            flags::at_work(command, program)
                .arg(flags::steps("Apply that many"))
                .arg(flags::to("Apply up to this version, included").conflicts_with("steps")),
        )
    },
    run: up,
};

fn up(call: &Call<'_>) -> Result<Exit, Error> {
    let goal = match (call.value::<NonZeroU32>("steps"), call.to()) {
        (Some(steps), _) => Goal::Up(steps),
        (None, Some(version)) => Goal::To(version),
        (None, None) => Goal::Latest,
    };
    run_towards(call, &call.target()?, goal)
}
