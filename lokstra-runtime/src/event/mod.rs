//! What happens during a run, as it happens.

#[cfg(feature = "tracing")]
pub(crate) mod tracing;

use std::fmt;
use std::time::Duration;

use lokstra_connect::backoff::{Backoff, Wait};
use lokstra_connect::error_chain::chain;
use lokstra_connect::{ConnectError, ConnectionTarget};
use lokstra_core::text::duration::{millis, seconds};
use lokstra_core::text::{first_line, replace, split_once, to_string};
use lokstra_core::{Direction, one_line, write_text};

use crate::error::Error;
use crate::model::run::failure::{Failure, FailureState};
use crate::model::run::report::{Report, StepReport};
use crate::model::run::step::PlanStep;
use crate::model::run::warning::Warning;
use crate::model::state::holder::Holder;

/// The listener of a run.
pub(crate) type Listener<'l> = &'l mut (dyn FnMut(&Event<'_>) + Send);

/// The one place that events go through.
pub(crate) fn emit(listener: &mut (dyn FnMut(&Event<'_>) + Send), event: &Event<'_>) {
    #[cfg(feature = "tracing")]
    crate::event::tracing::event(event);
    listener(event);
}

/// Reports a server that is waited for.
pub(crate) fn connecting<'l>(
    database: &'l str,
    listener: &'l mut (dyn FnMut(&Event<'_>) + Send),
) -> impl FnMut(&ConnectError, &mut Backoff) + Send + 'l {
    move |error, wait| {
        let Wait { waited, limit, is_due } = wait.report();
        emit(listener, &Event::Connecting { database, error, waited, limit, is_due });
    }
}

