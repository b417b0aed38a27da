//! What is said of a difference, and the statement that the down script lacks.

use super::compare::{Difference, How, What};
use super::{NOT_UNDONE, locate};
use crate::apply::Replay;
use crate::finding::{Finding, Level};

pub(super) fn finding(replay: &Replay<'_>, difference: &Difference, down: usize) -> Finding {
    let Difference { what, key, how, place } = difference;
    let table = key.shown();
    let (shown, name) = match what {
        What::Column(name) => (format!("column {name} of {table}"), name),
        What::Constraint(name) => (format!("constraint {name} of table {table}"), name),
        What::Part(kind, name) => (format!("{kind} {name} on table {table}"), name),
        What::Routine(kind, Some(arguments)) => (format!("{kind} {table}({arguments})"), &key.name),
        What::Object(kind) | What::Routine(kind, None) => (format!("{kind} {table}"), &key.name),
    };
    let is_of_down = place.script == down;
    let message = match how {
        How::Left if is_of_down => format!("{shown} was not there before the up script"),
        How::Left => format!("{shown} is still there after the down script"),
        How::Changed => format!("{shown} has other columns after the down script"),
        How::Missing => format!("{shown} is not restored by the down script"),
        How::Renamed(name) => format!("{shown} is called {name} after the down script"),
        How::Retyped(was) => {
            format!("{shown} had the type {was}, and has another one after the down script")
        }
        How::Nullability(true) => {
            format!("{shown} is NOT NULL after the down script, and was not before")
        }
        How::Nullability(false) => format!("{shown} is no longer NOT NULL after the down script"),
    };
    let file = replay.scripts[down].file;
    let help = match undoing(difference) {
        _ if matches!(how, How::Changed) => format!("restore the {shown} that was there in {file}"),
        Some(_) if is_of_down => "remove this statement".to_owned(),
        Some(statement) => format!("add {statement} to {file}"),
        None => format!("create it again in {file}"),
    };
    Finding {
        script: place.script,
        range: locate(replay, *place, name),
        code: NOT_UNDONE,
        sqlstate: "",
        message,
        notes: Vec::new(),
        help: Some(help),
        level: Level::Warning,
    }
}

/// The statement that the down script lacks; `None` for one that only its author knows.
fn undoing(difference: &Difference) -> Option<String> {
    let Difference { what, key, how, .. } = difference;
    let table = key.shown();
    Some(match (how, what) {
        (How::Left, What::Object(kind)) => format!("DROP {} {table}", kind.to_uppercase()),
        (How::Left, What::Column(name)) => format!("ALTER TABLE {table} DROP COLUMN {name}"),
        (How::Left, What::Constraint(name)) => {
            format!("ALTER TABLE {table} DROP CONSTRAINT {name}")
        }
        (How::Left, What::Part(kind, name)) => {
            format!("DROP {} {name} ON {table}", kind.to_uppercase())
        }
        (How::Left, What::Routine(kind, arguments)) => {
            let arguments = arguments.as_ref().map(|it| format!("({it})")).unwrap_or_default();
            format!("DROP {} {table}{arguments}", kind.to_uppercase())
        }
        (How::Renamed(now), What::Object(kind)) => {
            format!("ALTER {} {now} RENAME TO {}", kind.to_uppercase(), key.name)
        }
        (How::Renamed(now), What::Column(name)) => {
            format!("ALTER TABLE {table} RENAME COLUMN {now} TO {name}")
        }
        (How::Retyped(was), What::Column(name)) => {
            format!("ALTER TABLE {table} ALTER COLUMN {name} TYPE {was}")
        }
        (How::Nullability(is_not_null), What::Column(name)) => {
            let verb = if *is_not_null { "DROP" } else { "SET" };
            format!("ALTER TABLE {table} ALTER COLUMN {name} {verb} NOT NULL")
        }
        _ => return None,
    })
}
