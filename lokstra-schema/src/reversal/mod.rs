//! Whether a down script brings the model back to what it was before its up script. Only what is certain is
//! reported.

mod compare;
mod describe;

use crate::apply::{Replay, parse};
use crate::catalog::{Mark, Place};
use crate::finding::{Finding, Level};

/// What a down script leaves behind, or does not restore.
pub const NOT_UNDONE: &str = "not-undone";

/// The up script fails if it runs behind its down script.
const NOT_REPEATABLE: &str = "up-fails-again";

/// Adds what is not as it was before the up script, and what makes the up script fail if it runs again. The model
/// is that behind the down script, and another one afterwards.
pub(crate) fn check(replay: &mut Replay<'_>, before: Mark, up: usize, down: usize) {
    // A down script of comments alone says why it cannot undo the change.
    let has_statement = !replay.scripts[down].statements.is_empty();
    if !has_statement || replay.is_lost || replay.calls_unknown || replay.runs_code {
        return;
    }
    let (differences, is_same) = compare::differences(replay, before, up);
    if is_same {
        return;
    }
    let found = differences.iter().map(|it| describe::finding(replay, it, down)).collect();
    let again = again(replay, up, down);
    let is_cause = |it: &Finding, again: &Finding| {
        it.script == again.script && statement(replay, it) == statement(replay, again)
    };
    let mut found: Vec<Finding> = found;
    found.retain(|it| again.iter().all(|again| !is_cause(it, again)));
    found.extend(again);
    found.sort_by_key(|it| (it.script, it.range.start));
    replay.findings.extend(found);
}

/// Which statement of its script a finding is about.
fn statement(replay: &Replay<'_>, finding: &Finding) -> Option<usize> {
    let statements = &replay.scripts[finding.script].statements;
    statements.iter().position(|range| finding.range.start < range.end)
}

/// The first error of the up script behind its down script.
fn again(replay: &mut Replay<'_>, up: usize, down: usize) -> Option<Finding> {
    let count = replay.findings.len();
    replay.script(up, &parse(&replay.scripts[up]));
    let mut found = replay.findings.split_off(count).into_iter();
    let first = found.find(|it| it.level == Level::Error && it.script == up)?;
    let file = replay.scripts[down].file;
    let message =
        format!("after the down script, this fails when it runs again: {}", first.message);
    let help = Some(format!("undo this in {file}"));
    Some(Finding { code: NOT_REPEATABLE, message, help, ..first })
}

/// Where a name stands in the statement at a place, or the statement's beginning.
fn locate(replay: &Replay<'_>, place: Place, name: &str) -> std::ops::Range<usize> {
    let script = &replay.scripts[place.script];
    let text = statement_at(replay, place);
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let lower = text.to_ascii_lowercase();
    let is_whole = |at: &usize| {
        !lower[..*at].ends_with(is_part) && !lower[*at + name.len()..].starts_with(is_part)
    };
    let wanted = name.to_ascii_lowercase();
    let found = lower.match_indices(&wanted).map(|(at, _)| at).find(is_whole);
    match found {
        Some(at) => place.offset + at..place.offset + at + name.len(),
        None => place.offset..place.offset.min(script.sql.len()),
    }
}

/// The statement that begins at a place.
fn statement_at<'s>(replay: &Replay<'s>, place: Place) -> &'s str {
    let script = &replay.scripts[place.script];
    let end = script.statements.iter().find(|it| it.start == place.offset).map(|it| it.end);
    &script.sql[place.offset..end.unwrap_or(script.sql.len())]
}
