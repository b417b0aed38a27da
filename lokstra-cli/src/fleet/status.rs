use lokstra_runtime::{State, Status};
use serde_json::{Value, json};

use super::error::Failed;
use super::targets::{Member, members};
use super::{indented, jobs, run_parallel as queue};
use crate::call::{Call, Target};
use crate::output::status::current;
use crate::output::{Console, Error, Exit, Tone, json};

/// Where every target stands, a line each.
pub(crate) fn status(call: &Call<'_>, target: &Target) -> Result<Exit, Error> {
    let database = target.only()?.name();
    let members = members(call, target, target.only()?)?;
    let results = queue::each(
        &members,
        jobs(call),
        || true,
        |member| {
            let result = of_one(target, database, member);
            tell(call.console, member, &result);
            result
        },
    );
    // Every one was asked: nothing stops this queue.
    let results: Vec<_> = results.into_iter().flatten().collect();
    let failed = results.iter().filter(|result| result.is_err()).count();
    let behind = results.iter().flatten().filter(|status| status.pending() > 0).count();
    let up_to_date = results.len() - failed - behind;
    call.console.say(format_args!("{up_to_date} up to date, {behind} behind, {failed} failed"))?;
    call.console.document(|| {
        let targets =
            members.iter().zip(&results).map(|(member, result)| of_target(member, result));
        json!({
            "targets": targets.collect::<Vec<_>>(),
            "up_to_date": up_to_date,
            "behind": behind,
            "failed": failed,
        })
    })?;
    Ok(match (failed, behind) {
        (1.., _) => Exit::Failed,
        (0, 1..) if call.has("exit-code") => Exit::Pending,
        _ => Exit::Done,
    })
}

fn of_one<'m>(target: &Target, database: &str, member: &'m Member) -> Result<Status, Failed<'m>> {
    let place = member.place().map_err(Failed::Named)?;
    let status = || {
        let mut client = place.pool.connect()?;
        place.migrator(target, database).status(&mut client)
    };
    status().map_err(|error: lokstra_runtime::Error| Failed::Ran(error.into()))
}

fn tell(console: &Console<'_>, member: &Member, result: &Result<Status, Failed<'_>>) {
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
            console.say(format_args!("{name}: {pending}. {}", current(status.current()))).ok();
        }
        Err(failed) => {
            let word = console.on_stderr(Tone::Bad, "failed:");
            console.talk(format_args!("{name}: {word} {}", indented(&failed.error().to_string())));
        }
    }
}

fn of_target(member: &Member, result: &Result<Status, Failed<'_>>) -> Value {
    let status = result.as_ref().ok();
    json!({
        "target": member.name,
        "connection": json::connection(member.connection().as_ref()),
        "current": status.and_then(Status::current).map(|version| version.to_string()),
        "applied": status.map(Status::applied),
        "pending": status.map(Status::pending),
        "error": result.as_ref().err().map(|failed| failed.error().object()),
    })
}
