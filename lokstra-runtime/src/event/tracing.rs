//! Events as those of the `tracing` crate, with the target `lokstra`.

use lokstra_core::text::duration::millis;
use tracing::field::display;
use tracing::span::EnteredSpan;

use crate::event::Event;
use crate::model::run::step::PlanStep;

/// Events until it is dropped are about this step.
pub(crate) fn step(database: &str, step: &PlanStep<'_>) -> EnteredSpan {
    let (version, description) = (step.migration.version(), step.migration.description());
    let direction = display(step.direction);
    tracing::info_span!(
        target: "lokstra", "migration", database, version = display(version), description, direction
    )
    .entered()
}

pub(crate) fn event(event: &Event<'_>) {
    // Within the span of a step its fields are those of the event already.
    let span = tracing::Span::current();
    let is_within =
        span.metadata().is_some_and(|it| it.target() == "lokstra" && it.name() == "migration");
    let database = (!is_within).then(|| event.database());
    let done = match event {
        Event::StepFinished { step, .. } => Some(*step),
        _ => None,
    };
    let step = event.step().filter(|_| !is_within);
    let named = done.filter(|_| !is_within);
    let version =
        step.map(|s| s.migration.version()).or(named.map(|done| done.version)).map(display);
    let description =
        step.map(|s| s.migration.description()).or(named.map(|done| done.description.as_str()));
    let direction = step.map(|s| s.direction).or(named.map(|done| done.direction)).map(display);
    let connection = match event {
        Event::Planned { connection, .. } => *connection,
        Event::RunFinished { report, .. } => report.connection.as_ref(),
        _ => None,
    };
    let server = connection.map(|it| it.host.as_str());
    let port = connection.map(|it| it.port);
    let dbname = connection.map(|it| it.database.as_str());
    let user = connection.map(|it| it.user.as_str());
    let elapsed_ms = done.map(|done| millis(done.elapsed));
    macro_rules! emit {
        ($level:ident) => {
            tracing::event!(
                target: "lokstra", tracing::Level::$level,
                database, server, port, dbname, user, version, description, direction, elapsed_ms, "{event}"
            )
        };
    }
    match event {
        Event::Connecting { is_due: false, .. } | Event::Waiting { is_due: false, .. } => {
            emit!(DEBUG);
        }
        Event::Failed { .. } | Event::RunFinished { error: Some(_), .. } => emit!(ERROR),
        Event::Notice { severity: "WARNING", .. }
        | Event::Cancelled { .. }
        | Event::StoredDown { .. }
        | Event::Connecting { .. }
        | Event::Reconnecting { .. }
        | Event::Retrying { .. }
        | Event::Waiting { .. }
        | Event::Stopping { .. }
        | Event::Warning { .. } => emit!(WARN),
        Event::Notice { severity: "NOTICE" | "INFO", .. }
        | Event::Skipped { .. }
        | Event::Planned { .. }
        | Event::StepFinished { .. }
        | Event::RunFinished { .. } => emit!(INFO),
        Event::StepStarted { .. } | Event::Statement { .. } | Event::Notice { .. } => emit!(DEBUG),
    }
}
