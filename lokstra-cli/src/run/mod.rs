//! Runs migrations and reports them, for `up`, `down`, `redo` and `goto`.

#[cfg(feature = "folder")]
mod changes;
pub(crate) mod plan;
pub(crate) mod query;
mod read_statuses;

use lokstra_core::printable_line;
use lokstra_runtime::{
    Direction, Event, Goal, Outcome, Report, Rollback, StepReport, Stop, Summary,
};

pub(crate) use self::read_statuses::statuses;
use crate::call::{CommandContext, Target};
use crate::output::state_lines::{current, skipped};
use crate::output::{CommandError, Console, Exit, Tone, json};

/// Whether an event is worth a line; that a run waits, only now and then.
pub(crate) fn has_news(event: &Event<'_>) -> bool {
    !matches!(event, Event::Waiting { is_due: false, .. } | Event::Connecting { is_due: false, .. })
}

fn is_wait(event: &Event<'_>) -> bool {
    matches!(event, Event::Waiting { .. } | Event::Connecting { .. })
}

/// Runs every database of the command towards the goal.
pub(crate) fn run_towards(
    context: &CommandContext<'_>,
    target: &Target,
    goal: Goal,
) -> Result<Exit, CommandError> {
    run_confirmed(context, target, goal, None)
}

/// Runs towards the goal, and rolls back only what was confirmed.
pub(crate) fn run_confirmed(
    context: &CommandContext<'_>,
    target: &Target,
    goal: Goal,
    confirmed: Option<Rollback>,
) -> Result<Exit, CommandError> {
    let (console, several) = (context.console, target.has_several());
    // The confirmation has shown the connection.
    let mut is_named = !several && confirmed.as_ref().is_some_and(|it| !it.rows.is_empty());
    let stop = stop()?;
    let migrator = target.migrator().stop(stop).on_event(move |event| {
        let progress = console.progress();
        progress.follow(event, &prefixed(event.database(), several, ""));
        let is_shown = progress.is_terminal() && is_wait(event);
        if let Event::Planned { database, connection: Some(connection), .. } = event
            && !std::mem::replace(&mut is_named, !several)
        {
            show_connection(console, &prefixed(database, several, &connection.to_string()));
        }
        if has_news(event) && !is_shown {
            report_event(console, event, several);
        }
    });
    let mut migrator = match confirmed {
        Some(rollback) => migrator.confirmed(rollback),
        None => migrator,
    };
    let summary = migrator.run_pools(&target.pools, goal)?;
    report_summary(console, &summary, several)?;
    console.document(|| json::RunDocument::from(&summary))?;
    Ok(Exit::Done)
}

/// Stops on SIGTERM or SIGINT. Where there are no signals, the process ends, and the server rolls back.
pub(crate) fn stop() -> Result<Stop, CommandError> {
    #[cfg(unix)]
    return Stop::on_signals(lokstra_runtime::SignalPolicy::EndProcess).map_err(|source| {
        let message = format!("the signal handler cannot be set: {source}");
        CommandError::new("signals", Exit::Failed, message)
    });
    #[cfg(not(unix))]
    Ok(Stop::new())
}

fn report_summary(
    console: &Console<'_>,
    summary: &Summary,
    several: bool,
) -> Result<(), CommandError> {
    for report in &summary.reports {
        if report.outcome == Outcome::Skipped {
            console.status(skipped(&report.database));
        } else {
            console.output(prefixed(&report.database, several, &summary_line(report)))?;
        }
    }
    if several { console.output(summary.totals()) } else { Ok(()) }
}

pub(crate) fn summary_line(report: &Report) -> String {
    let current = current(report.current);
    if report.steps.is_empty() {
        return format!("Nothing to do. {current}");
    }
    let counted = |direction, verb| match report.count(direction) {
        0 => String::new(),
        1 => format!("1 migration {verb}. "),
        count => format!("{count} migrations {verb}. "),
    };
    let (down, up) = (counted(Direction::Down, "rolled back"), counted(Direction::Up, "applied"));
    format!("{down}{up}{current}")
}

pub(super) fn prefixed(database: &str, several: bool, text: &str) -> String {
    if several { format!("{database}: {text}") } else { text.to_owned() }
}

/// Writes which server and database the command uses.
pub(crate) fn show_connection(console: &Console<'_>, connection: &str) {
    if !console.is_json() {
        console.status(printable_line(connection));
    }
}

/// Writes an event as it happens.
fn report_event(console: &Console<'_>, event: &Event<'_>, several: bool) {
    match event {
        Event::StepFinished { database, step } => {
            // A closed output must not stop a running migration.
            console.output(prefixed(database, several, &finished(console, step))).ok();
        }
        Event::StoredDown { database, step } => {
            let script = step.script();
            let head = format!("-- {} (as stored in the database)", script.path());
            let head = prefixed(database, several, &printable_line(&head));
            if !console.is_json() {
                console.data(format_args!("{head}\n{}", script.text())).ok();
            }
        }
        Event::Stopping { database, cancels: false, .. } => {
            let text = format!("{event}; a second signal cancels it");
            console.status(prefixed(database, several, &text));
        }
        Event::Connecting { .. } => console.status(event),
        Event::Stopping { .. }
        | Event::Reconnecting { .. }
        | Event::Waiting { .. }
        | Event::Retrying { .. }
        | Event::Notice { .. } => {
            console.status(prefixed(event.database(), several, &event.to_string()));
        }
        Event::Warning { database, warning } => {
            let text = format!("{} {warning}", console.on_stderr(Tone::Warning, "warning:"));
            console.status(prefixed(database, several, &text));
        }
        _ => {}
    }
}

fn finished(console: &Console<'_>, step: &StepReport) -> String {
    let verb = match step.direction {
        Direction::Up => "Applied",
        Direction::Down => "Rolled back",
    };
    let StepReport { version, description, elapsed, .. } = step;
    let verb = console.on_stdout(Tone::Good, verb);
    let description = printable_line(description);
    format!("{verb} {version}: {description} ({} ms)", elapsed.as_millis())
}
