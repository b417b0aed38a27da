//! What would make a statement right that the grammar refuses: attempts, of which those count that the
//! grammar accepts.

mod words;

use std::ops::Range;

use lokstra_grammar::{COLUMN_IN_DEFAULT, COLUMN_IN_VALUES, refusal};
use squawk_lexer::TokenKind;

use super::forbidden::significant;
use words::{near_keywords, odd, short};

/// What to do about a syntax error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// A sentence.
    Certain(String),
    /// What is missing there, as in "is `,` before it missing?".
    Missing(String),
}

/// A remedy, and the place in the statement that it is about.
pub(super) struct Found {
    pub(super) at: Range<usize>,
    pub(super) remedy: Remedy,
}

/// A longer statement is not tried again and again.
const LONGEST: usize = 16 << 10;

/// What is most often forgotten, in the order in which it is tried. Words that could be a name there say
/// nothing.
const MISSING: [&str; 16] = [
    ",", ")", "(", "=", "AS", "ON", "TO", "INTO", "FROM", "TABLE", "AND", "USING", "IN", "WITH",
    "FOR", "END",
];

/// Words without which another one is half of what was meant.
const PAIRS: [(&str, &str); 5] =
    [("order", "BY"), ("group", "BY"), ("partition", "BY"), ("primary", "KEY"), ("foreign", "KEY")];

/// The remedy of a statement that is refused at this token, or behind its end.
pub(super) fn find(statement: &str, at: &Range<usize>) -> Option<Found> {
    let broken = Broken::new(statement, at.clone())?;
    broken
        .placeholder()
        .or_else(|| broken.backtick())
        .or_else(|| broken.limit())
        .map(|help| Found { at: at.clone(), remedy: Remedy::Certain(help) })
        .or_else(|| broken.odd_character())
        .or_else(|| if statement.len() <= LONGEST { broken.attempts() } else { None })
}

/// The remedy of what PostgreSQL refuses behind its grammar.
pub(super) fn of_fault(statement: &str, at: &Range<usize>, message: &str) -> Option<Remedy> {
    let broken = Broken::new(statement, at.clone())?;
    if message.starts_with("LIMIT") {
        return broken.limit().map(Remedy::Certain);
    }
    let token = &statement[at.clone()];
    let is_column = [COLUMN_IN_DEFAULT, COLUMN_IN_VALUES].contains(&message);
    if is_column && !token.contains('\'') && !statement[at.end..].starts_with('.') {
        let text = token.trim_matches(['"', '‘', '’', '“', '”']);
        return Some(Remedy::Certain(format!("if `{token}` is a text, write '{text}'")));
    }
    token.starts_with('$').then(|| {
        Remedy::Certain(format!(
            "`{token}` is a placeholder, and nothing fills it in here: write the value"
        ))
    })
}

struct Broken<'a> {
    statement: &'a str,
    at: Range<usize>,
    tokens: Vec<(TokenKind, &'a str, usize)>,
    /// Which of the tokens is refused.
    nth: usize,
}

impl<'a> Broken<'a> {
    fn new(statement: &'a str, at: Range<usize>) -> Option<Broken<'a>> {
        let before = statement.get(..at.start)?;
        let nth = significant(before).count();
        let tokens = significant(statement).collect();
        Some(Broken { statement, at, tokens, nth })
    }

    fn text(&self, nth: usize) -> &'a str {
        self.tokens.get(nth).map_or("", |(_, text, _)| text)
    }

    fn previous(&self) -> Option<Range<usize>> {
        let (_, text, start) = self.tokens.get(self.nth.checked_sub(1)?)?;
        Some(*start..*start + text.len())
    }

