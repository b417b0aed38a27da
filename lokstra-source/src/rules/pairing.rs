//! Pairs files to migrations: every version has one description, one up and one down.

use std::collections::{BTreeMap, BTreeSet};

use lokstra_core::{Direction, Version};

use crate::parse::file_name::{Description, FileName, leading_version, next_free};
use crate::parse::lock_file;
use crate::parse::script::cached::{AlreadyChecked, CachedIndex};
use crate::parse::script::{self, Script};
use crate::problem::{Code, LintRule, Problem};
use crate::read::folder::{File, Folder};

/// A migration with its two files.
pub(crate) struct Pair<'a> {
    pub(crate) version: Version,
    pub(crate) description: Description,
    pub(crate) up: (&'a File, Script),
    pub(crate) down: (&'a File, Script),
    /// Whether both scripts are unchanged since they were locked.
    pub(crate) is_locked: bool,
}

impl Pair<'_> {
    /// Whether one of the two files is missing.
    pub(crate) fn is_incomplete(&self) -> bool {
        std::ptr::eq(self.up.0, self.down.0)
    }

    /// Whether a comment above the statement says why the down script may leave this behind.
    pub(crate) fn accepts(&self, finding: &lokstra_schema::Finding) -> bool {
        let script = if finding.script.is_multiple_of(2) { &self.up.1 } else { &self.down.1 };
        let statement = script.statements.iter().position(|range| finding.range.start < range.end);
        let rule = Code::Lint(LintRule::NotUndone);
        script.suppressions.iter().any(|it| it.rule == rule && Some(it.statement) == statement)
    }
}

/// A file whose name is valid, or whose intended name is certain.
struct ParsedFile<'a> {
    file: &'a File,
    name: FileName,
    script: Option<Script>,
}

/// Versions with a file whose direction is unknown or unreadable: no missing file is reported for them.
#[derive(Default)]
struct AmbiguousFiles {
    versions: Vec<Version>,
}

/// A version to suggest for each migration whose name has none, or one that is too high.
fn numbers<'a>(folder: &'a Folder, free: &mut Option<Version>) -> BTreeMap<&'a str, Version> {
    let names = folder.scripts.iter().map(|file| file.name.as_str());
    let without = names.filter(|name| leading_version(name).is_none()).map(stem);
    let digits = |name: &str| name.bytes().take_while(u8::is_ascii_digit).count();
    let in_order: BTreeSet<_> = without.map(|name| (digits(name), name)).collect();
    let mut number = |name| {
        let number = (*free)?;
        *free = number.next();
        Some((name, number))
    };
    in_order.into_iter().filter_map(|(_, name)| number(name)).collect()
}

/// The part of a name that both directions share.
fn stem(name: &str) -> &str {
    name.split_once('.').map_or(name, |(stem, _)| stem)
}

pub(crate) fn pairs<'a>(
    folder: &'a Folder,
    cached: &CachedIndex<'_>,
    keep_incomplete: bool,
    problems: &mut Vec<Problem>,
) -> Vec<Pair<'a>> {
    let locked = lock_file::checksums(folder);
    let mut free = next_free(folder.scripts.iter().map(|file| file.name.as_str()));
    let numbers = numbers(folder, &mut free);
    let unreadable = folder.unreadable().filter_map(leading_version);
    let mut ambiguous = AmbiguousFiles { versions: unreadable.collect() };
    let mut names = Vec::with_capacity(folder.scripts.len());
    let mut files = Vec::with_capacity(folder.scripts.len());
    for file in &folder.scripts {
        let number = numbers.get(stem(&file.name)).copied().or(free);
        let (name, direction) = match FileName::parse(&file.name, number.unwrap_or(Version::MAX)) {
            Ok(name) => {
                let direction = name.direction;
                (Some(name), Some(direction))
            }
            Err(bad) => {
                let message = format!("the file name is invalid: {}", bad.reason);
                let help = format!("rename it to {}", bad.suggestion);
                problems.push(Problem::new(Code::FileName, &file.path, message, help));
                match (bad.version, bad.direction) {
                    (Some(_), Some(direction)) => (Some(bad.suggestion), Some(direction)),
                    (version, direction) => {
                        ambiguous.versions.extend(version);
                        (None, direction)
                    }
                }
            }
        };
        names.push(name);
        files.push((file, direction));
    }
    let scripts = script::read_all(&files, &AlreadyChecked { locked: &locked, cached }, problems);
    let mut versions: BTreeMap<Version, Vec<ParsedFile<'a>>> = BTreeMap::new();
    for ((name, (file, _)), script) in names.into_iter().zip(files).zip(scripts) {
        if let Some(name) = name {
            versions.entry(name.version).or_default().push(ParsedFile { file, name, script });
        }
    }
    let mut pairs = Vec::new();
    for (version, files) in versions {
        let is_ambiguous = ambiguous.versions.contains(&version);
        let mut migrations = by_description(files);
        if migrations.len() > 1 {
            if let Some(problem) = suggest_pair(version, &migrations) {
                problems.push(problem);
                continue;
            }
            problems.push(conflict(folder, version, &migrations, &mut free));
            if keep_incomplete {
                continue;
            }
        }
        for (description, files) in &mut migrations {
            let up = take_file(files, Direction::Up, problems);
            let down = take_file(files, Direction::Down, problems);
            let there = match (&up, &down) {
                (Some(_), Some(_)) => None,
                (Some(there), None) | (None, Some(there)) => Some(there),
                (None, None) => continue,
            };
            problems.extend(there.filter(|_| !is_ambiguous).map(|there| missing(folder, there)));
            let other = there.map(|there| there.file);
            let present_or_other = |found: Option<ParsedFile<'a>>| match found {
                Some(found) => Some((found.file, found.script)),
                None => other.map(|file| (file, None)),
            };
            let with_script = |(file, script): (&'a File, Option<Script>)| match script {
                None if keep_incomplete => Some((file, Script::missing())),
                script => script.map(|script| (file, script)),
            };
            if let (Some(up), Some(down)) = (
                present_or_other(up).and_then(with_script),
                present_or_other(down).and_then(with_script),
            ) {
                let is_locked =
                    [&up, &down].iter().all(|(_, script)| locked.contains(&script.checksum));
                let description = description.clone();
                pairs.push(Pair { version, description, up, down, is_locked });
            }
        }
    }
    pairs
}