/// What happens during a run, as it happens: for logs and progress bars. `Display` says it in a
/// line.
///
/// # Order
///
/// Of one database, on one thread:
///
/// ```text
/// Skipped                                the database is disabled: nothing else
///
/// Connecting*                            the server cannot be reached yet
/// Waiting*                               another session migrates, or changes the tracking table
/// StoredDown*                            down SQL that this build does not have is going to run
/// Planned                                only if there is something to do
///   StepStarted                          each try of a script …
///     Statement | Notice | Stopping      … what arrives while it runs …
///       | Warning                        (only of what could not be cancelled)
///   StepFinished                         … and how it ended: done and recorded,
///     | Failed | Cancelled               not done: the last script of this run,
///     | Retrying                         rolled back for a transient reason; StepStarted follows,
///     | Waiting+                         not run: another session has the lock
///     | Reconnecting …                   either: StepFinished follows, or StepStarted
/// Warning*
/// RunFinished                            always the last
/// ```
///
/// A run of more than eight scripts sends several in one message, each a transaction of its own: the
/// server does not wait for the listener between them. One that fails there, unless it was cancelled,
/// is not reported as `Failed`; it is sent again by itself, and `StepStarted` follows `StepStarted`.
///
/// Wherever the run asks the server, its connection can be lost: `Reconnecting Connecting*` follows,
/// and what was asked is asked again. After `Waiting` the history is read again: `Planned` follows
/// where the rest of the work has to be planned again. A run that gets no connection has no other
/// events: its error says all.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'e> {
    /// The server cannot be reached, for a transient reason: it is still starting, or full. The
    /// run tries again.
    Connecting {
        /// The folder's name.
        database: &'e str,
        /// Why, with host, port and database.
        error: &'e ConnectError,
        /// How long this run has been trying.
        waited: Duration,
        /// How long this run waits at most; `None` is for ever.
        limit: Option<Duration>,
        /// Worth a line in a log: after 1 s, and then after pauses that double up to 10 s.
        is_due: bool,
    },
    /// The connection of this run was lost, and is made again. What was running is either done or
    /// not: the history is read again. Only of a connection that the run opened itself.
    Reconnecting {
        /// The folder's name.
        database: &'e str,
        /// Why: an operator ended it, the server crashed, the way to it was cut.
        cause: &'e postgres::Error,
    },
    /// `enabled: false` in `migration.yaml`: nothing is looked at.
    Skipped {
        /// The folder's name.
        database: &'e str,
    },
    /// There is work in this database; `steps` scripts are going to run.
    Planned {
        /// The folder's name.
        database: &'e str,
        /// Where it is; not known of a borrowed client.
        connection: Option<&'e ConnectionTarget>,
        /// How many.
        steps: usize,
    },
    /// A script that this build does not have is going to run: down SQL that the database keeps.
    /// Reported for each of them before the first script runs.
    StoredDown {
        /// The folder's name.
        database: &'e str,
        /// The script.
        step: &'e PlanStep<'e>,
    },
    /// A script is about to run.
    StepStarted {
        /// The folder's name.
        database: &'e str,
        /// The script.
        step: &'e PlanStep<'e>,
    },
    /// A statement of a no-transaction script is about to run.
    Statement {
        /// The folder's name.
        database: &'e str,
        /// The script.
        step: &'e PlanStep<'e>,
        /// Which, from 1.
        nth: usize,
        /// How many the script has.
        total: usize,
    },
    /// A NOTICE or WARNING of the server, as soon as it sends it. Only over a connection that the
    /// run opened itself: a client has its notice callback from when it was connected.
    Notice {
        /// The folder's name.
        database: &'e str,
        /// The script that caused it.
        step: &'e PlanStep<'e>,
        /// `NOTICE`, `WARNING`, …; in English.
        severity: &'e str,
        /// The text.
        message: &'e str,
    },
    /// A script ran and is recorded. On disk it is, at the latest, when the run has ended: a server
    /// that crashes before may take back the last ones, and the run does them again.
    StepFinished {
        /// The folder's name.
        database: &'e str,
        /// What was done.
        step: &'e StepReport,
    },
    /// A script failed; [`Failure::state`] is what it left behind.
    Failed {
        /// The folder's name.
        database: &'e str,
        /// The script.
        step: &'e PlanStep<'e>,
        /// Why.
        failure: &'e Failure,
    },
    /// A script was cancelled by [`Stop::cancel`](crate::Stop::cancel).
    Cancelled {
        /// The folder's name.
        database: &'e str,
        /// The script.
        step: &'e PlanStep<'e>,
        /// What is left of it.
        state: FailureState,
    },
    /// A script was rolled back and is going to be tried again.
    Retrying {
        /// The folder's name.
        database: &'e str,
        /// The script.
        step: &'e PlanStep<'e>,
        /// Why, and where in the script: a lock timeout, a deadlock or a serialization failure.
        /// [`Failure::blocker`] is who is in the way.
        failure: &'e Failure,
        /// How often it was tried.
        attempt: u32,
        /// How often it is tried at most.
        attempts: u32,
    },
    /// Another session is migrating, or has locked the tracking table.
    Waiting {
        /// The folder's name.
        database: &'e str,
        /// Who, if the server reports it. [`Holder::remedy`] is the statement that would end it, if it is certain.
        holder: Option<&'e Holder>,
        /// How long this run has been waiting.
        waited: Duration,
        /// How long this run waits at most; `None` is for ever.
        limit: Option<Duration>,
        /// Worth a line in a log: after 1 s, and then after pauses that double up to 10 s.
        is_due: bool,
    },
    /// A [`Stop`](crate::Stop) was asked for while a script runs.
    Stopping {
        /// The folder's name.
        database: &'e str,
        /// The script that is running.
        step: &'e PlanStep<'e>,
        /// It is cancelled now; else it is the last to run.
        cancels: bool,
    },
    /// A warning; also in the report, but for [`Warning::NotCancelled`].
    Warning {
        /// The folder's name.
        database: &'e str,
        /// What.
        warning: &'e Warning,
    },
    /// The run over this database is over.
    RunFinished {
        /// The folder's name.
        database: &'e str,
        /// What was done.
        report: &'e Report,
        /// Why the goal was not reached; `None` if it was.
        error: Option<&'e Error>,
    },
}

impl<'e> Event<'e> {
    /// Returns the database that it is about: the name of its folder.
    pub fn database(&self) -> &'e str {
        match self {
            Event::Connecting { database, .. }
            | Event::Reconnecting { database, .. }
            | Event::Skipped { database }
            | Event::Planned { database, .. }
            | Event::StoredDown { database, .. }
            | Event::StepStarted { database, .. }
            | Event::Statement { database, .. }
            | Event::Notice { database, .. }
            | Event::StepFinished { database, .. }
            | Event::Failed { database, .. }
            | Event::Cancelled { database, .. }
            | Event::Retrying { database, .. }
            | Event::Waiting { database, .. }
            | Event::Stopping { database, .. }
            | Event::Warning { database, .. }
            | Event::RunFinished { database, .. } => database,
        }
    }

    /// Returns the script that it is about.
    pub fn step(&self) -> Option<&'e PlanStep<'e>> {
        match self {
            Event::StoredDown { step, .. }
            | Event::StepStarted { step, .. }
            | Event::Statement { step, .. }
            | Event::Notice { step, .. }
            | Event::Failed { step, .. }
            | Event::Cancelled { step, .. }
            | Event::Retrying { step, .. }
            | Event::Stopping { step, .. } => Some(step),
            _ => None,
        }
    }
}

