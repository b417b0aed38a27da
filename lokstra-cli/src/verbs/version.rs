use super::status::{current, statuses};
use crate::call::{Call, Verb};
use crate::error::Error;
use crate::exit::Exit;
use crate::flags;

pub(crate) const VERB: Verb = Verb {
    name: "version",
    about: "Show the newest applied version",
    details: "",
    examples: &[("", "Of every database")],
    flags: flags::on_database,
    run: version,
};

fn version(call: &Call<'_>) -> Result<Exit, Error> {
    let target = call.target_despite_lock()?;
    for status in statuses(call, &target)? {
        let current = current(status.current());
        if target.has_several() {
            call.console.say(format_args!("{}: {current}", status.database))?;
        } else {
            call.console.say(current)?;
        }
    }
    Ok(Exit::Done)
}
