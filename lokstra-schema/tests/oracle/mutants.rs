//! Sets with one fault that the grammar cannot see.

use std::collections::BTreeSet;
use std::ops::Range;

use lokstra_schema::builtin;

use crate::sets::{Migration, Set};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    MisspeltName,
    MisspeltFunction,
    MisspeltType,
    OtherType,
    RemovedKey,
    DroppedStatement,
    DroppedMigration,
    SwappedStatements,
    SwappedMigrations,
}

pub(crate) const KINDS: [Kind; 9] = [
    Kind::MisspeltName,
    Kind::MisspeltFunction,
    Kind::MisspeltType,
    Kind::OtherType,
    Kind::RemovedKey,
    Kind::DroppedStatement,
    Kind::DroppedMigration,
    Kind::SwappedStatements,
    Kind::SwappedMigrations,
];

/// A set that differs from another from one migration on.
#[derive(Clone)]
pub(crate) struct Mutant {
    pub(crate) kind: Kind,
    /// The first migration that differs.
    pub(crate) from: usize,
    /// Whether the down script of that migration differs.
    pub(crate) is_down: bool,
    pub(crate) what: String,
    pub(crate) migrations: Vec<Migration>,
}

/// The same numbers on every run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn seeded(seed: u64) -> Random {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for _ in 0..10 {
            random.below(2);
        }
        random
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 20).unwrap() % bound.max(1)
    }

    pub(crate) fn of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }
}

impl Kind {
    /// Of a hundred refused ones, how many may be missed, with and without the published packages. A budget
    /// may only fall.
    pub(crate) fn budget(self, is_long: bool) -> usize {
        let (short, long) = match self {
            Kind::MisspeltName => (0, 7),
            Kind::MisspeltFunction => (0, 11),
            Kind::MisspeltType => (0, 13),
            Kind::SwappedStatements => (0, 8),
            Kind::OtherType => (0, 26),
            Kind::RemovedKey => (0, 29),
            Kind::DroppedStatement => (0, 10),
            Kind::DroppedMigration => (0, 2),
            Kind::SwappedMigrations => (0, 6),
        };
        if is_long { long } else { short }
    }

    /// Puts one such fault into a set, if it finds a place.
    pub(crate) fn put_into(self, set: &Set, random: &mut Random) -> Option<Mutant> {
        let from = random.below(set.migrations.len());
        let mut migrations = set.migrations.clone();
        let is_down = random.below(4) == 0
            && migrations[from].down.is_some()
            && !matches!(self, Kind::DroppedMigration | Kind::SwappedMigrations);
        let script = &mut migrations[from];
        let text = if is_down { script.down.as_mut()? } else { &mut script.up };
        let what = match self {
            Kind::DroppedMigration => migrations.remove(from).name,
            Kind::SwappedMigrations => {
                let other = from + 1;
                (other < migrations.len()).then(|| migrations.swap(from, other))?;
                migrations[from].name.clone()
            }
            Kind::DroppedStatement => {
                let range = random.of(&lokstra_grammar::split(text).statements)?.clone();
                let what = text[range.clone()].to_owned();
                text.replace_range(range.clone(), &" ".repeat(range.len()));
                what
            }
            Kind::SwappedStatements => {
                let statements = lokstra_grammar::split(text).statements;
                let one = random.below(statements.len());
                let (one, two) = (statements.get(one)?.clone(), statements.get(one + 1)?.clone());
                let (first, second) = (text[one.clone()].to_owned(), text[two.clone()].to_owned());
                text.replace_range(two, &first);
                text.replace_range(one, &second);
                first
            }
            _ => {
                let (range, new) = self.edit(text, random)?;
                let what = format!("{} -> {new}", &text[range.clone()]);
                text.replace_range(range, &new);
                what
            }
        };
        Some(Mutant { kind: self, from, is_down, what, migrations })
    }

    /// What to replace in a script, and with what.
    fn edit(self, text: &str, random: &mut Random) -> Option<(Range<usize>, String)> {
        const TYPES: [&str; 8] =
            ["integer", "text", "uuid", "boolean", "timestamptz", "jsonb", "bigint", "bytea"];
        let keywords: BTreeSet<&str> = lokstra_grammar::keywords().collect();
        let words = words(text);
        let lower = |range: &Range<usize>| text[range.clone()].to_lowercase();
        let calls = |range: &Range<usize>| text[range.end..].trim_start().starts_with('(');
        let is_type = |word: &str| builtin::data_type(word).is_some();
        let is_function = |range: &Range<usize>| {
            let before = text[..range.start].trim_end().to_lowercase();
            let word = lower(range);
            let executes =
                before.ends_with("execute function") || before.ends_with("execute procedure");
            let known = builtin::function(&word).is_some() && !keywords.contains(&*word);
            calls(range) && (executes || known)
        };
        let places: Vec<Range<usize>> = match self {
            Kind::MisspeltFunction => words.into_iter().filter(is_function).collect(),
            Kind::MisspeltType | Kind::OtherType => {
                words.into_iter().filter(|range| is_type(&lower(range))).collect()
            }
            Kind::RemovedKey => keys(text),
            _ => {
                let is_name = |range: &Range<usize>| {
                    let word = lower(range);
                    !keywords.contains(&*word) && !is_type(&word) && !is_function(range)
                };
                words.into_iter().filter(is_name).collect()
            }
        };
        let range = random.of(&places)?.clone();
        let new = match self {
            Kind::OtherType => (*random.of(&TYPES)?).to_owned(),
            Kind::RemovedKey => String::new(),
            _ => misspelt(&text[range.clone()], random),
        };
        (text[range.clone()] != new).then_some((range, new))
    }
}

fn misspelt(word: &str, random: &mut Random) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let at = random.below(letters.len().saturating_sub(1));
    match random.below(3) {
        0 if letters.len() > 2 && letters[at] != letters[at + 1] => letters.swap(at, at + 1),
        1 if letters.len() > 3 => _ = letters.remove(at + 1),
        _ => letters.push('x'),
    }
    letters.into_iter().collect()
}

/// Where a text says UNIQUE or PRIMARY KEY, with the columns and the comma of a constraint.
fn keys(text: &str) -> Vec<Range<usize>> {
    let upper = text.to_ascii_uppercase();
    let mut keys = Vec::new();
    for word in ["UNIQUE", "PRIMARY KEY"] {
        for (start, _) in upper.match_indices(word) {
            let end = start + word.len();
            keys.push(start..end);
            let rest = &text[end..];
            let list = rest.trim_start();
            let before = text[..start].trim_end();
            if list.starts_with('(')
                && before.ends_with(',')
                && let Some(close) = rest.find(')')
            {
                keys.push(before.len() - 1..end + close + 1);
            }
        }
    }
    keys
}

/// The unquoted words of a text, also in the bodies of functions.
fn words(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let (mut words, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let rest = &text[at..];
        at += match bytes[at] {
            b'-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            b'/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            quote @ (b'\'' | b'"') => {
                rest[1..].find(char::from(quote)).map_or(rest.len(), |end| end + 2)
            }
            b'$' => {
                // A tag is no name.
                let tag = rest[1..].find('$').filter(|end| {
                    rest[1..=*end].bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                });
                tag.map_or(1, |end| end + 2)
            }
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                let is_in_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
                let length = rest.bytes().take_while(|byte| is_in_word(*byte)).count();
                words.push(at..at + length);
                length
            }
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
    }
    words
}