    /// What a driver, psql or a template would have filled in.
    fn placeholder(&self) -> Option<String> {
        let rest = &self.statement[self.at.start..];
        let before = self.previous().map_or("", |previous| &self.statement[previous]);
        for (opening, closing) in
            [("{{", "}}"), ("{%", "%}"), ("${", "}"), ("#{", "}"), ("<%", "%>")]
        {
            // The brace alone is what is refused.
            let start = match opening.strip_suffix('{') {
                Some(sign @ ("$" | "#")) if before == sign => self.previous()?.start,
                _ => self.at.start,
            };
            let text = &self.statement[start..];
            if text.starts_with(opening) {
                let end = text.find(closing).map_or(opening.len(), |end| end + closing.len());
                return Some(format!(
                    "`{}` belongs to a template, and nothing fills it in here: write what it stands for",
                    short(&text[..end])
                ));
            }
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let placeholder = match rest.chars().next() {
            Some(':') if rest[1..].starts_with(|c| is_name(c) || matches!(c, '\'' | '"')) => {
                let end = rest[2..].find(|c| !is_name(c)).map_or(rest.len(), |end| end + 2);
                &rest[..end]
            }
            Some('%') if rest.starts_with("%s") || rest.starts_with("%d") => &rest[..2],
            Some('%') if rest.starts_with("%(") => {
                let end = rest.find(')')? + 1;
                let kind = rest[end..].starts_with(|c: char| c.is_ascii_alphabetic());
                &rest[..end + usize::from(kind)]
            }
            Some('?') => "?",
            _ if before == "?" => "?",
            _ => return None,
        };
        Some(format!(
            "`{}` is a placeholder, and nothing fills it in here: write the value",
            short(placeholder)
        ))
    }

    fn backtick(&self) -> Option<String> {
        let near = self.nth.saturating_sub(2)..=self.nth + 1;
        near.into_iter()
            .any(|nth| self.text(nth).starts_with('`'))
            .then(|| "PostgreSQL quotes names with \" and not with `".to_owned())
    }

    /// As other databases write it: what is left out comes first.
    fn limit(&self) -> Option<String> {
        let (count, offset) = (self.text(self.nth + 3), self.text(self.nth + 1));
        (self.text(self.nth).eq_ignore_ascii_case("limit") && self.text(self.nth + 2) == ",")
            .then(|| format!("write LIMIT {count} OFFSET {offset}"))
            .filter(|other| {
                let end = self.tokens.get(self.nth + 3).map(|(_, text, at)| at + text.len());
                end.is_some_and(|end| {
                    self.is_right(&(self.at.start..end), &other["write ".len()..])
                })
            })
    }

    /// A character that looks like a space or a quote and is none.
    fn odd_character(&self) -> Option<Found> {
        if self.statement.starts_with('\u{feff}') {
            let help = "there is a byte order mark (U+FEFF) in this word: remove it".to_owned();
            return Some(Found { at: self.at.clone(), remedy: Remedy::Certain(help) });
        }
        let read = &self.tokens[..self.tokens.len().min(self.nth + 1)];
        let words = read.iter().filter(|(kind, ..)| {
            matches!(
                kind,
                TokenKind::Ident | TokenKind::Unknown | TokenKind::PositionalParam { .. }
            )
        });
        for (_, word, start) in words {
            let odd = word.chars().find_map(|c| odd(c).map(|(name, help)| (c, name, help)));
            let Some((found, name, instead)) = odd else { continue };
            let help =
                format!("there is {name} (U+{:04X}) in this word: {instead}", u32::from(found));
            let at = *start..*start + word.len();
            return Some(Found { at, remedy: Remedy::Certain(help) });
        }
        None
    }

    fn attempts(&self) -> Option<Found> {
        let certain =
            |at: Range<usize>, help: String| Some(Found { at, remedy: Remedy::Certain(help) });
        let here = self.at.clone();
        let token = &self.statement[here.clone()];
        if let Some(previous) = self.previous() {
            let text = &self.statement[previous.clone()];
            if text == "," && self.is_right(&previous, "") {
                return certain(previous, "remove this `,`: nothing follows it".to_owned());
            }
            if !token.is_empty() && token.eq_ignore_ascii_case(text) && self.is_right(&here, "") {
                return certain(here, format!("`{token}` stands here twice: remove one"));
            }
        }
        if self.belongs_to_join() {
            return None;
        }
        if let Some(reserved) = self.reserved() {
            return certain(here, reserved);
        }
        if let Some(separator) = self.separator() {
            return Some(separator);
        }
        if let Some(expression) = self.index_expression() {
            return certain(here, expression);
        }
        if let Some((at, keyword)) = self.misspelt() {
            return certain(at, format!("did you mean {keyword}?"));
        }
        if let Some(mode) = self.lock_mode() {
            return certain(here, mode);
        }
        if token == "==" && self.is_right(&here, "=") {
            return certain(here, "PostgreSQL writes `=`".to_owned());
        }
        self.missing()
    }

    /// A reserved word in the place of a name: between quotes it is one.
    fn reserved(&self) -> Option<String> {
        let mut text = self.statement.to_owned();
        let mut at = self.at.clone();
        // There may be several.
        for _ in 0..8 {
            let word = text.get(at.clone())?;
            if word.is_empty()
                || !word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
            {
                return None;
            }
            let quoted = format!("\"{}\"", word.to_ascii_lowercase());
            text.replace_range(at.clone(), &quoted);
            match refusal(&text) {
                None => {
                    let word = self.statement[self.at.clone()].to_ascii_lowercase();
                    return Some(format!(
                        "`{word}` is a reserved word: write \"{word}\" or another name"
                    ));
                }
                Some(next) if next.start > at.start + quoted.len() => at = next,
                Some(_) => return None,
            }
        }
        None
    }

    /// A line that ends a batch of another database's client.
    fn separator(&self) -> Option<Found> {
        let mut offset = 0;
        for line in self.statement.split_inclusive('\n') {
            let word = line.trim();
            let at = offset + line.len() - line.trim_start().len();
            offset += line.len();
            let is_near = at <= self.at.end
                && offset + 1 >= self.previous().map_or(self.at.start, |it| it.start);
            let help = match word.to_ascii_lowercase().as_str() {
                "go" => "`GO` separates statements in SQL Server: write `;`",
                _ if word.to_ascii_lowercase().starts_with("delimiter ") => {
                    "`DELIMITER` is a command of MySQL's client: remove it, and end statements with `;`"
                }
                _ => continue,
            };
            if is_near {
                let remedy = Remedy::Certain(help.to_owned());
                return Some(Found { at: at..at + word.len(), remedy });
            }
        }
        None
    }

    /// A keyword that differs in a letter from the word that is refused, or from one of the two before it,
    /// which were read as names.
    fn misspelt(&self) -> Option<(Range<usize>, String)> {
        let mut best: Option<(usize, Range<usize>, String)> = None;
        let behind = self.nth.checked_sub(2).and_then(|nth| self.tokens.get(nth));
        let behind = behind.map(|(_, text, start)| *start..*start + text.len());
        for place in [Some(self.at.clone()), self.previous(), behind].into_iter().flatten() {
            let word = &self.statement[place.clone()];
            let is_word = word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
            // What could be a name there is one.
            if !is_word || self.is_right(&place, "\"a\"") {
                continue;
            }
            for keyword in near_keywords(word) {
                let (before, after) =
                    (&self.statement[..place.start], &self.statement[place.end..]);
                let text = format!("{before}{keyword}{after}");
                let reached = match refusal(&text) {
                    None => usize::MAX,
                    // The next error may be another one.
                    Some(next)
                        if place.start == self.at.start
                            && next.start > place.start + keyword.len() =>
                    {
                        next.start
                    }
                    Some(_) => continue,
                };
                if best.as_ref().is_none_or(|(other, ..)| reached > *other) {
                    best = Some((reached, place.clone(), keyword.to_ascii_uppercase()));
                }
            }
        }
        best.map(|(_, place, keyword)| (place, keyword))
    }

    /// `LOCK TABLE t EXCLUSIVE`
    fn lock_mode(&self) -> Option<String> {
        let is_lock = self.text(0).eq_ignore_ascii_case("lock");
        let mode = self.statement[self.at.start..].trim_end();
        let place = self.at.start..self.at.start + mode.len();
        (is_lock && self.is_right(&place, &format!("IN {mode} MODE")))
            .then(|| format!("write IN {} MODE", short(mode)))
    }

    /// A word of a join that is not in the place of a name: between quotes it would silently become an
    /// alias, or the name of the table that is joined.
    fn belongs_to_join(&self) -> bool {
        const KINDS: [&str; 8] =
            ["cross", "full", "inner", "join", "left", "natural", "outer", "right"];
        let is_kind = |text: &str| KINDS.iter().any(|kind| text.eq_ignore_ascii_case(kind));
        let word = self.text(self.nth);
        let behind = self.nth.checked_sub(1).map_or("", |nth| self.text(nth));
        (is_kind(word) || ["on", "using"].iter().any(|other| word.eq_ignore_ascii_case(other)))
            && (is_kind(behind) || is_kind(self.text(self.nth + 1)) || self.is_right(&self.at, ""))
    }

    /// An element of an index that is neither a name nor a call.
    fn index_expression(&self) -> Option<String> {
        let is_index =
            self.tokens.iter().take(3).any(|(_, text, _)| text.eq_ignore_ascii_case("index"));
        let bound = |tokens: Vec<usize>, (deeper, end): (&str, &str)| {
            let mut depth = 0;
            tokens.into_iter().find(|nth| match self.text(*nth) {
                text if text == deeper => {
                    depth += 1;
                    false
                }
                text if text == end && depth > 0 => {
                    depth -= 1;
                    false
                }
                text => text == end || text == "," && depth == 0,
            })
        };
        let first = is_index.then(|| bound((0..self.nth).rev().collect(), (")", "(")))?? + 1;
        let end = bound((self.nth..self.tokens.len()).collect(), ("(", ")"))?;
        let (start, last) = (self.tokens.get(first)?.2, self.tokens.get(end.checked_sub(1)?)?);
        let place = start..last.2 + last.1.len();
        let expression = self.statement.get(place.clone())?;
        self.is_right(&place, &format!("({expression})")).then(|| {
            format!("put an expression in an index into parentheses: ({})", short(expression))
        })
    }

    fn missing(&self) -> Option<Found> {
        let missing = |at: Range<usize>, what: &str| {
            Some(Found { at, remedy: Remedy::Missing(what.to_owned()) })
        };
        let here = self.at.clone();
        let before = here.start..here.start;
        // Another statement begins here, or one word earlier, which was read as a name.
        let starts = [Some(here.clone()), self.previous()];
        for start in starts.into_iter().flatten().filter(|start| !start.is_empty()) {
            let (first, second) = self.statement.split_at(start.start);
            if self.is_next_line(start.start)
                && refusal(first).is_none()
                && refusal(second).is_none()
            {
                return missing(start, "`;` before it");
            }
        }
        let behind = self.previous().map_or("", |previous| &self.statement[previous]);
        for (_, word) in PAIRS.iter().filter(|(first, _)| behind.eq_ignore_ascii_case(first)) {
            if self.is_right(&before, &format!(" {word} ")) {
                return missing(here, &format!("`{word}`"));
            }
        }
        for word in MISSING {
            if self.is_right(&before, &format!(" {word} ")) {
                let behind = if word == "," { " before it" } else { "" };
                return missing(here, &format!("`{word}`{behind}"));
            }
        }
        if !here.is_empty() && self.is_right(&here, &format!("({})", &self.statement[here.clone()]))
        {
            return missing(here, "`(`");
        }
        let has = |word: &str| {
            self.tokens[..self.nth.min(self.tokens.len())]
                .iter()
                .any(|(_, text, _)| text.eq_ignore_ascii_case(word))
        };
        if has("join") && self.is_right(&before, " ON true ") {
            return missing(here, "`ON …` before it");
        }
        // Only a type has such words.
        let fits = |other: &str| self.is_right(&before, other);
        if let Some(at) = self.without_type() {
            return missing(at, "a type before it");
        }
        let what = match () {
            () if fits(" timestamp without time zone ") => "a type",
            () if !fits(" \"a\" ") => return None,
            () if fits(" 1 ") => "a value",
            () => "a name",
        };
        let behind = if here.is_empty() { "" } else { " before it" };
        missing(here, &format!("{what}{behind}"))
    }

    /// The comma behind a column without a type: names alone may be those of a `CREATE TABLE … AS`.
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
        refusal(&text).is_none().then_some(at..at + 1)
    }

    fn is_next_line(&self, at: usize) -> bool {
        let before = &self.statement[..at];
        before[before.trim_end().len()..].contains(['\n', '\r'])
    }

    /// Whether the statement is right with this in the place of that.
    fn is_right(&self, place: &Range<usize>, other: &str) -> bool {
        let (before, after) = (&self.statement[..place.start], &self.statement[place.end..]);
        refusal(&format!("{before}{other}{after}")).is_none()
    }
}

#[cfg(test)]
mod tests;
