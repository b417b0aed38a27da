//! The transactions that a script begins and ends itself, which a migration of lokstra must not.

use std::ops::Range;

use crate::verbs::import::source::code::code;

/// Removes BEGIN and COMMIT, if running the whole in one transaction has the same result.
pub(crate) fn unwrapped(text: &str) -> Option<String> {
    let statements = lokstra_source::statements(text);
    let (mut controls, mut is_open) = (Vec::new(), false);
    for range in &statements {
        match control(&text[range.clone()]) {
            Control::None => continue,
            // BEGIN in a transaction and COMMIT outside of one only warn. An open transaction is rolled
            // back.
            Control::Begin if !is_open => is_open = true,
            Control::Commit => is_open = false,
            Control::Begin | Control::Other => return None,
        }
        controls.push(range);
    }
    let [first, .., last] = &statements[..] else { return None };
    let is_around_all = controls == [first, last] && is_begin(&text[first.clone()]);
    // An effect that ends with its transaction must not last longer.
    let is_local = |range: &Range<usize>| lasts_until_commit(&text[range.clone()]);
    if is_open || controls.is_empty() || !is_around_all && statements.iter().any(is_local) {
        return None;
    }
    let mut unwrapped = text.to_owned();
    for range in controls.into_iter().rev() {
        remove(&mut unwrapped, range);
    }
    Some(format!("{}\n", unwrapped.trim()))
}

/// Whether one transaction spans the whole script.
pub(crate) fn is_whole(text: &str) -> bool {
    let statements = lokstra_source::statements(text);
    let [first, between @ .., last] = &statements[..] else { return false };
    is_begin(&text[first.clone()])
        && control(&text[last.clone()]) == Control::Commit
        && between.iter().all(|range| control(&text[range.clone()]) == Control::None)
}

#[derive(PartialEq, Eq)]
enum Control {
    None,
    Begin,
    Commit,
    Other,
}

fn is_begin(statement: &str) -> bool {
    control(statement) == Control::Begin
}

fn control(statement: &str) -> Control {
    match words(statement).as_str() {
        "BEGIN" | "BEGIN WORK" | "BEGIN TRANSACTION" | "START TRANSACTION" => Control::Begin,
        "COMMIT" | "COMMIT WORK" | "COMMIT TRANSACTION" | "END" | "END WORK"
        | "END TRANSACTION" => Control::Commit,
        words => match words.split(' ').next() {
            Some(
                "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" | "SAVEPOINT"
                | "RELEASE",
            ) => Control::Other,
            _ if words.starts_with("PREPARE TRANSACTION") => Control::Other,
            _ => Control::None,
        },
    }
}

fn lasts_until_commit(statement: &str) -> bool {
    let words = words(statement);
    let begins = ["SET LOCAL ", "SET CONSTRAINTS ", "SET TRANSACTION ", "LOCK ", "DECLARE "];
    begins.iter().any(|begin| words.starts_with(begin))
        || words.contains(" ON COMMIT ")
        || words.contains("SET_CONFIG")
        || words.contains("_XACT_")
}

/// The words of a statement, without comments.
fn words(statement: &str) -> String {
    let code = code(statement).to_ascii_uppercase();
    code.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn remove(text: &mut String, range: &Range<usize>) {
    let semicolon = text[range.end..].find(|c: char| !c.is_whitespace());
    let end = match semicolon {
        Some(at) if text[range.end + at..].starts_with(';') => range.end + at + 1,
        _ => range.end,
    };
    // The line too, if nothing else is on it.
    let rest = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
    let starts_line = text[..range.start].ends_with('\n') || range.start == 0;
    let is_alone = starts_line && text[end..rest].trim().is_empty();
    text.replace_range(range.start..if is_alone { rest } else { end }, "");
}
