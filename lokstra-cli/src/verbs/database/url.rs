//! `database url`: writes where the database is, for other programs.

use serde::Serialize;

use crate::call::flags::{self, Switch};
use crate::call::{CommandContext, Verb};
use crate::output::json::Databases;
use crate::output::{CommandError, Exit};

const PASSWORD: Switch = Switch::new("password", "With the password, which a log may keep");

pub(crate) const URL: Verb = Verb {
    name: "url",
    about: "Write the URL of the database, for other programs",
    details: "It does not connect. The password is left out unless -password is given.",
    examples: &[("", "Which database a command would use"), ("-password", "For psql \"$(…)\"")],
    flags: |command, program| flags::on_database(command, program).arg(PASSWORD.arg()),
    run: url,
};

#[derive(Serialize)]
struct UrlObject {
    database: String,
    url: String,
}

fn url(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let target = context.target_without_folder()?;
    let mut databases = Vec::new();
    for database in target.databases() {
        let (name, pool) = (database.name().to_owned(), target.pool(database)?);
        let url = pool.url(context.has(&PASSWORD))?;
        if target.has_several() {
            context.console.output(format_args!("{name}: {url}"))?;
        } else {
            context.console.output(&url)?;
        }
        databases.push(UrlObject { database: name, url });
    }
    context.console.document(|| Databases { databases })?;
    Ok(Exit::Done)
}
