//! What a script must not contain, statement by statement.

use std::ops::Range;

use lokstra_core::{Direction, Mode};

use super::Script;
use crate::problem::{Code, Problem};
use crate::read::folder::File;
use crate::sql::{self, Effectless, Forbidden, SectionMark};

/// How many problems of one kind are reported per script: more would bury the others, and finding the
/// line of each takes as long as the script.
const MAX_REPORTED: usize = 50;

/// Adds a problem for each statement that a migration must not contain. Returns false if the text is not
/// SQL.
pub(super) fn statements(
    file: &File,
    script: &Script,
    mode: Mode,
    problems: &mut Vec<Problem>,
) -> bool {
    let (mut is_sql, mut reported) = (true, 0);
    for range in &script.statements {
        match sql::forbidden(&script.text[range.clone()]) {
            Some((
                Forbidden::InTransaction | Forbidden::CommitsInRoutine | Forbidden::SetTransaction,
                _,
            )) if mode == Mode::NoTransaction => {}
            // What was locked before lokstra knew these is accepted.
            Some((Forbidden::CommitsInRoutine | Forbidden::SetTransaction, _))
                if !script.is_checked => {}
            Some((forbidden, at)) => {
                reported += 1;
                if reported <= MAX_REPORTED {
                    let problem = forbidden_problem(forbidden, mode, file);
                    problems.push(problem.at(&script.text, range.start + at));
                }
                // What follows is data.
                if forbidden == Forbidden::CopyFromStdin {
                    return false;
                }
                is_sql &= forbidden != Forbidden::PsqlCommand;
            }
            None => {}
        }
    }
    is_sql
}

/// Whether `COPY … FROM STDIN` precedes this offset: everything behind it is data.
pub(super) fn copies_before(text: &str, statements: &[Range<usize>], offset: usize) -> bool {
    let mut before = statements.iter().take_while(|range| range.end <= offset);
    before.any(|range| {
        matches!(sql::forbidden(&text[range.clone()]), Some((Forbidden::CopyFromStdin, _)))
    })
}

/// Adds a problem for a down section in an up file, or an up section in a down file, behind a line of
/// another tool.
pub(super) fn sections(
    file: &File,
    direction: Option<Direction>,
    script: &Script,
    problems: &mut Vec<Problem>,
) {
    let is_above =
        |mark: &SectionMark| script.statements.iter().any(|range| range.end <= mark.offset);
    // A section without a statement runs nothing.
    let is_below = |mark: &SectionMark| script.statements.iter().any(|it| it.end > mark.offset);
    let is_wrong = |mark: &SectionMark| match direction {
        Some(Direction::Down) if mark.is_down => is_above(mark),
        Some(Direction::Down) => is_below(mark),
        _ => mark.is_down && is_below(mark),
    };
    let Some(mark) = sql::section_marks(&script.text).into_iter().find(is_wrong) else { return };
    let (tool, is_down) = (mark.tool, mark.is_down);
    let (half, verb) = match direction {
        Some(Direction::Down) if is_down => ("down", "down` would run what is above"),
        Some(Direction::Down) => ("up", "down` would run"),
        _ => ("down", "up` would run"),
    };
    let message = format!("the {half} section of {tool} begins here, and `{verb} it too");
    let help = match direction {
        Some(Direction::Down) if is_down => "remove this line and everything above it",
        Some(Direction::Down) => "move what follows into the .up.sql file, and remove this line",
        _ => "move what follows into the .down.sql file, and remove this line",
    };
    let problem = Problem::new(Code::OtherTool, &file.path, message, help);
    problems.push(problem.at(&script.text, mark.offset));
}

/// Adds a problem for each statement that acts until the end of its transaction, in a script whose
/// statements each have their own.
pub(super) fn effects(file: &File, script: &Script, problems: &mut Vec<Problem>) {
    let mut reported = 0;
    for range in &script.statements {
        if let Some(Effectless { what, is_refused, help }) =
            sql::effectless(&script.text[range.clone()])
        {
            reported += 1;
            if reported > MAX_REPORTED {
                return;
            }
            let fault = if is_refused { "is refused" } else { "has no effect" };
            let message =
                format!("{what} {fault} here: each statement of this script commits by itself");
            let problem = Problem::new(Code::NoEffect, &file.path, message, help);
            problems.push(problem.at(&script.text, range.start));
        }
    }
}

#[cfg(feature = "sql-check")]
pub(super) fn syntax(file: &File, script: &Script, problems: &mut Vec<Problem>) {
    use crate::sql::remedy::Remedy;
    let errors = sql::grammar::errors(&script.text, &script.statements);
    let count = errors.len();
    for (nth, error) in errors.into_iter().enumerate().take(MAX_REPORTED) {
        let otherwise = || {
            format!(
                "if PostgreSQL accepts it as it is, make `{}` the first line",
                sql::NO_SYNTAX_CHECK
            )
        };
        let help = match error.remedy {
            Some(Remedy::Certain(help)) => help,
            Some(Remedy::Missing(what)) => format!("is {what}? {}", otherwise()),
            None => otherwise(),
        };
        let message = match (nth + 1 == MAX_REPORTED).then(|| count - MAX_REPORTED) {
            Some(more @ 1..) => format!("{} (and {more} more in this file)", error.message),
            _ => error.message,
        };
        let problem = Problem::new(Code::Syntax, &file.path, message, help);
        problems.push(problem.at(&script.text, error.offset));
    }
}

#[cfg(not(feature = "sql-check"))]
pub(super) fn syntax(_: &File, _: &Script, _: &mut Vec<Problem>) {}

fn forbidden_problem(forbidden: Forbidden, mode: Mode, file: &File) -> Problem {
    let (code, message, help) = match (forbidden, mode) {
        (Forbidden::TransactionControl, Mode::Transactional) => (
            Code::TransactionControl,
            "a migration cannot begin or end a transaction itself",
            "remove it: the script runs in one transaction together with its record",
        ),
        (Forbidden::TransactionControl, Mode::NoTransaction) => (
            Code::TransactionControl,
            "a migration cannot begin or end a transaction itself",
            "remove it: each statement of this script commits by itself",
        ),
        (Forbidden::InTransaction, _) => (
            Code::InTransaction,
            "PostgreSQL refuses this statement in a transaction, and this script runs in one",
            "make `-- lokstra: no-transaction` the first line; each statement then runs by itself",
        ),
        (Forbidden::CommitsInRoutine, _) => (
            Code::InTransaction,
            "PostgreSQL refuses to commit or roll back in a transaction, and this script runs in one",
            "make `-- lokstra: no-transaction` the first line; what was committed is then kept, \
             even if a later statement fails",
        ),
        (Forbidden::SetTransaction, _) => (
            Code::TransactionControl,
            "this must come before the first query of a transaction, and a query of the run comes first",
            "remove it, and lock what must not change meanwhile: LOCK TABLE … IN SHARE ROW EXCLUSIVE MODE",
        ),
        (Forbidden::PsqlCommand, _) => (
            Code::PsqlCommand,
            "this is a psql command, which the server does not understand",
            "remove it, or write it in SQL",
        ),
        (Forbidden::CopyFromStdin, _) => (
            Code::CopyFromStdin,
            "COPY FROM STDIN reads what a client sends, and a migration sends nothing",
            "write INSERT INTO … VALUES (…), (…) instead",
        ),
    };
    Problem::new(code, &file.path, message, help)
}
