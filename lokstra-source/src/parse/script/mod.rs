//! One script: its text, its checksum, its statements.

pub(crate) mod cached;
mod check;

use std::ops::Range;

use lokstra_core::{Checksum, Direction, Mode};
use sha2::{Digest, Sha256};
use squawk_lexer::{TokenKind, tokenize};

use super::suppression::{self, Suppression};
use crate::problem::{Code, Problem};
use crate::read::decode::decode;
use crate::read::folder::File;
use crate::read::parallel::in_parallel;
use crate::sql;
use cached::AlreadyChecked;

/// An SQL file that has been read.
pub(crate) struct Script {
    pub(crate) text: String,
    pub(crate) checksum: Checksum,
    pub(crate) mode: Mode,
    pub(crate) statements: Vec<Range<usize>>,
    pub(crate) suppressions: Vec<Suppression>,
    /// Whether the script may add a label to an enum type.
    pub(crate) adds_label: bool,
    /// Whether every rule was applied.
    pub(crate) is_checked: bool,
}

impl Script {
    /// Stands for a script that is missing or is no text.
    pub(crate) fn missing() -> Script {
        Script {
            text: String::new(),
            checksum: Checksum::from_bytes(Sha256::digest("").into()),
            mode: Mode::Transactional,
            statements: Vec::new(),
            suppressions: Vec::new(),
            is_checked: false,
            adds_label: false,
        }
    }
}

/// Whether a down script is unchanged since `lokstra migration create` wrote it: rolling back would
/// forget the migration and leave its objects. `renumber` may have changed the version.
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

/// Scripts, `None` where a file is no text, and their problems.
type Read = (Vec<Option<Script>>, Vec<Problem>);

/// Reads these files in their order, on all processors, because reading is most of the time of a build.
/// Adds what is wrong with them to the problems.
pub(crate) fn read_all(
    files: &[(&File, Option<Direction>)],
    checked: &AlreadyChecked<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<Option<Script>> {
    let mut scripts = Vec::with_capacity(files.len());
    for (some, wrong) in in_parallel(files, |share| read_share(share, checked)) {
        scripts.extend(some);
        problems.extend(wrong);
    }
    scripts
}

fn read_share(files: &[(&File, Option<Direction>)], checked: &AlreadyChecked<'_>) -> Read {
    let mut problems = Vec::new();
    let read = |&(file, direction): &_| read(file, direction, checked, &mut problems);
    let scripts = files.iter().map(read).collect();
    (scripts, problems)
}

/// Reads a script, and adds what is wrong with it to the problems.
fn read(
    file: &File,
    direction: Option<Direction>,
    checked: &AlreadyChecked<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Script> {
    let text = decode(file, problems)?;
    if let Some(script) = checked.script(&file.path, &text) {
        return Some(script);
    }
    let checksum = Checksum::from_bytes(Sha256::digest(&text).into());
    let split = lokstra_grammar::split(&text);
    let is_sql = |(offset, _): &_| !check::copies_before(&text, &split.statements, *offset);
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
        let help =
            "write SQL that undoes the change, or a comment that says why it cannot be undone";
        problems.push(Problem::new(Code::EmptyDown, &file.path, message, help));
    } else if direction == Some(Direction::Down) && is_only_heading(&text, &file.name) {
        let message = "this file has only the heading that `create` wrote";
        let help =
            "write SQL that undoes the change, or a comment that says why it cannot be undone";
        problems.push(Problem::new(Code::EmptyDown, &file.path, message, help));
    }
    let directives = sql::directives(&text);
    if let Some(offset) = directives.misspelt {
        let message = "this comment looks like a marker and has no effect";
        let help = format!(
            "make `{}` or `{}` the first line, or change the comment",
            sql::NO_TRANSACTION,
            sql::NO_SYNTAX_CHECK
        );
        let problem = Problem::new(Code::Marker, &file.path, message, help);
        problems.push(problem.at(&text, offset));
    }
    let mode = if directives.no_transaction { Mode::NoTransaction } else { Mode::Transactional };
    let is_locked = checked.locked.contains(&checksum);
    let mut ignored = Vec::new();
    let reported = if is_locked { &mut ignored } else { &mut *problems };
    let suppressions = suppression::read(&file.path, &text, &split.statements, reported);
    let is_checked = !is_locked;
    let statements = split.statements;
    let mut script =
        Script { text, checksum, mode, statements, suppressions, adds_label: false, is_checked };
    if !is_locked {
        check::sections(file, direction, &script, problems);
        if mode == Mode::NoTransaction {
            check::effects(file, &script, problems);
        }
    }
    if unterminated.is_none() {
        // A misspelt directive is reported once, and not for each statement that needs it.
        let meant = if directives.misspelt.is_some() { Mode::NoTransaction } else { mode };
        if check::statements(file, &script, meant, problems) && !directives.no_syntax_check {
            script.adds_label = meant == Mode::Transactional && adds_label(&script);
            // A change of another script may change its types.
            script.is_checked &= !script.adds_label;
            if !is_locked {
                check::syntax(file, &script, problems);
            }
        }
    }
    Some(script)
}

fn adds_label(script: &Script) -> bool {
    script.statements.iter().any(|range| may_add_label(&script.text[range.clone()]))
}

/// Whether a statement may add a label. This is called for each statement, so it reads two words.
fn may_add_label(statement: &str) -> bool {
    if !statement.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case("alter")) {
        return false;
    }
    let mut end = 0;
    let words = tokenize(statement).filter_map(|token| {
        let start = end;
        end += token.len as usize;
        (token.kind == TokenKind::Ident).then(|| &statement[start..end])
    });
    words.take(2).last().is_some_and(|word| word.eq_ignore_ascii_case("type"))
}