impl fmt::Display for Event<'_> {
    /// Without the name of the database, and without what a terminal obeys: `{:#}` is exact.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Texts of a server, of files and of other sessions are in it.
        write_text(f, &|f| self.write(f))
    }
}

impl Event<'_> {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Connecting { error, waited, limit, .. } => {
                // What to do about it is said at the end, if it stays so.
                let error = to_string(error);
                let what = split_once(&error, "\n  help: ").map_or(&*error, |(what, _)| what);
                write!(f, "waiting ({}): {what}", so_far(*waited, *limit))
            }
            Event::Reconnecting { cause, .. } => {
                let cause = chain(cause);
                write!(f, "connection lost, reconnecting: {}", first_line(&cause))
            }
            Event::Skipped { .. } => f.write_str("skipped: `enabled: false` in its migration.yaml"),
            Event::Planned { steps: 1, .. } => f.write_str("1 script to run"),
            Event::Planned { steps, .. } => write!(f, "{steps} scripts to run"),
            Event::StoredDown { step, .. } => {
                let script = step.script();
                write!(f, "{}, as stored in the database:\n{}", script.path(), script.text())
            }
            Event::StepStarted { step, .. } => write!(f, "running {step}"),
            Event::Statement { step, nth, total, .. } => {
                write!(f, "{step}: statement {nth} of {total}")
            }
            Event::Notice { step, severity, message, .. } => {
                write!(f, "{step}: {severity}: {}", replace(message, "\n", "\n    "))
            }
            Event::StepFinished { step, .. } => {
                let StepReport { version, description, elapsed, .. } = step;
                let description = one_line(f, description);
                let verb = match step.direction {
                    Direction::Up => "applied",
                    Direction::Down => "rolled back",
                };
                write!(f, "{verb} {version}_{description} ({} ms)", millis(*elapsed))
            }
            Event::Failed { step, failure, .. } => {
                write!(f, "{step} failed{}: {}", left(failure.state), failure.server.headline())
            }
            Event::Cancelled { step, state, .. } => {
                write!(f, "{step} was cancelled{}", left(*state))
            }
            Event::Retrying { step, failure, attempt, attempts, .. } => {
                let (next, place, reason) =
                    (attempt + 1, failure.place(), failure.server.headline());
                write!(f, "{step} is retried ({next} of {attempts}): {place}: {reason}")?;
                let Some(blocker) = &failure.blocker else { return Ok(()) };
                write!(f, "; blocked by: {blocker}")?;
                blocker.write_remedy(f, "; ")
            }
            Event::Waiting { holder, waited, limit, .. } => {
                write!(f, "waiting for another migration ({})", so_far(*waited, *limit))?;
                let Some(holder) = holder else { return Ok(()) };
                write!(f, ": {holder}")?;
                holder.write_remedy(f, "; ")
            }
            Event::Stopping { step, cancels: true, .. } => write!(f, "cancelling {step}"),
            Event::Stopping { step, .. } => write!(f, "stopping after {step}"),
            Event::Warning { warning, .. } => {
                f.write_str("warning: ")?;
                fmt::Display::fmt(warning, f)
            }
            Event::RunFinished { report, error: None, .. } => f.write_str(&report.headline()),
            Event::RunFinished { error: Some(error), .. } => {
                // The complete list is returned, and reported there.
                f.write_str(first_line(&to_string(error)))
            }
        }
    }
}

/// `3 s of 30 s`
fn so_far(waited: Duration, limit: Option<Duration>) -> String {
    let waited = seconds(waited).to_string();
    match limit {
        Some(limit) => waited + " s of " + &seconds(limit).to_string() + " s",
        None => waited + " s",
    }
}

fn left(state: FailureState) -> String {
    match state {
        FailureState::RolledBack => ", rolled back".to_owned(),
        FailureState::Partial { done, total } => format!(", {done} of {total} statements are done"),
        FailureState::Unrecorded => " and may be committed in part".to_owned(),
    }
}
