//! `status -watch`: follows what runs.

use std::fmt::Write;
use std::time::{Duration, Instant};

use lokstra_runtime::{Activity, Status};

use crate::call::{CommandContext, Target};
use crate::output::state_lines::current;
use crate::output::{CommandError, Exit};

/// How often the server is queried.
const TICK: Duration = Duration::from_millis(500);

/// How often the same state is written again.
const REPEAT_INTERVAL: Duration = Duration::from_secs(2);

/// Follows what runs until nothing is pending and no migration is running.
pub(super) fn watch(context: &CommandContext<'_>, target: &Target) -> Result<Exit, CommandError> {
    let (mut migrator, mut client) = target.connect_only()?;
    let (mut last, mut shown_at) = (String::new(), Instant::now());
    loop {
        let activity = migrator.activity(&mut client)?;
        let status = migrator.status(&mut client)?;
        let (now, subject) =
            (describe(&status, activity.as_ref()), subject(&status, activity.as_ref()));
        if subject != last || shown_at.elapsed() >= REPEAT_INTERVAL {
            context.console.output(now)?;
            (last, shown_at) = (subject, Instant::now());
        }
        // Without a reader (`| head -1`), the wait would have no end.
        if context.console.is_closed() {
            return Ok(Exit::Done);
        }
        if activity.is_none() && status.pending() == 0 {
            return Ok(Exit::Done);
        }
        std::thread::sleep(TICK);
    }
}

/// What makes a new line necessary at once.
fn subject(status: &Status, activity: Option<&Activity>) -> String {
    let runner = activity.map(|activity| (activity.runner.remedy(), activity.blockers.len()));
    let phase = activity.and_then(|activity| activity.index.as_ref()).map(|index| &index.phase);
    format!("{:?} {runner:?} {phase:?} {:?}", status.current(), status.partial_scripts)
}

fn describe(status: &Status, activity: Option<&Activity>) -> String {
    let pending = match status.pending() {
        0 => "nothing is pending".to_owned(),
        count => format!("{count} pending"),
    };
    let mut text = format!("{}, {pending}", current(status.current()));
    let Some(activity) = activity else { return text + "; no migration is running" };
    write!(text, "\n  runs: {}", activity.runner).ok();
    for script in &status.partial_scripts {
        write!(text, "\n    {}: {script}", script.version).ok();
    }
    if let Some(index) = &activity.index {
        write!(text, "\n    {index}").ok();
    }
    for blocker in &activity.blockers {
        write!(text, "\n    waits for {blocker}").ok();
        if let Some(remedy) = blocker.remedy() {
            write!(text, "; to end it: {remedy}").ok();
        }
    }
    text
}
