//! Faults that people make, put into SQL that was right.

use std::ops::Range;

/// A kind of fault: where it can be made in a statement, and the statement with it.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// Of a thousand that the server refuses, as many may get past the build: in the short form and in
    /// the long one. They may only fall.
    budget: [usize; 2],
    places: fn(&Tokens<'_>) -> Vec<usize>,
    make: fn(&Tokens<'_>, usize) -> String,
}

pub(crate) const KINDS: [Kind; 9] = [
    Kind {
        name: "a token removed",
        budget: [0, 2],
        places: any,
        make: |t, at| t.with(at..at + 1, ""),
    },
    Kind {
        name: "a token twice",
        budget: [0, 6],
        places: any,
        make: |t, at| t.with(at..at + 1, &format!("{0} {0}", t.token(at))),
    },
    Kind {
        name: "two tokens swapped",
        budget: [0, 4],
        places: |t| (1..t.len()).collect(),
        make: |t, at| {
            let (first, second) = (t.token(at - 1), t.token(at));
            t.with(at - 1..at + 1, &format!("{second} {first}"))
        },
    },
    Kind {
        name: "a word misspelt",
        budget: [0, 2],
        places: |t| {
            t.which(|token| token.chars().count() > 3 && token.chars().all(char::is_alphabetic))
        },
        make: |t, at| {
            let letters: Vec<char> = t.token(at).chars().collect();
            let swapped = [&letters[..1], &[letters[2], letters[1]], &letters[3..]].concat();
            t.with(at..at + 1, &swapped.iter().collect::<String>())
        },
    },
    Kind {
        name: "a parenthesis not closed",
        budget: [0, 0],
        places: |t| t.which(|it| it == ")"),
        make: |t, at| t.with(at..at + 1, ""),
    },
    Kind {
        name: "a quote not closed",
        budget: [0, 0],
        places: |t| t.which(|it| matches!(it, "'" | "\"" | "$")),
        make: |t, at| t.with(at..at + 1, ""),
    },
    Kind {
        name: "a comma removed",
        budget: [0, 3],
        places: |t| t.which(|it| it == ","),
        make: |t, at| t.with(at..at + 1, ""),
    },
    Kind {
        name: "a semicolon removed",
        budget: [0, 0],
        places: |t| vec![t.len()],
        make: |t, _| format!("{}\nCREATE TABLE a (b int)", t.sql),
    },
    Kind {
        name: "a stray token",
        budget: [0, 2],
        places: any,
        make: |t, at| {
            let strays = [",", ")", "(", "=", "SELECT", "TABLE", "'", ".", "1", "\"a\""];
            t.with(at..at, &format!(" {} ", strays[t.sql.len() % strays.len()]))
        },
    },
];

impl Kind {
    pub(crate) fn budget(&self, is_long: bool) -> usize {
        self.budget[usize::from(is_long)]
    }

    /// The statement with this fault at the nth place for it, or as many places further as there are.
    pub(crate) fn put_into(&self, sql: &str, nth: usize) -> Option<String> {
        let tokens = Tokens::new(sql);
        let places = (self.places)(&tokens);
        let place = *places.get(nth.checked_rem(places.len())?)?;
        Some((self.make)(&tokens, place))
    }
}

fn any(tokens: &Tokens<'_>) -> Vec<usize> {
    (0..tokens.len()).collect()
}

/// Words and signs, also within quotes: a fault there is none, and the server says so.
struct Tokens<'a> {
    sql: &'a str,
    ranges: Vec<Range<usize>>,
}

impl<'a> Tokens<'a> {
    fn new(sql: &'a str) -> Tokens<'a> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let mut is_word_before = false;
        for (at, c) in sql.char_indices() {
            let is_word = c.is_alphanumeric() || c == '_';
            let end = at + c.len_utf8();
            match ranges.last_mut() {
                Some(last) if is_word && is_word_before => last.end = end,
                _ if !c.is_whitespace() => ranges.push(at..end),
                _ => {}
            }
            is_word_before = is_word;
        }
        Tokens { sql, ranges }
    }

    fn len(&self) -> usize {
        self.ranges.len()
    }

    fn token(&self, at: usize) -> &'a str {
        &self.sql[self.ranges[at].clone()]
    }

    fn which(&self, is: fn(&str) -> bool) -> Vec<usize> {
        (0..self.len()).filter(|at| is(self.token(*at))).collect()
    }

    /// The statement with something else in the place of these tokens.
    fn with(&self, tokens: Range<usize>, other: &str) -> String {
        let start = self.ranges.get(tokens.start).map_or(self.sql.len(), |range| range.start);
        let end = if tokens.is_empty() { start } else { self.ranges[tokens.end - 1].end };
        format!("{}{other}{}", &self.sql[..start], &self.sql[end..])
    }
}
