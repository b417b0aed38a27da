use lokstra_core::Version;
use lokstra_runtime::{State, Status, StatusRow};
use serde_json::{Value, json};

use crate::call::{Call, Verb};
use crate::error::Error;
use crate::exit::Exit;
use crate::flags::{self, flag};
use crate::target::Target;

pub(crate) const VERB: Verb = Verb {
    name: "status",
    about: "Show which migrations are applied",
    details: "",
    examples: &[
        ("", "Every database"),
        ("-exit-code", "In a script: exit code 1 if something is pending"),
    ],
    flags: |command, program| {
        flags::on_database(command, program)
            .arg(flag("exit-code", "Exit with 1 if a migration is pending"))
    },
    run: status,
};

fn status(call: &Call<'_>) -> Result<Exit, Error> {
    let target = call.target_despite_lock()?;
    let statuses = statuses(call, &target)?;
    for (nth, status) in statuses.iter().enumerate() {
        if target.has_several() {
            let gap = if nth == 0 { "" } else { "\n" };
            call.console.say(format_args!("{gap}Database: {}", status.database))?;
        }
        call.console.say(status)?;
    }
    call.console
        .document(|| json!({ "databases": statuses.iter().map(object).collect::<Vec<_>>() }))?;
    let is_pending = statuses.iter().any(|status| status.pending() > 0);
    Ok(if is_pending && call.has("exit-code") { Exit::Pending } else { Exit::Done })
}

/// See docs/cli.md: programs rely on these keys.
fn object(status: &Status) -> Value {
    let row = |row: &StatusRow| {
        let (state, applied) = match &row.state {
            State::Applied(applied) => ("applied", Some(applied)),
            State::Edited(applied) => ("edited", Some(applied)),
            State::Unknown(applied) => ("unknown", Some(applied)),
            _ => ("pending", None),
        };
        let half_done = status.half_done.iter().find(|script| script.version == row.version);
        json!({
            "version": row.version.to_string(),
            "description": row.description,
            "state": state,
            "applied_at": applied.and_then(|row| row.applied_at.as_ref()),
            "applied_by": applied.and_then(|row| row.applied_by.as_ref()),
            "execution_ms": applied.and_then(|row| row.execution_ms),
            "checksum": applied.and_then(|row| row.checksum).map(|sum| sum.to_string()),
            "half_done": half_done.map(ToString::to_string),
        })
    };
    json!({
        "database": status.database,
        "table": status.table.to_string(),
        "current": status.current().map(|version| version.to_string()),
        "applied": status.applied(),
        "pending": status.pending(),
        "migrations": status.rows.iter().map(row).collect::<Vec<_>>(),
    })
}

/// Of the databases that are asked for; says which are skipped.
pub(crate) fn statuses(call: &Call<'_>, target: &Target) -> Result<Vec<Status>, Error> {
    let statuses = target.migrator().status_pools(&target.pools)?;
    for database in target.migrations.databases() {
        if target.is_asked_for(database)
            && !statuses.iter().any(|status| status.database == database.name())
        {
            call.console.talk(skipped(database.name()));
        }
    }
    Ok(statuses)
}

pub(crate) fn skipped(database: &str) -> String {
    format!("{database}: skipped: `enabled: false` in its migration.yaml; -dir or -db runs it")
}

/// `Current version: 002`
pub(crate) fn current(version: Option<Version>) -> String {
    match version {
        Some(version) => format!("Current version: {version}"),
        None => "No migrations applied yet".to_owned(),
    }
}
