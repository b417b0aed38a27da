//! `status -watch`: follows what runs.

use std::fmt::Write;
use std::time::{Duration, Instant};

use lokstra_runtime::{Activity, Status};

use crate::call::{CommandContext, Target};
use crate::output::status::current;
use crate::output::{CommandError, Exit};

/// How often the server is asked.
const TICK: Duration = Duration::from_millis(500);

/// How often the same is said again where nothing can be rewritten.
const PATIENCE: Duration = Duration::from_secs(2);

/// Follows what runs until nothing is pending and nobody works.
pub(super) fn watch(context: &CommandContext<'_>, target: &Target) -> Result<Exit, CommandError> {
    let (mut migrator, mut client) = target.reach()?;
    let (mut last, mut said_at) = (String::new(), Instant::now());
    loop {
        let activity = migrator.activity(&mut client)?;
        let status = migrator.status(&mut client)?;
        let (now, subject) =
            (told(&status, activity.as_ref()), subject(&status, activity.as_ref()));
        if subject != last || said_at.elapsed() >= PATIENCE {
            context.console.output(now)?;
            (last, said_at) = (subject, Instant::now());
        }
        // `| head -1` has seen enough: without a reader the wait would have no end.
        if context.console.is_closed() {
            return Ok(Exit::Done);
        }
        if activity.is_none() && status.pending() == 0 {
            return Ok(Exit::Done);
        }
        std::thread::sleep(TICK);
    }
}

/// What makes it worth another line at once.
fn subject(status: &Status, activity: Option<&Activity>) -> String {
    let runner = activity.map(|activity| (activity.runner.remedy(), activity.blockers.len()));
    let phase = activity.and_then(|activity| activity.index.as_ref()).map(|index| &index.phase);
    format!("{:?} {runner:?} {phase:?} {:?}", status.current(), status.partial_scripts)
}

fn told(status: &Status, activity: Option<&Activity>) -> String {
    let pending = match status.pending() {
        0 => "nothing is pending".to_owned(),
        count => format!("{count} pending"),
    };
    let mut text = format!("{}, {pending}", current(status.current()));
    let Some(activity) = activity else { return text + "; nobody migrates" };
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
