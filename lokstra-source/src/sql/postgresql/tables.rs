//! The tables of PostgreSQL's parser: read in place, since a build that is not optimised feels a copy.

use std::sync::LazyLock;

use super::tokens::{CHARACTERS, Kind, NAMED};

/// The parser of one major version.
pub(super) struct Grammar {
    bytes: &'static [u8],
    /// How many kinds of token there are: the other symbols follow them.
    tokens: usize,
    /// The state in which everything has been read.
    end: i32,
    /// What stands for no entry, among the rows and among the actions.
    no_row: i32,
    no_action: i32,
    /// Where each table begins: those below, in their order.
    starts: [usize; 8],
    /// Each keyword and its token, in the order of the bytes.
    keywords: Vec<(&'static str, u16)>,
    named: [u16; NAMED.len()],
    characters: [u16; 128],
    lookahead: Vec<Lookahead>,
    /// Whether a name may follow a number without a space, as in PostgreSQL 13 and 14.
    pub(super) takes_junk: bool,
}

/// A keyword that is another token in front of some.
struct Lookahead {
    token: u16,
    before: Vec<u16>,
    becomes: u16,
}

const LOOKAHEAD: [(&str, &[&str], &str); 5] = [
    ("format", &["json"], "FORMAT_LA"),
    ("not", &["between", "in", "like", "ilike", "similar"], "NOT_LA"),
    ("nulls", &["first", "last"], "NULLS_LA"),
    ("with", &["time", "ordinality"], "WITH_LA"),
    ("without", &["time"], "WITHOUT_LA"),
];

/// From the newest. 14 has the grammar of 15, and reads numbers as 13 does: docs/testing.md has the test.
pub(super) static GRAMMARS: [LazyLock<Grammar>; 5] = [
    LazyLock::new(|| Grammar::new(include_bytes!("18.tables"), false)),
    LazyLock::new(|| Grammar::new(include_bytes!("17.tables"), false)),
    LazyLock::new(|| Grammar::new(include_bytes!("16.tables"), false)),
    LazyLock::new(|| Grammar::new(include_bytes!("15.tables"), true)),
    LazyLock::new(|| Grammar::new(include_bytes!("13.tables"), true)),
];

/// What the parser does next.
pub(super) enum Action {
    Shift(usize),
    Reduce(usize),
    Accept,
    Refuse,
}

impl Grammar {
    /// From a file that the corpus test writes: eight numbers, the tables, and the names of the tokens.
    fn new(bytes: &'static [u8], takes_junk: bool) -> Grammar {
        let head = |nth| int(bytes, 0, nth);
        let size = |nth| usize::try_from(head(nth)).unwrap_or_default();
        let [states, symbols, entries, rules] = [4, 5, 6, 7].map(size);
        let mut starts = [32; 8];
        let sizes = [4 * states, 2 * states, 2 * symbols, 2 * symbols, 2 * entries, 2 * entries];
        for (nth, size) in sizes.into_iter().chain([2 * rules]).enumerate() {
            starts[nth + 1] = starts[nth] + size;
        }
        let names = str::from_utf8(&bytes[starts[7] + rules..]).unwrap_or_default();
        let keywords: Vec<(&str, u16)> = names
            .lines()
            .filter_map(|line| line.split_once(' '))
            .filter_map(|(name, token)| Some((name, token.parse().ok()?)))
            .collect();
        let find = |name: &str| keyword(&keywords, name.as_bytes());
        let undefined = find("$undefined").unwrap_or_default();
        let mut characters = [undefined; 128];
        for character in CHARACTERS {
            characters[usize::from(character)] =
                find(&format!("'{}'", char::from(character))).unwrap_or(undefined);
        }
        let lookahead = LOOKAHEAD.iter().filter_map(|(word, before, becomes)| {
            Some(Lookahead {
                token: find(word)?,
                before: before.iter().copied().filter_map(find).collect(),
                becomes: find(becomes)?,
            })
        });
        Grammar {
            bytes,
            tokens: size(0),
            end: head(1),
            no_row: head(2),
            no_action: head(3),
            starts,
            named: NAMED.map(|name| find(name).unwrap_or(undefined)),
            characters,
            lookahead: lookahead.collect(),
            keywords,
            takes_junk,
        }
    }

    /// The number of a token here.
    pub(super) fn token(&self, kind: Kind, text: &[u8]) -> u16 {
        match kind {
            Kind::Character(character) => self.characters[usize::from(character & 127)],
            Kind::Named(nth) => self.named[nth],
            Kind::Word => {
                let mut lower = [0; 32];
                let lower = lower.get_mut(..text.len()).map(|lower| {
                    lower.copy_from_slice(text);
                    lower.make_ascii_lowercase();
                    &*lower
                });
                let found = lower.and_then(|word| keyword(&self.keywords, word));
                found.unwrap_or(self.named[super::tokens::NAME])
            }
        }
    }

    /// What a token is in front of another.
    pub(super) fn before(&self, token: u16, next: u16) -> u16 {
        let found = self.lookahead.iter().find(|it| it.token == token && it.before.contains(&next));
        found.map_or(token, |it| it.becomes)
    }

    pub(super) fn action(&self, state: usize, token: u16) -> Action {
        let row = int(self.bytes, self.starts[0], state);
        if row != self.no_row
            && let Some(action) = self.entry(row, token.into())
        {
            return match action {
                0 => Action::Refuse,
                action if action == self.no_action => Action::Refuse,
                action if action == self.end => Action::Accept,
                action if action < 0 => Action::Reduce(action.unsigned_abs() as usize),
                action => Action::Shift(action.unsigned_abs() as usize),
            };
        }
        match short(self.bytes, self.starts[1], state) {
            0 => Action::Refuse,
            rule => Action::Reduce(rule.cast_unsigned().into()),
        }
    }

    /// How many symbols a rule has, and the state behind what it makes of them.
    pub(super) fn length(&self, rule: usize) -> usize {
        self.bytes[self.starts[7] + rule].into()
    }

    pub(super) fn after(&self, rule: usize, state: usize) -> usize {
        let made = usize::from(short(self.bytes, self.starts[6], rule).cast_unsigned());
        let symbol = made - self.tokens;
        let row = short(self.bytes, self.starts[2], symbol).into();
        let next = self.entry(row, i32::try_from(state).unwrap_or_default());
        let next = next.unwrap_or_else(|| short(self.bytes, self.starts[3], symbol).into());
        next.unsigned_abs() as usize
    }

    /// The entry of a row, if the row has one in this column.
    fn entry(&self, row: i32, column: i32) -> Option<i32> {
        let at = usize::try_from(row + column).ok()?;
        let is_in = 2 * at < self.starts[5] - self.starts[4];
        (is_in && i32::from(short(self.bytes, self.starts[5], at)) == column)
            .then(|| short(self.bytes, self.starts[4], at).into())
    }
}

fn keyword(keywords: &[(&str, u16)], word: &[u8]) -> Option<u16> {
    let nth = keywords.binary_search_by(|(name, _)| name.as_bytes().cmp(word)).ok()?;
    Some(keywords[nth].1)
}

fn int(bytes: &[u8], start: usize, nth: usize) -> i32 {
    let at = start + 4 * nth;
    i32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn short(bytes: &[u8], start: usize, nth: usize) -> i16 {
    let at = start + 2 * nth;
    i16::from_le_bytes([bytes[at], bytes[at + 1]])
}
