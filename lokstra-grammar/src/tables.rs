//! The tables of PostgreSQL's parser: read in place, since a build that is not optimised feels a copy.

use std::sync::LazyLock;

use crate::tokens::{CHARACTERS, Kind, NAMED};

/// The parser of one major version.
pub(crate) struct Grammar {
    /// Where the row of each state begins, and what it does without an entry.
    rows: &'static [[u8; 4]],
    defaults: &'static [[u8; 2]],
    /// The same for each symbol that is no token: the state behind it.
    symbol_rows: &'static [[u8; 2]],
    symbol_defaults: &'static [[u8; 2]],
    /// The entries of all rows, and the columns that they are for.
    entries: &'static [[u8; 2]],
    columns: &'static [[u8; 2]],
    /// What each rule makes, and of how many symbols.
    makes: &'static [[u8; 2]],
    lengths: &'static [u8],
    /// How many kinds of token there are: the other symbols follow them.
    tokens: usize,
    /// The state in which everything has been read.
    end: i32,
    /// What stands for no entry, among the rows and among the actions.
    no_row: i32,
    no_action: i32,
    /// Each keyword and its token, in the order of the bytes.
    keywords: Vec<(&'static str, u16)>,
    named: [u16; NAMED.len()],
    characters: [u16; 128],
    lookahead: Vec<Lookahead>,
    /// Whether a name may follow a number without a space, as in PostgreSQL 13 and 14.
    pub(crate) takes_junk: bool,
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
pub(crate) static GRAMMARS: [LazyLock<Grammar>; 5] = [
    LazyLock::new(|| Grammar::new(include_bytes!("../data/18.tables"), false)),
    LazyLock::new(|| Grammar::new(include_bytes!("../data/17.tables"), false)),
    LazyLock::new(|| Grammar::new(include_bytes!("../data/16.tables"), false)),
    LazyLock::new(|| Grammar::new(include_bytes!("../data/15.tables"), true)),
    LazyLock::new(|| Grammar::new(include_bytes!("../data/13.tables"), true)),
];

/// What the parser does next.
pub(crate) enum Action {
    Shift(usize),
    Reduce(usize),
    Accept,
    Refuse,
}

impl Grammar {
    /// From a file that the corpus test writes: eight numbers, the tables, and the names of
    /// the symbols, those that are no tokens behind a dot.
    fn new(bytes: &'static [u8], takes_junk: bool) -> Grammar {
        let (head, mut rest) = bytes.split_at(32);
        let head = |nth| int(head.as_chunks().0, nth);
        let size = |nth| usize::try_from(head(nth)).unwrap_or_default();
        let [states, symbols, entries, rules] = [4, 5, 6, 7].map(size);
        let mut next = |size: usize| {
            let (table, others) = rest.split_at(size);
            rest = others;
            table
        };
        let rows = next(4 * states).as_chunks().0;
        let [defaults, symbol_rows, symbol_defaults, table, columns, makes] =
            [states, symbols, symbols, entries, entries, rules]
                .map(|size| next(2 * size).as_chunks().0);
        let lengths = next(rules);
        let names = str::from_utf8(rest).unwrap_or_default();
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
            rows,
            defaults,
            symbol_rows,
            symbol_defaults,
            entries: table,
            columns,
            makes,
            lengths,
            tokens: size(0),
            end: head(1),
            no_row: head(2),
            no_action: head(3),
            named: NAMED.map(|name| find(name).unwrap_or(undefined)),
            characters,
            lookahead: lookahead.collect(),
            keywords,
            takes_junk,
        }
    }

    pub(crate) fn words(&self) -> impl Iterator<Item = &'static str> {
        let is_word = |word: &&str| word.starts_with(|first: char| first.is_ascii_lowercase());
        self.keywords.iter().map(|(word, _)| *word).filter(is_word)
    }

    /// The number of a token here.
    pub(crate) fn token(&self, kind: Kind, text: &[u8]) -> u16 {
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
                found.unwrap_or(self.named[crate::tokens::NAME])
            }
        }
    }

    /// What a token is in front of another.
    pub(crate) fn before(&self, token: u16, next: u16) -> u16 {
        let found = self.lookahead.iter().find(|it| it.token == token && it.before.contains(&next));
        found.map_or(token, |it| it.becomes)
    }

    pub(crate) fn action(&self, state: usize, token: u16) -> Action {
        let row = int(self.rows, state);
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
        match short(self.defaults, state) {
            0 => Action::Refuse,
            rule => Action::Reduce(rule.cast_unsigned().into()),
        }
    }

    /// How many symbols a rule has, and the state behind what it makes of them.
    pub(crate) fn length(&self, rule: usize) -> usize {
        self.lengths[rule].into()
    }

    /// The symbol that a rule makes.
    pub(crate) fn made(&self, rule: usize) -> usize {
        short(self.makes, rule).cast_unsigned().into()
    }

    /// The number of a symbol that is no token, and how many numbers there are.
    pub(crate) fn symbol(&self, name: &str) -> Option<usize> {
        keyword(&self.keywords, format!(".{name}").as_bytes()).map(usize::from)
    }

    pub(crate) fn symbols(&self) -> usize {
        self.tokens + self.symbol_rows.len()
    }

    pub(crate) fn after(&self, rule: usize, state: usize) -> usize {
        let made = usize::from(short(self.makes, rule).cast_unsigned());
        let symbol = made - self.tokens;
        let row = short(self.symbol_rows, symbol).into();
        let next = self.entry(row, i32::try_from(state).unwrap_or_default());
        let next = next.unwrap_or_else(|| short(self.symbol_defaults, symbol).into());
        next.unsigned_abs() as usize
    }

    /// The entry of a row, if the row has one in this column.
    fn entry(&self, row: i32, column: i32) -> Option<i32> {
        let at = usize::try_from(row + column).ok()?;
        let found = i32::from(i16::from_le_bytes(*self.columns.get(at)?));
        (found == column).then(|| short(self.entries, at).into())
    }
}

fn keyword(keywords: &[(&str, u16)], word: &[u8]) -> Option<u16> {
    let nth = keywords.binary_search_by(|(name, _)| name.as_bytes().cmp(word)).ok()?;
    Some(keywords[nth].1)
}

fn int(table: &[[u8; 4]], nth: usize) -> i32 {
    i32::from_le_bytes(table[nth])
}

fn short(table: &[[u8; 2]], nth: usize) -> i16 {
    i16::from_le_bytes(table[nth])
}