type Migrations<'a> = Vec<(Description, Vec<ParsedFile<'a>>)>;

fn by_description(files: Vec<ParsedFile<'_>>) -> Migrations<'_> {
    let mut migrations: Migrations<'_> = Vec::new();
    for file in files {
        match migrations.iter_mut().find(|(description, _)| *description == file.name.description) {
            Some((_, files)) => files.push(file),
            None => migrations.push((file.name.description.clone(), vec![file])),
        }
    }
    migrations
}

/// Removes the file of a direction, and adds a problem if there are several.
fn take_file<'a>(
    files: &mut Vec<ParsedFile<'a>>,
    direction: Direction,
    problems: &mut Vec<Problem>,
) -> Option<ParsedFile<'a>> {
    let at = files.iter().position(|file| file.name.direction == direction)?;
    let first = files.remove(at);
    while let Some(at) = files.iter().position(|file| file.name.direction == direction) {
        let second = files.remove(at);
        let message = format!("is the second {direction} file of version {}", first.name.version);
        let help = format!("keep one of {} and {}", first.file.name, second.file.name);
        problems.push(Problem::new(Code::DuplicateFile, &second.file.path, message, help));
    }
    Some(first)
}

fn missing(folder: &Folder, there: &ParsedFile<'_>) -> Problem {
    let name = FileName { direction: there.name.direction.opposite(), ..there.name.clone() };
    let (code, word, version) = match name.direction {
        Direction::Up => (Code::MissingUp, "UP", name.version),
        Direction::Down => (Code::MissingDown, "DOWN", name.version),
    };
    let message = format!("there is no {word} SQL for migration {version}");
    let help = match name.direction {
        Direction::Up => format!("create {}/{name}, or remove this file", folder.path),
        Direction::Down => {
            format!(
                "create {}/{name}; if the change cannot be undone, a comment that says why is \
                     enough",
                folder.path
            )
        }
    };
    Problem::new(code, &there.file.path, message, help)
}

/// Reports an up and a down whose descriptions differ as one migration with a misspelt file name.
fn suggest_pair(version: Version, migrations: &Migrations<'_>) -> Option<Problem> {
    let [(_, one), (_, other)] = migrations.as_slice() else { return None };
    let ([one], [other]) = (one.as_slice(), other.as_slice()) else { return None };
    let (up, down) = match (one.name.direction, other.name.direction) {
        (Direction::Up, Direction::Down) => (one, other),
        (Direction::Down, Direction::Up) => (other, one),
        _ => return None,
    };
    let message = format!("up and down of version {version} have different descriptions");
    let right = FileName { direction: Direction::Down, ..up.name.clone() };
    let help = format!("if {} belongs to {}, rename it to {right}", down.file.name, up.file.name);
    Some(Problem::new(Code::VersionConflict, &down.file.path, message, help))
}

fn conflict(
    folder: &Folder,
    version: Version,
    migrations: &Migrations<'_>,
    free: &mut Option<Version>,
) -> Problem {
    let up_first = |file: &&ParsedFile<'_>| file.name.direction;
    let files: Vec<_> =
        migrations.iter().filter_map(|(_, files)| files.iter().min_by_key(up_first)).collect();
    let names: Vec<_> = files.iter().map(|parsed| parsed.file.name.as_str()).collect();
    let message = format!(
        "migration conflict detected: version {version} has {} descriptions, in {}",
        names.len(),
        names.join(" and ")
    );
    let help = match (*free, files.last()) {
        _ if folder.lock.as_ref().is_some_and(lock_file::has_conflict) => {
            "resolve lokstra.lock first, which has the lines of both branches".to_owned()
        }
        _ if folder.lock.is_some() => {
            "run `lokstra migration renumber`, which moves the unlocked one to the end".to_owned()
        }
        (Some(next), Some(last)) => {
            *free = next.next();
            let name = &last.name.description;
            format!("give one of them the next free version: {next}_{name}.up.sql and .down.sql")
        }
        _ => "give one of them a version that is free".to_owned(),
    };
    let path = files.last().map_or(&folder.path, |parsed| &parsed.file.path);
    Problem::new(Code::VersionConflict, path, message, help)
}
