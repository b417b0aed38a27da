//! `status`: shows which migrations are applied.

mod watch;

use std::fmt::Write;

use lokstra_core::{Checksum, printable_line};
use lokstra_runtime::{Status, StatusRow};

use crate::call::flags::{self, Switch};
use crate::call::{CommandContext, Target, Verb};
use crate::fleet;
use crate::output::json::{Databases, StatusObject};
use crate::output::{CommandError, Exit};
use crate::run::{self, statuses};

const VERBOSE: Switch = Switch::new("verbose", "Also when, by whom, and if the file is unchanged");
const WATCH: Switch = Switch::new("watch", "Follow what runs until nothing is pending");

pub(crate) const VERB: Verb = Verb {
    name: "status",
    about: "Show which migrations are applied",
    details: "-watch follows the migration of another session: its script and statement, how\n\
              long it has run, the progress of an index, and what blocks it. It ends when\n\
              nothing is pending.",
    examples: &[
        ("", "Every database"),
        ("-v", "Also when, by whom, for how long, and if the file is unchanged"),
        ("-watch", "What runs at this moment"),
        ("-exit-code", "In a script: exit code 1 if something is pending"),
        ("-targets tenants.txt", "Many databases, a line each"),
    ],
    flags: |command, program| {
        let excluded = [flags::JSON.name, VERBOSE.name, fleet::GROUP];
        fleet::flags(flags::on_database(command, program))
            .arg(flags::EXIT_CODE.arg())
            .arg(VERBOSE.arg().short('v').conflicts_with(fleet::GROUP))
            .arg(WATCH.arg().conflicts_with_all(excluded))
    },
    run: status,
};

fn status(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let target = context.target_despite_problems()?;
    if fleet::is_asked_for(context) {
        return fleet::status(context, &target);
    }
    if context.has(&WATCH) {
        return watch::watch(context, &target);
    }
    target.warn_of_ignored(context);
    // Databases that can be reached are shown before the error about the others.
    let (statuses, failure) = match statuses(context, &target) {
        Err(error) => (error.statuses().to_vec(), Some(error)),
        Ok(statuses) => (statuses, None),
    };
    for (nth, status) in statuses.iter().enumerate() {
        if target.has_several() {
            let gap = if nth == 0 { "" } else { "\n" };
            context.console.output(format_args!("{gap}Database: {}", status.database))?;
        }
        if let Some(connection) = &status.connection {
            let prefix =
                if target.has_several() { format!("{}: ", status.database) } else { String::new() };
            run::show_connection(context.console, &format!("{prefix}{connection}"));
        }
        if context.has(&VERBOSE) {
            context.console.output(verbose(status, &target))?;
        } else {
            context.console.output(status)?;
        }
    }
    if let Some(error) = failure {
        return Err(error.into());
    }
    context
        .console
        .document(|| Databases { databases: statuses.iter().map(StatusObject::from).collect() })?;
    // A broken migration counts as pending.
    let is_pending =
        !target.broken.is_empty() || statuses.iter().any(|status| status.pending() > 0);
    Ok(if is_pending && context.has(&flags::EXIT_CODE) { Exit::Pending } else { Exit::Done })
}

/// The list, with details of the history below each migration.
fn verbose(status: &Status, target: &Target) -> String {
    let mut text = String::new();
    status.write_list(&mut text, &|row| history_details(row, status, target)).ok();
    write!(text, "\nTracking table: {}", status.table).ok();
    text
}

fn history_details(row: &StatusRow, status: &Status, target: &Target) -> String {
    let Some(applied) = row.applied() else { return String::new() };
    let at = applied.applied_at.as_deref().unwrap_or("at an unknown time");
    let by = applied
        .applied_by
        .as_ref()
        .map_or_else(String::new, |role| format!(" by {}", printable_line(role)));
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
