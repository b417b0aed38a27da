//! `version`: shows the newest applied version.

use lokstra_runtime::Status;
use serde::Serialize;

use crate::call::{CommandContext, Verb, flags};
use crate::output::json::Databases;
use crate::output::state_lines::current;
use crate::output::{CommandError, Exit};
use crate::run::statuses;

pub(crate) const VERB: Verb = Verb {
    name: "version",
    about: "Show the newest applied version",
    details: "",
    examples: &[("", "Of every database")],
    flags: flags::on_database,
    run: version,
};

/// A database of the document.
#[derive(Serialize)]
struct VersionObject {
    database: String,
    table: String,
    current: Option<String>,
}

fn version(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let target = context.target_despite_problems()?;
    let statuses = statuses(context, &target)?;
    for status in &statuses {
        let current = current(status.current());
        if target.has_several() {
            context.console.output(format_args!("{}: {current}", status.database))?;
        } else {
            context.console.output(current)?;
        }
    }
    let object = |status: &Status| VersionObject {
        database: status.database.clone(),
        table: status.table.to_string(),
        current: status.current().map(|version| version.to_string()),
    };
    context.console.document(|| Databases { databases: statuses.iter().map(object).collect() })?;
    Ok(Exit::Done)
}
