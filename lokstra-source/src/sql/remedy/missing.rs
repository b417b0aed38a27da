//! What a statement lacks: a word, a sign, a name, a value or a type.

use std::ops::Range;

use super::{Broken, Found, Remedy};
use lokstra_grammar::syntax_error_at;

/// What is most often forgotten, in the order of the attempts. Words that could be a name there are not
/// among them.
const MISSING: [&str; 16] = [
    ",", ")", "(", "=", "AS", "ON", "TO", "INTO", "FROM", "TABLE", "AND", "USING", "IN", "WITH",
    "FOR", "END",
];

/// Words that need a second word.
const PAIRS: [(&str, &str); 5] =
    [("order", "BY"), ("group", "BY"), ("partition", "BY"), ("primary", "KEY"), ("foreign", "KEY")];

impl Broken<'_> {
    pub(super) fn missing(&self) -> Option<Found> {
        let missing = |at: Range<usize>, what: &str, place: &str| {
            Some(Found { at, remedy: Remedy::Missing(format!("{what} missing{place}")) })
        };
        let before_it = " before it";
        let here = self.at.clone();
        let before = here.start..here.start;
        // A statement begins here, or one word earlier, which was read as a name.
        let starts = [Some(here.clone()), self.previous()];
        for start in starts.into_iter().flatten().filter(|start| !start.is_empty()) {
            let (first, second) = self.statement.split_at(start.start);
            if self.is_next_line(start.start)
                && syntax_error_at(first).is_none()
                && syntax_error_at(second).is_none()
            {
                return missing(start, "`;`", before_it);
            }
        }
        let behind = self.previous().map_or("", |previous| &self.statement[previous]);
        for (_, word) in PAIRS.iter().filter(|(first, _)| behind.eq_ignore_ascii_case(first)) {
            if self.is_accepted(&before, &format!(" {word} ")) {
                return missing(here, &format!("`{word}`"), "");
            }
        }
        for word in MISSING {
            if self.is_accepted(&before, &format!(" {word} ")) {
                let place = if word == "," { before_it } else { "" };
                return missing(here, &format!("`{word}`"), place);
            }
        }
        if !here.is_empty()
            && self.is_accepted(&here, &format!("({})", &self.statement[here.clone()]))
        {
            return missing(here, "`(`", "");
        }
        let has = |word: &str| {
            self.tokens[..self.nth.min(self.tokens.len())]
                .iter()
                .any(|(_, text, _)| text.eq_ignore_ascii_case(word))
        };
        if has("join") && self.is_accepted(&before, " ON true ") {
            return missing(here, "`ON …`", before_it);
        }
        // These words can only be a type.
        let fits = |other: &str| self.is_accepted(&before, other);
        if let Some(at) = self.without_type() {
            return missing(at, "a type", before_it);
        }
        let what = match () {
            () if fits(" timestamp without time zone ") => "a type",
            () if !fits(" \"a\" ") => return None,
            () if fits(" 1 ") => "a value",
            () => "a name",
        };
        let place = if here.is_empty() { "" } else { before_it };
        missing(here, what, place)
    }

    /// The comma behind a column without a type; bare names may be those of `CREATE TABLE … AS`.
    fn without_type(&self) -> Option<Range<usize>> {
        let is_bare = |nth: &usize| {
            self.text(*nth) == "," && matches!(self.text(nth.wrapping_sub(2)), "(" | ",")
        };
        let mut text = self.statement.to_owned();
        let commas: Vec<_> = (2..self.nth.min(self.tokens.len())).filter(is_bare).collect();
        for nth in commas.iter().rev() {
            text.insert_str(self.tokens[*nth].2, " timestamp without time zone");
        }
        let at = self.tokens[*commas.first()?].2;
        syntax_error_at(&text).is_none().then_some(at..at + 1)
    }

    fn is_next_line(&self, at: usize) -> bool {
        let before = &self.statement[..at];
        before[before.trim_end().len()..].contains(['\n', '\r'])
    }
}
