//! `lokstra.lock`: the checksums of committed migrations, so that git and the build detect a change.
//!
//! One line per migration, chained to the line before: two branches that add a migration conflict in
//! git, and a merge that keeps both lines breaks the chain.

use std::collections::HashSet;
use std::fmt;

use lokstra_core::{Checksum, Version};
use sha2::{Digest, Sha256};

use crate::problem::{Code, Problem};
use crate::read::decode::decode;
use crate::read::folder::{File, Folder};

const HEADER: &str =
    "# Written by `lokstra migration lock`. Commit it with the migrations: its end counts them.";

/// The header of files that have no count at their end.
const OLD_HEADER: &str =
    "# Written by `lokstra migration lock`. Commit it together with the migrations.";

/// The remedy of a merge that git left to a person; with marks, what comes after the fork has to run again.
const RESOLVE: &str = "delete the lines that begin with <<<, === or >>>, move the lines of what is already \
    deployed or merged to the top, then run `lokstra migration renumber`, which moves the others to the \
    end, and `lokstra migration lock`";
const RESOLVE_AND_VERIFY: &str = "delete the lines that begin with <<<, === or >>>, move the lines of what \
    is already deployed or merged to the top, then run `lokstra migration renumber`, which moves the others \
    to the end, `lokstra migration lock` and `lokstra migration verify`";

/// The remedy for a truncated file.
const RESTORE: &str = "restore the file from git; or delete it and run `lokstra migration lock`, which \
                       locks the folder as it is now";

/// What stands before a mark, behind the chain: what a server says of the scripts is no part of them.
const MARK: &str = " verified=";

/// What stands before the count.
const END: &str = "# End: ";

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) version: Version,
    pub(crate) description: String,
    /// Of up and down; `None` for a new migration that is not locked yet.
    pub(crate) checksums: Option<(Checksum, Checksum)>,
    /// The text of its mark, valid or not.
    pub(crate) mark: Option<String>,
}

/// Writes the entry without its chain and its mark.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.version, self.description)?;
        match &self.checksums {
            Some((up, down)) => write!(f, "up={up} down={down}"),
            None => f.write_str("new"),
        }
    }
}

/// The text of a lock file with these entries.
pub(crate) fn text(entries: &[Entry]) -> String {
    let mut chain = String::new();
    let lines = entries.iter().map(|entry| {
        let line = entry.to_string();
        chain = link(&chain, &line);
        let mark = entry.mark.as_ref().map(|mark| format!("{MARK}{mark}")).unwrap_or_default();
        format!("{line} chain={chain}{mark}\n")
    });
    let lines: String = lines.collect();
    format!("{HEADER}\n{lines}{END}{}\n", entries.len())
}

/// The chain of a line, computed from the chain of the line before it.
pub(super) fn link(before: &str, line: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(format!("{before}\n{line}")).into();
    let mut chain = Checksum::from_bytes(digest).to_string();
    chain.truncate(16);
    chain
}

/// An entry, and the number of its line from 1.
pub(crate) type Placed = (Entry, usize);

/// The parts of a line of the file.
struct Line<'a> {
    entry: Entry,
    /// The text that the chain covers.
    text: &'a str,
    chain: &'a str,
}

fn parse_line(line: &str) -> Option<Line<'_>> {
    let (text, chain) = line.rsplit_once(" chain=")?;
    let (chain, mark) = match chain.split_once(MARK) {
        Some((chain, mark)) => (chain, Some(mark.to_owned())),
        None => (chain, None),
    };
    let mut words = text.split(' ');
    let version = words.next()?.parse().ok()?;
    let description = words.next()?.to_owned();
    let checksums = match (words.next()?, words.next()) {
        ("new", None) => None,
        (up, Some(down)) => {
            Some((up.strip_prefix("up=")?.parse().ok()?, down.strip_prefix("down=")?.parse().ok()?))
        }
        _ => return None,
    };
    let entry = Entry { version, description, checksums, mark };
    words.next().is_none().then_some(Line { entry, text, chain })
}

