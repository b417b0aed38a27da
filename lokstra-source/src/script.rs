//! One file: its text, its checksum, its statements.

use std::collections::HashSet;
use std::ops::Range;

use lokstra_core::{Checksum, Mode};
use sha2::{Digest, Sha256};

use crate::cache;
use crate::code::Code;
use crate::file_name::Direction;
use crate::folder::File;
use crate::labels;
use crate::problem::Problem;
use crate::sql::{self, Refused, SectionMark};
use crate::waiver::{self, Waiver};

/// An SQL file that has been read.
pub(crate) struct Script {
    pub(crate) text: String,
    pub(crate) checksum: Checksum,
    pub(crate) mode: Mode,
    pub(crate) statements: Vec<Range<usize>>,
    #[cfg_attr(not(feature = "lint"), expect(dead_code, reason = "only checked for their form"))]
    pub(crate) waivers: Vec<Waiver>,
    /// Whether a label of an enum type may be new here.
    pub(crate) adds_label: bool,
    /// Whether no rule was left out.
    pub(crate) is_checked: bool,
}

impl Script {
    /// In the place of one that is not there, or that is no text.
    pub(crate) fn none() -> Script {
        Script {
            text: String::new(),
            checksum: Checksum::from_bytes(Sha256::digest("").into()),
            mode: Mode::Transactional,
            statements: Vec::new(),
            waivers: Vec::new(),
            is_checked: false,
            adds_label: false,
        }
    }
}

/// What need not be judged again.
pub(crate) struct Judged<'a> {
    /// The checksums of what is locked: it was judged by the rules of its time, and nothing is locked
    /// that does not parse.
    pub(crate) locked: &'a HashSet<Checksum>,
    /// What an earlier build found.
    pub(crate) known: &'a cache::Index<'a>,
}

impl Judged<'_> {
    /// The script with this text, if an earlier build saw all of it that this one would see.
    fn script(&self, path: &str, text: &str) -> Option<Script> {
        // What is addressed to us is about the rules, and rare.
        if text.contains("okstra") {
            return None;
        }
        let (known, is_checked) = self.known.script(path, text)?;
        (is_checked || self.locked.contains(&known.checksum())).then(|| Script {
            text: text.to_owned(),
            checksum: known.checksum(),
            mode: known.mode(),
            statements: known.statement_ranges().collect(),
            waivers: Vec::new(),
            adds_label: false,
            is_checked,
        })
    }
}

/// The text without a byte order mark and with LF line ends, or a problem.
pub(crate) fn decode(file: &File, problems: &mut Vec<Problem>) -> Option<String> {
    let bytes = file.content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&file.content);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        let message = "is UTF-16, and PostgreSQL is sent UTF-8";
        let help = "save it as UTF-8 (PowerShell: Set-Content -Encoding utf8)";
        problems.push(Problem::new(Code::NotUtf8, &file.path, message, help));
        return None;
    }
    let text = match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let (good, bad) = bytes.split_at(error.valid_up_to());
            let message = format!("the byte {:#04x} is not UTF-8", bad[0]);
            let help = "save the file as UTF-8";
            let good = String::from_utf8_lossy(good);
            let problem = Problem::new(Code::NotUtf8, &file.path, message, help);
            problems.push(problem.at(&good, good.len()));
            return None;
        }
    };
    if let Some(at) = text.find('\0') {
        let message = "has a NUL byte, where PostgreSQL would stop reading";
        let help = "remove it; is this a binary file?";
        problems.push(Problem::new(Code::NulByte, &file.path, message, help).at(&text[..at], at));
        return None;
    }
    Some(text.replace("\r\n", "\n"))
}

/// Whether nobody has touched a down script since `lokstra migration create` wrote it: rolling it back
/// would forget the migration and leave what it made. The version may be another after `renumber`.
fn is_only_heading(text: &str, name: &str) -> bool {
    let description = name.strip_suffix(".down.sql").and_then(|stem| stem.split_once('_'));
    let heading = text.trim().strip_prefix("-- Rollback: ").and_then(|rest| rest.split_once(' '));
    match (heading, description) {
        (Some((version, heading)), Some((_, description))) => {
            version.bytes().all(|byte| byte.is_ascii_digit())
                && heading.eq_ignore_ascii_case(&description.replace('_', " "))
        }
        _ => false,
    }
}

