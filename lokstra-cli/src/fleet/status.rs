//! `status` over many targets.

use lokstra_runtime::{State, Status};
use serde::Serialize;

use super::error::Failed;
use super::flags::jobs;
use super::targets::{FleetTarget, fleet_targets};
use super::{indented, run_parallel::run_parallel};
use crate::call::flags::EXIT_CODE;
use crate::call::{CommandContext, Target};
use crate::output::json::{Connection, ErrorObject};
use crate::output::state_lines::current;
use crate::output::{CommandError, Console, Exit, Tone};

/// Shows the state of every target, one line each.
pub(crate) fn status(context: &CommandContext<'_>, target: &Target) -> Result<Exit, CommandError> {
    let database = target.only()?.name();
    let members = fleet_targets(context, target, target.only()?)?;
    let results = run_parallel(
        &members,
        jobs(context),
        || true,
        |member| {
            let result = read_status(target, database, member);
            report(context.console, member, &result);
            result
        },
    );
    // Nothing stops this queue, so every target has a result.
    let results: Vec<_> = results.into_iter().flatten().collect();
    let failed = results.iter().filter(|result| result.is_err()).count();
    let behind = results.iter().flatten().filter(|status| status.pending() > 0).count();
    let up_to_date = results.len() - failed - behind;
    context
        .console
        .output(format_args!("{up_to_date} up to date, {behind} behind, {failed} failed"))?;
    context.console.document(|| {
        let targets = members.iter().zip(&results);
        FleetStatusDocument {
            targets: targets.map(|(member, result)| TargetObject::new(member, result)).collect(),
            up_to_date,
            behind,
            failed,
        }
    })?;
    Ok(match (failed, behind) {
        (1.., _) => Exit::Failed,
        (0, 1..) if context.has(&EXIT_CODE) => Exit::Pending,
        _ => Exit::Done,
    })
}

fn read_status<'m>(
    target: &Target,
    database: &str,
    member: &'m FleetTarget,
) -> Result<Status, Failed<'m>> {
    let place = member.place().map_err(Failed::Named)?;
    let status = || {
        let mut client = place.pool.connect()?;
        place.migrator(target, database).status(&mut client)
    };
    status().map_err(|error: lokstra_runtime::Error| Failed::Ran(error.into()))
}

fn report(console: &Console<'_>, member: &FleetTarget, result: &Result<Status, Failed<'_>>) {
    let name = &member.name;
    match result {
        Ok(status) => {
            let pending = match status.pending() {
                0 => "nothing is pending".to_owned(),
                count => format!("{count} pending"),
            };
            let others = status.rows.iter().filter(|row| matches!(row.state, State::Another(_)));
            let pending = others.fold(pending, |text, row| {
                format!("{text}, {} is another migration there", row.version)
            });
            console.output(format_args!("{name}: {pending}. {}", current(status.current()))).ok();
        }
        Err(failed) => {
            let word = console.on_stderr(Tone::Bad, "failed:");
            console
                .status(format_args!("{name}: {word} {}", indented(&failed.error().to_string())));
        }
    }
}

/// The document of `status` over many targets.
#[derive(Serialize)]
struct FleetStatusDocument {
    targets: Vec<TargetObject>,
    up_to_date: usize,
    behind: usize,
    failed: usize,
}

#[derive(Serialize)]
struct TargetObject {
    target: String,
    connection: Option<Connection>,
    current: Option<String>,
    applied: Option<usize>,
    pending: Option<usize>,
    error: Option<ErrorObject>,
}

impl TargetObject {
    fn new(member: &FleetTarget, result: &Result<Status, Failed<'_>>) -> TargetObject {
        let status = result.as_ref().ok();
        TargetObject {
            target: member.name.clone(),
            connection: member.connection().as_ref().map(Connection::from),
            current: status.and_then(Status::current).map(|version| version.to_string()),
            applied: status.map(Status::applied),
            pending: status.map(Status::pending),
            error: result.as_ref().err().map(|failed| failed.error().object()),
        }
    }
}