/// Reads the file, and adds what is wrong with it to the problems.
pub(crate) fn read(file: &File, problems: &mut Vec<Problem>) -> Vec<Placed> {
    if file.content.contains(&0) {
        let message = "has NUL bytes: a part of it was lost in a crash of the machine";
        problems.push(Problem::new(Code::LockCut, &file.path, message, RESTORE));
        return Vec::new();
    }
    let Some(text) = decode(file, problems) else { return Vec::new() };
    let mut problem = |code, number, line: &str, message: &str, help: &str| {
        problems.push(Problem::new(code, &file.path, message, help).at_line(number, line));
    };
    let (mut entries, mut chain, mut is_whole) = (Vec::new(), String::new(), true);
    let mut ends = Ends::default();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_end();
        if ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|mark| line.starts_with(mark)) {
            if line.starts_with('<') {
                problem(
                    Code::LockConflict,
                    number,
                    line,
                    "two branches added migrations at the same time",
                    if text.contains(" verified=") { RESOLVE_AND_VERIFY } else { RESOLVE },
                );
            }
            (is_whole, ends.is_certain) = (false, false);
            continue;
        }
        if line.is_empty() || line.starts_with('#') {
            ends.read(number, line);
            continue;
        }
        let Some(parsed) = parse_line(line) else {
            let help = "restore the file from git, or delete it and run `lokstra migration lock`";
            problem(Code::LockSyntax, number, line, "this is not a line of a lock file", help);
            (is_whole, ends.is_certain) = (false, false);
            continue;
        };
        chain = link(&chain, parsed.text);
        if is_whole && parsed.chain != chain {
            let message = "the chain is broken: this line does not follow from the one before it";
            let help = "a merge or an edit changed the lines up to here; review them, then run \
                        `lokstra migration renumber` and `lokstra migration lock`";
            problem(Code::LockChain, number, line, message, help);
            is_whole = false;
        }
        parsed.chain.clone_into(&mut chain);
        entries.push((parsed.entry, number));
    }
    problems.extend(ends.problem(file, entries.len(), is_whole));
    entries
}

/// What the first and last lines of a file say about the lines between them.
struct Ends {
    has_header: bool,
    /// Whether a version of lokstra that writes no count wrote the file.
    is_old: bool,
    /// The counts at the end, with their lines: a merge may leave two.
    counts: Vec<(usize, usize)>,
    /// Whether every line between them could be read.
    is_certain: bool,
}

impl Default for Ends {
    fn default() -> Ends {
        Ends { has_header: false, is_old: false, counts: Vec::new(), is_certain: true }
    }
}

impl Ends {
    fn read(&mut self, number: usize, line: &str) {
        self.has_header |= line == HEADER || line == OLD_HEADER;
        self.is_old |= line == OLD_HEADER;
        let count = line.strip_prefix(END).and_then(|count| count.parse().ok());
        self.counts.extend(count.map(|count| (number, count)));
    }

    /// The problem of a truncated file, or of a merge that left a wrong count.
    fn problem(&self, file: &File, lines: usize, is_whole: bool) -> Option<Problem> {
        let cut = |message: String| Problem::new(Code::LockCut, &file.path, message, RESTORE);
        if !self.is_certain {
            return None;
        }
        if !self.has_header {
            return Some(cut("the first line is missing: the file may be truncated".to_owned()));
        }
        let most = self.counts.iter().map(|(_, count)| *count).max();
        match most {
            None if self.is_old => None,
            None => Some(cut(
                "the last line, which counts the migrations, is missing: the file is truncated"
                    .to_owned(),
            )),
            Some(most) if most > lines => Some(cut(format!(
                "only {lines} of {most} migrations are listed: lines are missing"
            ))),
            Some(most) if is_whole && (most < lines || self.counts.len() > 1) => {
                let (number, _) = self.counts[0];
                let message = if self.counts.len() > 1 {
                    "the migrations are counted twice".to_owned()
                } else {
                    format!("there are {lines} migrations, and this line counts {most}")
                };
                let help = "a merge or an edit changed the lines; review them, then run `lokstra \
                            migration renumber` and `lokstra migration lock`";
                let problem = Problem::new(Code::LockChain, &file.path, message, help);
                Some(problem.at_line(number, &format!("{END}{most}")))
            }
            Some(_) => None,
        }
    }
}

/// Whether the file has conflict markers of git.
pub(crate) fn has_conflict(file: &File) -> bool {
    file.content.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"<<<<<<<"))
}

/// The checksums of what is locked. Only scripts that parse are locked, so a build need not parse these.
pub(crate) fn checksums(folder: &Folder) -> HashSet<Checksum> {
    let text = folder.lock.as_ref().and_then(|file| decode(file, &mut Vec::new()));
    let text = text.unwrap_or_default();
    let entries = text.lines().filter_map(parse_line);
    entries.filter_map(|line| line.entry.checksums).flat_map(<[_; 2]>::from).collect()
}
