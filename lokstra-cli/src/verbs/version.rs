//! `version`: shows the newest applied version.

use lokstra_runtime::Status;
use serde_json::json;

use crate::call::{Call, Verb, flags};
use crate::output::status::current;
use crate::output::{Error, Exit, json};
use crate::run::statuses;

pub(crate) const VERB: Verb = Verb {
    name: "version",
    about: "Show the newest applied version",
    details: "",
    examples: &[("", "Of every database")],
    flags: flags::on_database,
    run: version,
};

fn version(call: &Call<'_>) -> Result<Exit, Error> {
    let target = call.target_despite_problems()?;
    let statuses = statuses(call, &target)?;
    for status in &statuses {
        let current = current(status.current());
        if target.has_several() {
            call.console.say(format_args!("{}: {current}", status.database))?;
        } else {
            call.console.say(current)?;
        }
    }
    let object = |status: &Status| {
        json!({
            "database": status.database,
            "table": status.table.to_string(),
            "current": json::version(status.current()),
        })
    };
    call.console
        .document(|| json!({ "databases": statuses.iter().map(object).collect::<Vec<_>>() }))?;
    Ok(Exit::Done)
}
