use std::time::{Duration, Instant};

use lokstra_runtime::{Direction, Event, Goal, Outcome, Report, StepReport, Stop, Summary};

use super::show;
use crate::error::Error;
use crate::output;
use crate::target::Target;

/// How often a run that waits says so.
const PATIENCE: Duration = Duration::from_secs(5);

/// `lokstra migration up` and `down`
pub(crate) fn work(target: &Target, goal: Goal) -> Result<(), Error> {
    let several = target.has_several();
    let mut last_word = None;
    let stop = stop().map_err(Error::Signals)?;
    let mut migrator = target.migrator().stop(stop).on_event(move |event| {
        let waits = matches!(event, Event::Waiting { .. } | Event::Connecting { .. });
        let is_news = !waits || last_word.is_none_or(|last: Instant| last.elapsed() >= PATIENCE);
        if is_news {
            last_word = waits.then(Instant::now);
            tell(event, several);
        }
    });
    let (summary, error) = match migrator.run_pools(&target.pools, goal) {
        Ok(summary) => (Some(summary), None),
        Err(error) => (None, Some(error)),
    };
    if let Some(summary) = &summary {
        conclude(summary, several)?;
    }
    error.map_or(Ok(()), |error| Err(error.into()))
}

/// On SIGTERM or SIGINT; elsewhere than on Unix the process just ends, and the server rolls back.
fn stop() -> std::io::Result<Stop> {
    #[cfg(unix)]
    return Stop::on_signals(lokstra_runtime::Afterwards::EndProcess);
    #[cfg(not(unix))]
    Ok(Stop::new())
}

fn conclude(summary: &Summary, several: bool) -> Result<(), Error> {
    for report in &summary.reports {
        if report.outcome == Outcome::Skipped {
            output::talk(show::skipped(&report.database));
        } else {
            output::line(prefixed(&report.database, several, &ending(report)))?;
        }
    }
    if several { output::line(summary.totals()) } else { Ok(()) }
}

fn ending(report: &Report) -> String {
    let current = show::current(report.current);
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

fn prefixed(database: &str, several: bool, text: &str) -> String {
    if several { format!("{database}: {text}") } else { text.to_owned() }
}

/// Says what happens while it happens.
fn tell(event: &Event<'_>, several: bool) {
    match event {
        Event::Finished { database, step } => {
            // A closed output must not stop a migration that runs.
            output::line(prefixed(database, several, &finished(step))).ok();
        }
        Event::StoredDown { database, step } => {
            let script = step.script();
            let head = format!("-- {} (as the database keeps it)", script.path());
            output::line(format_args!("{}\n{}", prefixed(database, several, &head), script.text()))
                .ok();
        }
        Event::Stopping { database, cancels: false, .. } => {
            let text = format!("{event}; a second signal cancels it");
            output::talk(prefixed(database, several, &text));
        }
        Event::Connecting { .. } => output::talk(event),
        Event::Stopping { .. }
        | Event::Reconnecting { .. }
        | Event::Waiting { .. }
        | Event::Retrying { .. }
        | Event::Notice { .. }
        | Event::Warned { .. } => {
            output::talk(prefixed(event.database(), several, &event.to_string()));
        }
        _ => {}
    }
}

fn finished(step: &StepReport) -> String {
    let verb = match step.direction {
        Direction::Up => "Applied",
        Direction::Down => "Rolled back",
    };
    let StepReport { version, description, elapsed, .. } = step;
    format!("{verb} {version}: {description} ({} ms)", elapsed.as_millis())
}
