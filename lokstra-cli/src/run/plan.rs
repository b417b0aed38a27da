//! Shows the plan of a run, and asks before data is lost.

use lokstra_core::printable_line;
use lokstra_runtime::{Goal, Mode, Plan, PlanStep, Rollback};
use serde::Serialize;

use super::{prefixed, show_connection};
use crate::call::{CommandContext, Target, flags};
use crate::output::json::{Connection, Databases, texts};
use crate::output::state_lines::skipped;
use crate::output::{CommandError, Exit, Tone};

/// Shows the plan for every database of the command.
pub(crate) fn show(
    context: &CommandContext<'_>,
    target: &Target,
    goal: Goal,
) -> Result<Exit, CommandError> {
    target.warn_of_ignored(context);
    let mut databases = Vec::new();
    for database in target.databases() {
        let name = database.name();
        if !database.enabled() && !target.include_disabled {
            context.console.status(skipped(name));
            continue;
        }
        let (mut client, connection) = target.pool(database)?.connect_and_name()?;
        let plan = target.migrator().database(name).plan(&mut client, goal)?;
        if target.has_several() {
            let gap = if databases.is_empty() { "" } else { "\n" };
            context.console.output(format_args!("{gap}Database: {name}"))?;
        }
        let several = target.has_several();
        show_connection(context.console, &prefixed(name, several, &connection.to_string()));
        let changes = changes(database, &plan);
        write(context, &plan, &changes)?;
        let connection = Connection::from(&connection);
        databases.push(PlanObject::new(name, connection, &plan, changes, context.has(&flags::SQL)));
    }
    context.console.document(|| Databases { databases })?;
    Ok(Exit::Done)
}

/// What each step changes: `+ table orders`. Nothing in a program without a model of the catalog.
#[cfg(feature = "folder")]
use super::changes::changes;

#[cfg(not(feature = "folder"))]
fn changes(_: lokstra_core::Database<'_>, _: &Plan<'_>) -> Vec<Vec<String>> {
    Vec::new()
}

fn write(
    context: &CommandContext<'_>,
    plan: &Plan<'_>,
    changes: &[Vec<String>],
) -> Result<(), CommandError> {
    for warning in &plan.warnings {
        let word = context.console.on_stderr(Tone::Warning, "warning:");
        context.console.status(format_args!("{word} {warning}"));
    }
    if plan.steps.is_empty() {
        return context.console.output("Nothing to do");
    }
    for (nth, step) in plan.steps.iter().enumerate() {
        if context.has(&flags::SQL) {
            let text = step.script().text().trim_end();
            if !context.console.is_json() {
                context
                    .console
                    .data(format_args!("-- {}\n{text}\n", printable_line(&line(step))))?;
            }
        } else {
            context.console.output(line(step))?;
            if let Some(changes) = changes.get(nth) {
                context.console.output(format_args!("     {}", changes.join(", ")))?;
            }
        }
    }
    Ok(())
}

/// `up   migrations/003_create_orders.up.sql  (in a transaction)`
fn line(step: &PlanStep<'_>) -> String {
    let (direction, script) = (step.direction, step.script());
    let mode = match script.mode() {
        Mode::Transactional => "in a transaction".to_owned(),
        Mode::NoTransaction => match script.statements().len() {
            1 => "no transaction, 1 statement".to_owned(),
            count => format!("no transaction, {count} statements"),
        },
    };
    format!("{direction:<4} {}  ({mode})", script.path())
}

/// A database of the document of `plan` and of -dry-run.
#[derive(Serialize)]
struct PlanObject {
    database: String,
    connection: Connection,
    steps: Vec<PlanStepObject>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct PlanStepObject {
    direction: String,
    version: String,
    description: String,
    path: String,
    transactional: bool,
    statements: usize,
    /// What it changes, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<String>>,
    /// With -sql.
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<String>,
}

impl PlanObject {
    fn new(
        database: &str,
        connection: Connection,
        plan: &Plan<'_>,
        changes: Vec<Vec<String>>,
        with_sql: bool,
    ) -> PlanObject {
        let mut changes = changes.into_iter();
        let step = |step: &PlanStep<'_>| {
            let script = step.script();
            PlanStepObject {
                direction: step.direction.to_string(),
                version: step.migration.version().to_string(),
                description: step.migration.description().to_owned(),
                path: script.path().to_owned(),
                transactional: script.mode() == Mode::Transactional,
                statements: script.statements().len(),
                changes: changes.next(),
                sql: with_sql.then(|| script.text().to_owned()),
            }
        };
        PlanObject {
            database: database.to_owned(),
            connection,
            steps: plan.steps.iter().map(step).collect(),
            warnings: texts(&plan.warnings),
        }
    }
}

/// Lists what will be rolled back, and where, and asks. The run then rolls back only that; with -yes, it
/// follows the goal.
pub(crate) fn confirm_loss(
    context: &CommandContext<'_>,
    target: &Target,
    goal: Goal,
) -> Result<Option<Rollback>, CommandError> {
    if context.has(&flags::YES) {
        return Ok(None);
    }
    let (mut migrator, mut client, connection) = target.connect(target.only()?)?;
    let rollback = migrator.plan_rollback(&mut client, goal)?;
    let count = rollback.rows.len();
    if count > 0 {
        show_connection(context.console, &connection.to_string());
        context
            .console
            .status("These migrations will be rolled back, newest first. Data that their down scripts drop is lost:");
        for line in rollback.to_string().lines() {
            context.console.status(format_args!("  {line}"));
        }
        context.confirm(&match count {
            1 => "Roll it back?".to_owned(),
            count => format!("Roll back these {count} migrations?"),
        })?;
    }
    Ok(Some(rollback))
}
