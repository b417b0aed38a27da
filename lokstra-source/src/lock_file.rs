//! `lokstra.lock`: what was committed, so that git and the build notice when it changes.
//!
//! A line a migration, chained to the line before: two branches that add a migration conflict in
//! git, and a merge that takes both lines breaks the chain.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use lokstra_core::{Checksum, Version};
use sha2::{Digest, Sha256};

use crate::code::Code;
use crate::file_name::leading_version;
use crate::folder::{File, Folder, LOCK};
use crate::pairs::Pair;
use crate::problem::Problem;
use crate::script;

const HEADER: &str =
    "# Written by `lokstra migration lock`. Commit it with the migrations: its end counts them.";

/// Of files that have no count at their end.
const OLD_HEADER: &str =
    "# Written by `lokstra migration lock`. Commit it together with the migrations.";

/// Before the count.
const END: &str = "# End: ";

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) version: Version,
    pub(crate) description: String,
    /// Of up and down; `None` for a migration that was created and is not locked yet.
    pub(crate) checksums: Option<(Checksum, Checksum)>,
}

/// Without its chain.
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
        format!("{line} chain={chain}\n")
    });
    let lines: String = lines.collect();
    format!("{HEADER}\n{lines}{END}{}\n", entries.len())
}

/// What a line gets from the one before it.
fn link(before: &str, line: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(format!("{before}\n{line}")).into();
    let mut chain = Checksum::from_bytes(digest).to_string();
    chain.truncate(16);
    chain
}

/// An entry and the number of its line, from 1.
type Placed = (Entry, usize);

/// A line of the file, in its parts.
struct Line<'a> {
    entry: Entry,
    /// What the chain is about.
    text: &'a str,
    chain: &'a str,
}

fn parse_line(line: &str) -> Option<Line<'_>> {
    let (text, chain) = line.rsplit_once(" chain=")?;
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
    let entry = Entry { version, description, checksums };
    words.next().is_none().then_some(Line { entry, text, chain })
}

/// Reads the file; what is wrong with it is added to the problems.
pub(crate) fn read(file: &File, problems: &mut Vec<Problem>) -> Vec<Placed> {
    let Some(text) = script::decode(file, problems) else { return Vec::new() };
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
                    "delete the lines with <, = and >, put the lines of what is deployed or merged \
                     already first, then run `lokstra migration renumber`, which moves the others \
                     to the end, and `lokstra migration lock`",
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
            problem(Code::LockSyntax, number, line, "this is no line of a lock file", help);
            (is_whole, ends.is_certain) = (false, false);
            continue;
        };
        chain = link(&chain, parsed.text);
        if is_whole && parsed.chain != chain {
            let message = "this line does not follow from the one before it";
            let help = "a merge or a hand changed the lines up to here; look at them, then run \
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

/// What the beginning and the end of a file say about what is between them.
struct Ends {
    has_header: bool,
    /// Whether the file is one that a version without a count wrote.
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

    /// That something was cut off, or that a merge left a count that is not that of the lines.
    fn problem(&self, file: &File, lines: usize, is_whole: bool) -> Option<Problem> {
        let cut = |message: String| {
            let help = "restore the file from git; or delete it and run `lokstra migration lock`, which \
                        locks the folder as it is now";
            Problem::new(Code::LockCut, &file.path, message, help)
        };
        if !self.is_certain {
            return None;
        }
        if !self.has_header {
            return Some(cut("the first line is missing: the file may have been cut".to_owned()));
        }
        let most = self.counts.iter().map(|(_, count)| *count).max();
        match most {
            None if self.is_old => None,
            None => Some(cut(
                "the last line, which counts them, is missing: lines were cut off".to_owned()
            )),
            Some(most) if most > lines => {
                Some(cut(format!("{lines} of {most} migrations are left: lines were cut out")))
            }
            Some(most) if is_whole && (most < lines || self.counts.len() > 1) => {
                let (number, _) = self.counts[0];
                let message = if self.counts.len() > 1 {
                    "the migrations are counted twice".to_owned()
                } else {
                    format!("there are {lines} migrations, and this line counts {most}")
                };
                let help = "a merge or a hand changed the lines; look at them, then run `lokstra migration \
                            renumber` and `lokstra migration lock`";
                let problem = Problem::new(Code::LockChain, &file.path, message, help);
                Some(problem.at_line(number, &format!("{END}{most}")))
            }
            Some(_) => None,
        }
    }
}

/// Whether git left the lines of two branches in it.
pub(crate) fn has_conflict(file: &File) -> bool {
    file.content.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"<<<<<<<"))
}

