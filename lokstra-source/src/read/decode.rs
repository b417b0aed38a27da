//! The text of a file: UTF-8, without a byte order mark and with LF line ends.

use super::folder::File;
use crate::problem::{Code, Problem};

/// Decodes a file, without a byte order mark and with LF line ends, or adds a problem.
pub(crate) fn decode(file: &File, problems: &mut Vec<Problem>) -> Option<String> {
    let bytes = file.content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&file.content);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        let message = "is UTF-16, and must be UTF-8";
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
