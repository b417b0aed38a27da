//! The marks of `lokstra.lock`: that a server ran a migration up, down and up again, on top of exactly
//! the migrations before it.
//!
//! A mark is bound to the text of all scripts up to its own by the chain that the lines of these
//! migrations have once they are locked. It contains no secret: any program that computes a SHA-256 can
//! write one.

use std::collections::HashMap;
use std::fmt;

use lokstra_core::{Checksum, Version};

use super::lock_file::{Entry, Placed, link};

/// What a server ran of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The major version of the server, such as 17.
    pub server: u32,
    /// Whether only the up script ran, because a suppression says that nothing undoes it.
    pub is_up_only: bool,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let extent = if self.is_up_only { "/up" } else { "" };
        write!(f, "{}{extent}", self.server)
    }
}

impl Mark {
    /// The mark of a line that has this text, if it is one.
    fn parse(text: &str) -> Option<Mark> {
        let (what, seal) = text.split_once(':')?;
        let (server, is_up_only) = match what.strip_suffix("/up") {
            Some(server) => (server, true),
            None => (what, false),
        };
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_seal = seal.len() == 16 && seal.bytes().all(is_hex);
        let server = server.parse().ok().filter(|server| *server >= 13 && is_seal)?;
        Some(Mark { server, is_up_only }).filter(|mark| what == mark.to_string())
    }

    /// The text of the mark on the line with this chain.
    pub(crate) fn text(self, chain: &str) -> String {
        format!("{self}:{}", link(chain, &format!("verified={self}")))
    }
}

/// What the mark of a migration is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the mark of this migration on top of the ones before it.
    Valid(Mark),
    /// There is none.
    Missing,
    /// It is not the mark of these scripts.
    Stale,
    /// It is the mark of this other migration.
    Copied(Version),
    /// `lokstra migration verify` writes no such mark.
    Malformed,
}

impl Verdict {
    /// Returns the mark, if it is valid.
    pub fn mark(&self) -> Option<Mark> {
        match self {
            Verdict::Valid(mark) => Some(*mark),
            _ => None,
        }
    }
}

/// Migrations as the lines that lock them, with the marks that the lock file has for them.
pub(crate) fn marked<'a>(
    migrations: impl Iterator<Item = (Version, &'a str, (Checksum, Checksum))>,
    lock: &[Placed],
) -> Vec<Entry> {
    let mut marks: HashMap<_, _> = HashMap::new();
    for (entry, _) in lock.iter().rev() {
        marks.insert((entry.version, entry.description.as_str()), &entry.mark);
    }
    let entries = migrations.map(|(version, description, checksums)| Entry {
        version,
        description: description.to_owned(),
        checksums: Some(checksums),
        mark: marks.get(&(version, description)).and_then(|mark| (*mark).clone()),
    });
    entries.collect()
}

/// The chain of each line if all of these migrations, which have checksums, were locked.
pub(crate) fn chains(migrations: &[Entry]) -> Vec<String> {
    let mut chain = String::new();
    let next = |entry: &Entry| {
        chain = link(&chain, &entry.to_string());
        chain.clone()
    };
    migrations.iter().map(next).collect()
}

/// Judges the marks of a folder: of each of its migrations, in order, with its checksums.
pub(crate) fn verdicts(migrations: &[Entry]) -> Vec<Verdict> {
    if migrations.iter().all(|entry| entry.mark.is_none()) {
        return vec![Verdict::Missing; migrations.len()];
    }
    let chains = chains(migrations);
    let mut texts = HashMap::new();
    let verdict = |(entry, chain): (&Entry, &String)| {
        let Some(text) = &entry.mark else { return Verdict::Missing };
        let Some(mark) = Mark::parse(text) else { return Verdict::Malformed };
        if *text == mark.text(chain) {
            return Verdict::Valid(mark);
        }
        let of_all = texts.entry(mark.to_string()).or_insert_with(|| {
            let lines = migrations.iter().zip(&chains);
            lines.map(|(entry, chain)| (mark.text(chain), entry.version)).collect::<HashMap<_, _>>()
        });
        of_all.get(text).map_or(Verdict::Stale, |version| Verdict::Copied(*version))
    };
    migrations.iter().zip(&chains).map(verdict).collect()
}