/// The checksums of what is locked. Nothing is locked that does not parse, so these scripts need not
/// be parsed again by every build.
pub(crate) fn checksums(folder: &Folder) -> HashSet<Checksum> {
    let text = folder.lock.as_ref().and_then(|file| script::decode(file, &mut Vec::new()));
    let text = text.unwrap_or_default();
    let entries = text.lines().filter_map(parse_line);
    entries.filter_map(|line| line.entry.checksums).flat_map(<[_; 2]>::from).collect()
}

/// Compares the folder with what was locked.
pub(crate) fn check(folder: &Folder, pairs: &[Pair<'_>], problems: &mut Vec<Problem>) {
    let Some(file) = &folder.lock else { return };
    let entries = read(file, problems);
    let text = String::from_utf8_lossy(&file.content);
    let lines: Vec<_> = text.lines().collect();
    let mut locked: BTreeMap<Version, &Placed> = BTreeMap::new();
    for placed in entries.iter().filter(|(entry, _)| entry.checksums.is_some()) {
        locked.entry(placed.0.version).or_insert(placed);
    }
    let newest = locked.keys().next_back().copied();
    let found: HashSet<_> =
        pairs.iter().map(|pair| (pair.version, pair.description.as_str())).collect();
    for pair in pairs.iter().filter(|pair| !pair.is_half()) {
        match locked.get(&pair.version) {
            // Another branch took the same version, which is a problem of its own.
            Some((entry, _))
                if pair.description.as_str() != entry.description
                    && found.contains(&(entry.version, entry.description.as_str())) => {}
            Some((entry, _)) => changed(entry, pair, problems),
            None => {
                if let Some(newest) = newest.filter(|newest| pair.version < *newest) {
                    let message = format!(
                        "version {} is new, and below {newest}, which is locked already",
                        pair.version
                    );
                    let help = "lokstra migration renumber, which moves it to the end";
                    problems.push(Problem::new(Code::LockOrder, &pair.up.0.path, message, help));
                }
            }
        }
    }
    let scripts = folder.scripts.iter().map(|script| script.name.as_str());
    let there: HashSet<_> =
        scripts.chain(folder.unreadable()).filter_map(leading_version).collect();
    for (version, (entry, number)) in &locked {
        if !there.contains(version) {
            let message =
                format!("{version}_{} is locked, and its files are gone", entry.description);
            let help = "bring them back: a database may have applied them";
            let problem = Problem::new(Code::LockRemoved, &file.path, message, help);
            let line = lines.get(*number - 1).copied().unwrap_or_default();
            problems.push(problem.at_line(*number, line));
        }
    }
}

fn changed(entry: &Entry, pair: &Pair<'_>, problems: &mut Vec<Problem>) {
    let (version, locked) = (entry.version, &entry.description);
    if locked != pair.description.as_str() {
        let message = format!("version {version} is locked as `{locked}`");
        let help = format!("rename it back to {version}_{locked}.up.sql and .down.sql");
        problems.push(Problem::new(Code::LockRenamed, &pair.up.0.path, message, help));
    }
    let Some((up, down)) = entry.checksums else { return };
    for ((file, script), locked) in [(&pair.up, up), (&pair.down, down)] {
        if script.checksum != locked {
            let message = format!(
                "was edited after it was locked: {LOCK} has checksum {}, the file {}",
                locked.short(),
                script.checksum.short()
            );
            let help = "restore it, and put the change into a new migration; if no database has \
                        applied it yet, or `repair -accept` took it in each that has, remove its line and \
                        those below, write into the last line how many are left, and run `lokstra \
                        migration lock`";
            problems.push(Problem::new(Code::LockEdited, &file.path, message, help));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, content: String) -> File {
        let (path, content) = (format!("m/{name}"), content.into_bytes());
        File { name: name.to_owned(), path, content, is_outside: false }
    }

    #[test]
    fn a_script_with_a_locked_checksum_is_not_parsed_again() {
        let sql = "SELEC 1;";
        let checksum = Checksum::from_bytes(Sha256::digest(sql).into());
        let entry = Entry {
            version: Version::MIN,
            description: "a".to_owned(),
            checksums: Some((checksum, checksum)),
        };
        let scripts = ["000_a.down.sql", "000_a.up.sql"].map(|name| file(name, sql.to_owned()));
        let mut folder = Folder { scripts: scripts.into(), ..Folder::default() };
        assert!(crate::check(&folder, crate::Lint::Never, &[]).is_err());
        folder.lock = Some(file(LOCK, text(&[entry])));
        assert!(crate::check(&folder, crate::Lint::Never, &[]).is_ok());
    }
}
