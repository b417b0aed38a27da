//! Finds a remedy for a syntax error: a correction is suggested only if the grammar then accepts the
//! statement.

mod foreign;
mod missing;
mod words;

use std::ops::Range;

use squawk_lexer::TokenKind;

use super::forbidden::significant;
use lokstra_grammar::{COLUMN_IN_DEFAULT, COLUMN_IN_VALUES, syntax_error_at};
use words::{confusable, near_keywords, short};

/// A remedy for a syntax error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// An instruction.
    Certain(String),
    /// What is missing and where, as in "is `,` missing before it?".
    Missing(String),
}

/// A remedy, and its place in the statement.
pub(super) struct Found {
    pub(super) at: Range<usize>,
    pub(super) remedy: Remedy,
}

/// The longest statement for which corrections are tried.
const MAX_LENGTH: usize = 16 << 10;

/// Finds the remedy of a statement that is rejected at this token, or at its end.
pub(super) fn find(statement: &str, at: &Range<usize>) -> Option<Found> {
    let broken = Broken::new(statement, at.clone())?;
    broken
        .placeholder()
        .or_else(|| broken.backtick())
        .or_else(|| broken.limit())
        .map(|help| Found { at: at.clone(), remedy: Remedy::Certain(help) })
        .or_else(|| broken.confusable_character())
        .or_else(|| if statement.len() <= MAX_LENGTH { broken.attempts() } else { None })
}

/// Finds the remedy of what PostgreSQL rejects after parsing.
pub(super) fn of_fault(statement: &str, at: &Range<usize>, message: &str) -> Option<Remedy> {
    let broken = Broken::new(statement, at.clone())?;
    if message.starts_with("LIMIT") {
        return broken.limit().map(Remedy::Certain);
    }
    let token = &statement[at.clone()];
    let is_column = [COLUMN_IN_DEFAULT, COLUMN_IN_VALUES].contains(&message);
    if is_column && !token.contains('\'') && !statement[at.end..].starts_with('.') {
        let text = token.trim_matches(['"', '‘', '’', '“', '”']);
        return Some(Remedy::Certain(format!("if `{token}` is text, write '{text}'")));
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
    /// The index of the token that is rejected.
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

    /// A character that resembles a space or a quote.
    fn confusable_character(&self) -> Option<Found> {
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
            let confusable =
                word.chars().find_map(|c| confusable(c).map(|(name, help)| (c, name, help)));
            let Some((found, name, instead)) = confusable else { continue };
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
            if text == "," && self.is_accepted(&previous, "") {
                return certain(previous, "remove this `,`: nothing follows it".to_owned());
            }
            if !token.is_empty() && token.eq_ignore_ascii_case(text) && self.is_accepted(&here, "")
            {
                return certain(here, format!("`{token}` appears twice: remove one"));
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
        if token == "==" && self.is_accepted(&here, "=") {
            return certain(here, "write `=`".to_owned());
        }
        self.missing()
    }

    /// A reserved word in the place of a name, which quotes make valid.
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
            match syntax_error_at(&text) {
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

    /// A misspelt keyword: the rejected word, or one of the two before it, which were read as names.
    fn misspelt(&self) -> Option<(Range<usize>, String)> {
        let mut best: Option<(usize, Range<usize>, String)> = None;
        let behind = self.nth.checked_sub(2).and_then(|nth| self.tokens.get(nth));
        let behind = behind.map(|(_, text, start)| *start..*start + text.len());
        for place in [Some(self.at.clone()), self.previous(), behind].into_iter().flatten() {
            let word = &self.statement[place.clone()];
            let is_word = word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
            // A word that can be a name there is one.
            if !is_word || self.is_accepted(&place, "\"a\"") {
                continue;
            }
            for keyword in near_keywords(word) {
                let (before, after) =
                    (&self.statement[..place.start], &self.statement[place.end..]);
                let text = format!("{before}{keyword}{after}");
                let reached = match syntax_error_at(&text) {
                    None => usize::MAX,
                    // The statement may have another error further on.
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
        (is_lock && self.is_accepted(&place, &format!("IN {mode} MODE")))
            .then(|| format!("write IN {} MODE", short(mode)))
    }

    /// A word of a join that is not in the place of a name: quoted, it would silently become an alias,
    /// or the name of the joined table.
    fn belongs_to_join(&self) -> bool {
        const KINDS: [&str; 8] =
            ["cross", "full", "inner", "join", "left", "natural", "outer", "right"];
        let is_kind = |text: &str| KINDS.iter().any(|kind| text.eq_ignore_ascii_case(kind));
        let word = self.text(self.nth);
        let behind = self.nth.checked_sub(1).map_or("", |nth| self.text(nth));
        (is_kind(word) || ["on", "using"].iter().any(|other| word.eq_ignore_ascii_case(other)))
            && (is_kind(behind)
                || is_kind(self.text(self.nth + 1))
                || self.is_accepted(&self.at, ""))
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
        self.is_accepted(&place, &format!("({expression})")).then(|| {
            format!("put the expression of the index into parentheses: ({})", short(expression))
        })
    }

    /// Whether the grammar accepts the statement with `other` in this place.
    fn is_accepted(&self, place: &Range<usize>, other: &str) -> bool {
        let (before, after) = (&self.statement[..place.start], &self.statement[place.end..]);
        syntax_error_at(&format!("{before}{other}{after}")).is_none()
    }
}

#[cfg(test)]
mod tests;
