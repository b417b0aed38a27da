//! Their migrations, written down as ours.

use std::ops::Range;

use lokstra_source::{Code, Description, DescriptionError, Loaded, Problems};

use lokstra_core::Version;

use super::Tool;
use super::theirs::{Script, Theirs};

const MARKER: &str = "-- lokstra: no-transaction\n";

/// A migration of ours.
#[derive(Debug)]
pub(crate) struct Ours {
    /// What their history calls it.
    pub(crate) id: String,
    pub(crate) version: Version,
    pub(crate) up: Written,
    pub(crate) down: Written,
}

/// A file of ours.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) name: String,
    pub(crate) text: String,
    /// Where it comes from, relative to their folder; a down script may come from nowhere.
    pub(crate) from: Option<String>,
    pub(crate) changes: Vec<Change>,
}

/// What is not as it was in their file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// `BEGIN` and `COMMIT` are gone: every script runs in a transaction.
    Unwrapped,
    /// It runs without a transaction there, or can only run so.
    NoTransaction,
    /// It had no statement, and ours need one.
    Filled,
    /// There was no down script.
    Irreversible,
}

impl Change {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Change::Unwrapped => "without its BEGIN and COMMIT",
            Change::NoTransaction => "runs without a transaction",
            Change::Filled => "had no statement",
            Change::Irreversible => "fails: there was no down script",
        }
    }

    /// For programs.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Change::Unwrapped => "unwrapped",
            Change::NoTransaction => "no-transaction",
            Change::Filled => "filled",
            Change::Irreversible => "irreversible",
        }
    }
}

/// In their order.
pub(crate) fn convert(tool: Tool, theirs: &[Theirs]) -> Vec<Ours> {
    let one = |(theirs, version): (&Theirs, Version)| {
        let description: Description = theirs
            .name
            .parse()
            .unwrap_or_else(|error: DescriptionError| error.suggestion().clone());
        let name = format!("{version}_{description}");
        let down = theirs.down.as_ref().filter(|script| !script.text.trim().is_empty());
        Ours {
            id: theirs.id.clone(),
            version,
            up: up(format!("{name}.up.sql"), &theirs.up),
            down: down.map_or_else(
                || irreversible(tool, &name, &theirs.up),
                |script| written(format!("{name}.down.sql"), script),
            ),
        }
    };
    theirs.iter().zip(versions(theirs)).map(one).collect()
}

/// Their numbers, if each has one and they are in order. Otherwise 001, 002, … in their order.
fn versions(theirs: &[Theirs]) -> Vec<Version> {
    let kept: Option<Vec<Version>> =
        theirs.iter().map(|one| one.number.and_then(Version::new)).collect();
    match kept {
        Some(versions) if versions.is_sorted_by(|a, b| a < b) => versions,
        _ => (1..).filter_map(Version::new).take(theirs.len()).collect(),
    }
}

fn up(name: String, script: &Script) -> Written {
    let mut written = written(name, script);
    if lokstra_source::statements(&written.text).is_empty() {
        if !(written.text.is_empty() || written.text.ends_with('\n')) {
            written.text.push('\n');
        }
        written.text.push_str("SELECT 1;\n");
        written.changes.push(Change::Filled);
    }
    written
}

fn written(name: String, script: &Script) -> Written {
    let from = Some(script.path.clone());
    let mut written = Written { name, text: script.text.clone(), from, changes: Vec::new() };
    if script.no_transaction {
        written.mark();
    } else if let Some(text) = unwrapped(&script.text) {
        written.text = text;
        written.changes.push(Change::Unwrapped);
    }
    written
}

impl Written {
    /// Has it run without a transaction.
    fn mark(&mut self) {
        self.text.insert_str(0, MARKER);
        self.changes.push(Change::NoTransaction);
    }
}

/// A down script that says what a rollback finds out otherwise.
fn irreversible(tool: Tool, name: &str, up: &Script) -> Written {
    let text = format!(
        "-- {path} of {tool} had no down script. Where the change can be undone, write here how; then\n\
         -- remove lokstra.lock and write it anew: lokstra migration lock\n\
         DO $$\n\
         BEGIN\n    \
             RAISE EXCEPTION '{name} cannot be undone'\n        \
                 USING HINT = 'Its file says what to do.';\n\
         END\n\
         $$;\n",
        path = up.path,
        tool = tool.name(),
    );
    let changes = vec![Change::Irreversible];
    Written { name: format!("{name}.down.sql"), text, from: None, changes }
}

/// The text without the transaction that is around all of it.
fn unwrapped(text: &str) -> Option<String> {
    let statements = lokstra_source::statements(text);
    let [first, between @ .., last] = &statements[..] else { return None };
    let words = |range: &Range<usize>| {
        let words = text[range.clone()].split_whitespace().map(str::to_ascii_uppercase);
        words.collect::<Vec<_>>().join(" ")
    };
    let begins = ["BEGIN", "BEGIN WORK", "BEGIN TRANSACTION", "START TRANSACTION"];
    let ends =
        ["COMMIT", "COMMIT WORK", "COMMIT TRANSACTION", "END", "END WORK", "END TRANSACTION"];
    let controls = |range: &Range<usize>| {
        let words = words(range);
        let first = words.split(' ').next().unwrap_or_default();
        matches!(first, "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" | "SAVEPOINT")
    };
    if !begins.contains(&words(first).as_str())
        || !ends.contains(&words(last).as_str())
        || between.iter().any(controls)
    {
        return None;
    }
    let mut text = text.to_owned();
    for range in [last, first] {
        let semicolon = text[range.end..].find(|c: char| !c.is_whitespace());
        let end = match semicolon {
            Some(at) if text[range.end + at..].starts_with(';') => range.end + at + 1,
            _ => range.end,
        };
        // The line too, where nothing else is on it.
        let rest = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
        let starts_line = text[..range.start].ends_with('\n') || range.start == 0;
        let is_alone = starts_line && text[end..rest].trim().is_empty();
        text.replace_range(range.start..if is_alone { rest } else { end }, "");
    }
    Some(format!("{}\n", text.trim()))
}

/// Judges the files as the build will. A script with a statement that PostgreSQL refuses in a
/// transaction cannot have run in one there either.
pub(crate) fn judge(
    folder: &str,
    settings: Option<&str>,
    ours: &mut [Ours],
) -> Result<Loaded, Problems> {
    let problems = match load(folder, settings, ours) {
        Ok(loaded) => return Ok(loaded),
        Err(problems) => problems,
    };
    for written in ours.iter_mut().flat_map(|one| [&mut one.up, &mut one.down]) {
        let path = format!("{folder}/{}", written.name);
        let is_this = |problem: &lokstra_source::Problem| {
            problem.code() == Code::InTransaction && problem.path() == path
        };
        if problems.iter().any(is_this) {
            written.mark();
        }
    }
    load(folder, settings, ours)
}

fn load(folder: &str, settings: Option<&str>, ours: &[Ours]) -> Result<Loaded, Problems> {
    let settings = settings.map(|text| ("migration.yaml", text));
    let scripts = ours.iter().flat_map(|one| [&one.up, &one.down]);
    let scripts = scripts.map(|one| (one.name.as_str(), one.text.as_str()));
    lokstra_source::load_files(folder, settings.into_iter().chain(scripts))
}