/// Reads a script; what is wrong with it is added to the problems.
pub(crate) fn read(
    file: &File,
    direction: Option<Direction>,
    judged: &Judged<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Script> {
    let text = decode(file, problems)?;
    if let Some(script) = judged.script(&file.path, &text) {
        return Some(script);
    }
    let checksum = Checksum::from_bytes(Sha256::digest(&text).into());
    let split = sql::split(&text);
    let is_sql = |(offset, _): &_| !copies_before(&text, &split.statements, *offset);
    let unterminated = split.unterminated.filter(is_sql);
    if let Some((offset, what)) = unterminated {
        let message = format!("this {} is never closed", what.name());
        let help = format!("close it with {}", what.end(&text[offset..]));
        let problem = Problem::new(Code::Unterminated, &file.path, message, help);
        problems.push(problem.at(&text, offset));
    } else if split.statements.is_empty() && direction == Some(Direction::Up) {
        let message = "there is no SQL statement in this file";
        let help = "write the change, or remove both files of this version";
        problems.push(Problem::new(Code::EmptyUp, &file.path, message, help));
    }
    if text.trim().is_empty() && direction == Some(Direction::Down) {
        let message = "this file is empty";
        let help = "write how to undo the change, or a comment that says why nobody can";
        problems.push(Problem::new(Code::EmptyDown, &file.path, message, help));
    } else if direction == Some(Direction::Down) && is_only_heading(&text, &file.name) {
        let message = "this file has only the heading that `create` wrote";
        let help = "write how to undo the change, or a comment that says why nobody can";
        problems.push(Problem::new(Code::EmptyDown, &file.path, message, help));
    }
    let markers = sql::markers(&text);
    if let Some(offset) = markers.misspelt {
        let message = "this comment looks like a marker and has no effect";
        let help = format!(
            "make `{}` or `{}` the first line, or change the comment",
            sql::NO_TRANSACTION,
            sql::NO_SYNTAX_CHECK
        );
        let problem = Problem::new(Code::Marker, &file.path, message, help);
        problems.push(problem.at(&text, offset));
    }
    let mode = if markers.no_transaction { Mode::NoTransaction } else { Mode::Transactional };
    let is_locked = judged.locked.contains(&checksum);
    let mut ignored = Vec::new();
    let told = if is_locked { &mut ignored } else { &mut *problems };
    let waivers = waiver::read(&file.path, &text, &split.statements, told);
    let is_checked = !is_locked;
    let statements = split.statements;
    let mut script =
        Script { text, checksum, mode, statements, waivers, adds_label: false, is_checked };
    if !is_locked {
        check_sections(file, direction, &script, problems);
        if mode == Mode::NoTransaction {
            check_effects(file, &script, problems);
        }
    }
    if unterminated.is_none() {
        // A misspelt marker is told once, not again for each statement that needs it.
        let meant = if markers.misspelt.is_some() { Mode::NoTransaction } else { mode };
        if check_statements(file, &script, meant, problems) && !markers.no_syntax_check {
            script.adds_label = meant == Mode::Transactional && adds_label(&script);
            // What the other scripts say of its types may change.
            script.is_checked &= !script.adds_label;
            if !is_locked {
                check_syntax(file, &script, problems);
            }
        }
    }
    Some(script)
}

fn adds_label(script: &Script) -> bool {
    script.statements.iter().any(|range| labels::may_add(&script.text[range.clone()]))
}

/// As many problems of one kind are shown of a script: more would bury them, and finding the line of each
/// takes as long as the script.
const MOST: usize = 50;

/// Finds the statements that cannot stand here. False: there is text that is not SQL at all.
fn check_statements(file: &File, script: &Script, mode: Mode, problems: &mut Vec<Problem>) -> bool {
    let (mut is_sql, mut shown) = (true, 0);
    for range in &script.statements {
        match sql::refused(&script.text[range.clone()]) {
            Some((
                Refused::InTransaction | Refused::CommitsInRoutine | Refused::SetTransaction,
                _,
            )) if mode == Mode::NoTransaction => {}
            // What was locked before these were known is left alone.
            Some((Refused::CommitsInRoutine | Refused::SetTransaction, _))
                if !script.is_checked => {}
            Some((refused, at)) => {
                shown += 1;
                if shown <= MOST {
                    let problem = refusal(refused, mode, file);
                    problems.push(problem.at(&script.text, range.start + at));
                }
                // What follows is data.
                if refused == Refused::CopyFromStdin {
                    return false;
                }
                is_sql &= refused != Refused::PsqlCommand;
            }
            None => {}
        }
    }
    is_sql
}

/// Whether `COPY … FROM STDIN` stands before this offset: what follows is data, whatever it looks like.
fn copies_before(text: &str, statements: &[Range<usize>], offset: usize) -> bool {
    let mut before = statements.iter().take_while(|range| range.end <= offset);
    before.any(|range| {
        matches!(sql::refused(&text[range.clone()]), Some((Refused::CopyFromStdin, _)))
    })
}

/// The way down in a file that goes up, or the other way round, behind a line of another tool.
fn check_sections(
    file: &File,
    direction: Option<Direction>,
    script: &Script,
    problems: &mut Vec<Problem>,
) {
    let is_wrong = |mark: &SectionMark| match direction {
        Some(Direction::Down) => {
            !mark.is_down || script.statements.iter().any(|range| range.end <= mark.offset)
        }
        _ => mark.is_down,
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
        Some(Direction::Down) if is_down => "remove what is above this line, and the line",
        Some(Direction::Down) => "move what follows into the .up.sql file, and remove this line",
        _ => "move what follows into the .down.sql file, and remove this line",
    };
    let problem = Problem::new(Code::OtherTool, &file.path, message, help);
    problems.push(problem.at(&script.text, mark.offset));
}

/// What acts until the end of a transaction, in a script of which each statement has its own.
fn check_effects(file: &File, script: &Script, problems: &mut Vec<Problem>) {
    let mut shown = 0;
    for range in &script.statements {
        if let Some((what, help)) = sql::effectless(&script.text[range.clone()]) {
            shown += 1;
            if shown > MOST {
                return;
            }
            let message = format!(
                "{what} has no effect here: each statement of this script commits by itself"
            );
            let problem = Problem::new(Code::NoEffect, &file.path, message, help);
            problems.push(problem.at(&script.text, range.start));
        }
    }
}

#[cfg(feature = "sql-check")]
fn check_syntax(file: &File, script: &Script, problems: &mut Vec<Problem>) {
    use crate::sql::remedy::Remedy;
    let errors = sql::grammar::errors(&script.text, &script.statements);
    let count = errors.len();
    for (nth, error) in errors.into_iter().enumerate().take(MOST) {
        let otherwise = || {
            format!(
                "if PostgreSQL takes it as it is, make `{}` the first line",
                sql::NO_SYNTAX_CHECK
            )
        };
        let help = match error.remedy {
            Some(Remedy::Certain(help)) => help,
            Some(Remedy::Missing(what)) => format!("is {what} missing? {}", otherwise()),
            None => otherwise(),
        };
        let message = match (nth + 1 == MOST).then(|| count - MOST) {
            Some(more @ 1..) => format!("{} (and {more} more in this file)", error.message),
            _ => error.message,
        };
        let problem = Problem::new(Code::Syntax, &file.path, message, help);
        problems.push(problem.at(&script.text, error.offset));
    }
}

#[cfg(not(feature = "sql-check"))]
fn check_syntax(_: &File, _: &Script, _: &mut Vec<Problem>) {}

fn refusal(refused: Refused, mode: Mode, file: &File) -> Problem {
    let (code, message, help) = match (refused, mode) {
        (Refused::TransactionControl, Mode::Transactional) => (
            Code::TransactionControl,
            "a migration cannot begin or end a transaction itself",
            "remove it: the script runs in one transaction together with its record",
        ),
        (Refused::TransactionControl, Mode::NoTransaction) => (
            Code::TransactionControl,
            "a migration cannot begin or end a transaction itself",
            "remove it: each statement of this script commits by itself",
        ),
        (Refused::InTransaction, _) => (
            Code::InTransaction,
            "PostgreSQL refuses this statement in a transaction, and this script runs in one",
            "make `-- lokstra: no-transaction` the first line; each statement then runs by itself",
        ),
        (Refused::CommitsInRoutine, _) => (
            Code::InTransaction,
            "PostgreSQL refuses to commit or roll back in a transaction, and this script runs in one",
            "make `-- lokstra: no-transaction` the first line; what was committed is then kept, \
             whatever follows",
        ),
        (Refused::SetTransaction, _) => (
            Code::TransactionControl,
            "this must come before the first query of a transaction, and the run's own comes first",
            "remove it, and lock what must not change meanwhile: LOCK TABLE … IN SHARE ROW EXCLUSIVE MODE",
        ),
        (Refused::PsqlCommand, _) => (
            Code::PsqlCommand,
            "this is a command of psql, which the server does not know",
            "remove it, or write it in SQL",
        ),
        (Refused::CopyFromStdin, _) => (
            Code::CopyFromStdin,
            "COPY FROM STDIN reads what a client sends, and a migration sends nothing",
            "write INSERT INTO … VALUES (…), (…) instead",
        ),
    };
    Problem::new(code, &file.path, message, help)
}
