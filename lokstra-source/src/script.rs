//! One file: its text, its checksum, its statements.

use std::ops::Range;

use lokstra_core::{Checksum, Mode};
use sha2::{Digest, Sha256};

use crate::file_name::Direction;
use crate::folder::File;
use crate::problem::{Code, Problem};
use crate::sql::{self, Marker, Refused};

/// An SQL file that has been read.
pub(crate) struct Script {
    pub(crate) text: String,
    pub(crate) checksum: Checksum,
    pub(crate) mode: Mode,
    pub(crate) statements: Vec<Range<usize>>,
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

/// Reads a script; what is wrong with it is added to the problems.
pub(crate) fn read(
    file: &File,
    direction: Option<Direction>,
    problems: &mut Vec<Problem>,
) -> Option<Script> {
    let text = decode(file, problems)?;
    let checksum = Checksum::from_bytes(Sha256::digest(&text).into());
    let split = sql::split(&text);
    if let Some((offset, what)) = split.unterminated {
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
    }
    let mode = match sql::marker(&text) {
        Marker::None => Mode::Transactional,
        Marker::NoTransaction => Mode::NoTransaction,
        Marker::Misspelt(offset) => {
            let message = "this comment looks like a marker and has no effect";
            let help =
                format!("make `{}` the first line, or change the comment", sql::NO_TRANSACTION);
            let problem = Problem::new(Code::Marker, &file.path, message, help);
            problems.push(problem.at(&text, offset));
            Mode::Transactional
        }
    };
    for range in &split.statements {
        if let Some(refused) = sql::refused(&text[range.clone()]) {
            problems.push(refusal(refused, mode, file).at(&text, range.start));
        }
    }
    Some(Script { text, checksum, mode, statements: split.statements })
}

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
        (Refused::CopyFromStdin, _) => (
            Code::CopyFromStdin,
            "COPY FROM STDIN reads what a client sends, and a migration sends nothing",
            "write INSERT INTO … VALUES (…), (…) instead",
        ),
    };
    Problem::new(code, &file.path, message, help)
}
