mod watch;

use std::fmt::Write;

use lokstra_core::{Checksum, Version, shown_line};
use lokstra_runtime::{State, Status, StatusRow};
use serde_json::{Value, json};

use super::run;
use crate::call::{Call, Verb};
use crate::error::Error;
use crate::exit::Exit;
use crate::flags::{self, flag};
use crate::fleet;
use crate::json;
use crate::target::Target;

pub(crate) const VERB: Verb = Verb {
    name: "status",
    about: "Show which migrations are applied",
    details: "-watch follows a migration that another session runs: which script and statement, for how\n\
              long, how far with an index, and who stands in its way. It ends when nothing is pending.",
    examples: &[
        ("", "Every database"),
        ("-v", "Also when, by whom, for how long, and whether the file is still the same"),
        ("-watch", "What runs at this moment"),
        ("-exit-code", "In a script: exit code 1 if something is pending"),
        ("-targets tenants.txt", "Many databases, a line each"),
    ],
    flags: |command, program| {
        fleet::flags(flags::on_database(command, program))
            .arg(flag("exit-code", "Exit with 1 if a migration is pending"))
            .arg(
                flag("verbose", "Also when, by whom, and whether the file is still the same")
                    .short('v')
                    .conflicts_with("fleet"),
            )
            .arg(
                flag("watch", "Follow what runs until nothing is pending")
                    .conflicts_with_all(["json", "verbose", "fleet"]),
            )
    },
    run: status,
};

fn status(call: &Call<'_>) -> Result<Exit, Error> {
    let target = call.target_despite_problems()?;
    if fleet::is_asked_for(call) {
        return fleet::status(call, &target);
    }
    if call.has("watch") {
        return watch::watch(call, &target);
    }
    // Those that can be reached are shown, before the error about the others.
    let (statuses, failure) = match statuses(call, &target) {
        Err(Error::Run(error)) => (error.statuses().to_vec(), Some(error)),
        told => (told?, None),
    };
    for (nth, status) in statuses.iter().enumerate() {
        if target.has_several() {
            let gap = if nth == 0 { "" } else { "\n" };
            call.console.say(format_args!("{gap}Database: {}", status.database))?;
        }
        if let Some(connection) = &status.connection {
            let prefix =
                if target.has_several() { format!("{}: ", status.database) } else { String::new() };
            run::name(call.console, &format!("{prefix}{connection}"));
        }
        if call.has("verbose") {
            call.console.say(verbose(status, &target))?;
        } else {
            call.console.say(status)?;
        }
    }
    if let Some(error) = failure {
        return Err(error.into());
    }
    call.console
        .document(|| json!({ "databases": statuses.iter().map(object).collect::<Vec<_>>() }))?;
    // What is broken is not applied, or not as it is here.
    let is_pending =
        !target.broken.is_empty() || statuses.iter().any(|status| status.pending() > 0);
    Ok(if is_pending && call.has("exit-code") { Exit::Pending } else { Exit::Done })
}

/// The list with what the history knows of each migration below it.
fn verbose(status: &Status, target: &Target) -> String {
    let list = status.to_string();
    let (head, rest) = list.split_at(list.find("\n[").map_or(0, |at| at + 1));
    let mut text = head.to_owned();
    let mut rows = status.rows.iter();
    for line in rest.lines() {
        writeln!(text, "{line}").ok();
        if line.starts_with('[')
            && let Some(row) = rows.next()
        {
            text.push_str(&told_of(row, status, target));
        }
    }
    write!(text, "Tracking table: {}", status.table).ok();
    text
}

fn told_of(row: &StatusRow, status: &Status, target: &Target) -> String {
    let Some(applied) = row.applied() else { return String::new() };
    let at = applied.applied_at.as_deref().unwrap_or("at a time that nobody recorded");
    let by = applied
        .applied_by
        .as_ref()
        .map_or_else(String::new, |role| format!(" by {}", shown_line(role)));
    let took = applied.execution_ms.map_or_else(String::new, |took| format!(", {took} ms"));
    let sum = match applied.checksum {
        None => "no checksum is recorded".to_owned(),
        Some(sum) => format!("checksum {}{}", sum.short(), compared(row, sum, status, target)),
    };
    format!("      {at}{by}{took}\n      {sum}\n")
}

fn compared(row: &StatusRow, sum: Checksum, status: &Status, target: &Target) -> String {
    let mut databases = target.migrations.databases();
    let database = databases.find(|database| database.name() == status.database);
    match database.and_then(|database| database.migration(row.version)) {
        Some(here) if here.up().checksum() == sum => ", unchanged".to_owned(),
        Some(here) => format!("; the script has {}", here.up().checksum().short()),
        None => String::new(),
    }
}

/// See docs/cli.md: programs rely on these keys.
pub(crate) fn object(status: &Status) -> Value {
    let row = |row: &StatusRow| {
        let applied = row.applied();
        let state = match &row.state {
            State::Applied(_) => "applied",
            State::Edited(_) => "edited",
            State::Another(_) => "another",
            State::Unknown(_) => "unknown",
            _ => "pending",
        };
        let half_done = status.half_done.iter().find(|script| script.version == row.version);
        json!({
            "version": row.version.to_string(),
            "description": row.description,
            "state": state,
            "applied_description": applied.and_then(|row| row.description.as_ref()),
            "applied_at": applied.and_then(|row| row.applied_at.as_ref()),
            "applied_by": applied.and_then(|row| row.applied_by.as_ref()),
            "execution_ms": applied.and_then(|row| row.execution_ms),
            "checksum": applied.and_then(|row| row.checksum).map(|sum| sum.to_string()),
            "half_done": half_done.map(ToString::to_string),
        })
    };
    json!({
        "database": status.database,
        "connection": json::connection(status.connection.as_ref()),
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
