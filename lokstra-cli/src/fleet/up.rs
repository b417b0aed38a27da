//! `up` over many targets.

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lokstra_runtime::{Event, Goal, Report, Stop};
use serde::Serialize;

use super::error::{Failed, FleetError};
use super::flags::{FAIL_FAST, jobs};
use super::targets::{FleetTarget, fleet_targets};
use super::{indented, run_parallel::run_parallel};
use crate::call::{CommandContext, Target};
use crate::output::json::{Connection, ErrorObject, ReportObject, StepObject};
use crate::output::{CommandError, Console, Exit, Tone};
use crate::run;

/// The result of a target.
type TargetResult<'m> = Result<Report, Failed<'m>>;

/// Runs every target towards the goal. A failed target does not stop the others.
pub(crate) fn up(
    context: &CommandContext<'_>,
    target: &Target,
    goal: Goal,
) -> Result<Exit, CommandError> {
    let database = target.only()?.name();
    let members = fleet_targets(context, target, target.only()?)?;
    let stop = run::stop()?;
    let (is_failed, is_hasty) = (AtomicBool::new(false), context.has(&FAIL_FAST));
    let may_start = || !(stop.is_asked() || is_hasty && is_failed.load(Ordering::Relaxed));
    let results = run_parallel(&members, jobs(context), may_start, |member| {
        let began = Instant::now();
        let result = run_target(context.console, target, database, member, &stop, goal);
        is_failed.fetch_or(result.is_err(), Ordering::Relaxed);
        report(context.console, member, &result, began.elapsed());
        result
    });
    let tally = Tally::of(&results);
    context.console.output(tally.to_string())?;
    context.console.document(|| document(&members, &results, &tally))?;
    if tally.failed + tally.stopped + tally.not_tried == 0 {
        return Ok(Exit::Done);
    }
    context.console.status(failures(context.console, &members, &results, &tally));
    Ok(Exit::Failed)
}

fn run_target<'m>(
    console: &Console<'_>,
    target: &Target,
    database: &str,
    member: &'m FleetTarget,
    stop: &Stop,
    goal: Goal,
) -> TargetResult<'m> {
    let place = member.place().map_err(Failed::Named)?;
    place
        .migrator(target, database)
        .stop(stop.clone())
        .on_event(move |event| {
            if run::has_news(event) {
                report_event(console, &member.name, event);
            }
        })
        .run_pool(&place.pool, goal)
        .map_err(|error| Failed::Ran(error.into()))
}

/// Writes events that may need action while they happen; the rest is in the one line of the target.
fn report_event(console: &Console<'_>, name: &str, event: &Event<'_>) {
    match event {
        Event::Stopping { cancels: false, .. } => {
            console.status(format_args!("{name}: {event}; a second signal cancels it"));
        }
        Event::Warning { warning, .. } => {
            let word = console.on_stderr(Tone::Warning, "warning:");
            console.status(format_args!("{name}: {word} {warning}"));
        }
        Event::Connecting { .. }
        | Event::Reconnecting { .. }
        | Event::Retrying { .. }
        | Event::Stopping { .. }
        | Event::Waiting { .. } => console.status(format_args!("{name}: {event}")),
        _ => {}
    }
}

fn report(
    console: &Console<'_>,
    member: &FleetTarget,
    result: &TargetResult<'_>,
    elapsed: Duration,
) {
    let name = &member.name;
    match result {
        Ok(report) => {
            let (summary, took) = (run::summary_line(report), elapsed.as_millis());
            // A closed output must not stop the others.
            console.output(format_args!("{name}: {summary} ({took} ms)")).ok();
        }
        Err(failed) => {
            let word = if failed.is_stop() { "stopped" } else { "failed" };
            let word = console.on_stderr(Tone::Bad, word);
            console.status(format_args!("{name}: {word}: {}", failed.error().headline()));
        }
    }
}

/// How many targets had which result.
#[derive(Default)]
struct Tally {
    done: usize,
    failed: usize,
    stopped: usize,
    not_tried: usize,
}

impl Tally {
    fn of(results: &[Option<TargetResult<'_>>]) -> Tally {
        let mut tally = Tally::default();
        for result in results {
            *match result {
                Some(Ok(_)) => &mut tally.done,
                Some(Err(failed)) if failed.is_stop() => &mut tally.stopped,
                Some(Err(_)) => &mut tally.failed,
                None => &mut tally.not_tried,
            } += 1;
        }
        tally
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} done, {} failed", self.done, self.failed)?;
        let others = [(self.stopped, "stopped"), (self.not_tried, "not tried")];
        for (count, word) in others.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {word}")?;
        }
        Ok(())
    }
}

fn failures(
    console: &Console<'_>,
    members: &[FleetTarget],
    results: &[Option<TargetResult<'_>>],
    tally: &Tally,
) -> String {
    let word = console.on_stderr(Tone::Bad, "error:");
    let left = tally.failed + tally.stopped + tally.not_tried;
    let mut text = format!("{word} not done: {left} of {} targets", members.len());
    for (member, result) in members.iter().zip(results) {
        if let Some(Err(failed)) = result {
            let error = indented(&failed.error().to_string());
            write!(text, "\n  {}: {error}", member.name).ok();
        }
    }
    text + "\n  help: run the same command again to continue: a finished target costs a connection and one query"
}

/// The document of `up` over many targets.
#[derive(Serialize)]
struct FleetDocument {
    targets: Vec<TargetObject>,
    done: usize,
    failed: usize,
    stopped: usize,
    not_tried: usize,
}

/// A target, as a database of a run; without a report if it did not run.
#[derive(Serialize)]
struct TargetObject {
    target: String,
    connection: Option<Connection>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<String>,
    steps: Vec<StepObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<Vec<String>>,
    current: Option<String>,
    error: Option<ErrorObject>,
}

fn document(
    members: &[FleetTarget],
    results: &[Option<TargetResult<'_>>],
    tally: &Tally,
) -> FleetDocument {
    let targets = members.iter().zip(results);
    FleetDocument {
        targets: targets.map(|(member, result)| of_target(member, result.as_ref())).collect(),
        done: tally.done,
        failed: tally.failed,
        stopped: tally.stopped,
        not_tried: tally.not_tried,
    }
}

fn of_target(member: &FleetTarget, result: Option<&TargetResult<'_>>) -> TargetObject {
    let (report, error) = match result {
        Some(Ok(report)) => (Some(report), None),
        Some(Err(failed)) => (failed.error().report(), Some(failed.error())),
        None => (None, None),
    };
    let mut target = TargetObject {
        target: member.name.clone(),
        connection: None,
        outcome: match result {
            Some(Ok(_)) => "done",
            Some(Err(failed)) if failed.is_stop() => "stopped",
            Some(Err(_)) => "failed",
            None => "not-tried",
        },
        database: None,
        table: None,
        steps: Vec::new(),
        warnings: None,
        current: None,
        error: error.map(FleetError::object),
    };
    if let Some(report) = report {
        let report = ReportObject::from(report);
        target.connection = report.connection;
        target.database = Some(report.database);
        target.table = Some(report.table);
        target.steps = report.steps;
        target.warnings = Some(report.warnings);
        target.current = report.current;
    }
    if target.connection.is_none() {
        target.connection = member.connection().as_ref().map(Connection::from);
    }
    target
}
