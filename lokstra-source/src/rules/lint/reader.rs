//! Reads a statement word by word to find its names.

use std::ops::Range;

use squawk_lexer::{TokenKind, tokenize};

/// In bytes: the server cuts off the rest.
const MAX_NAME_BYTES: usize = 63;

/// A name in a statement.
pub(crate) struct Name {
    pub(crate) written: String,
    /// The unqualified name, as the server folds it.
    pub(crate) last: String,
    pub(crate) qualifier: Option<String>,
    pub(crate) offset: usize,
}

/// A word or a sign.
pub(crate) struct Token<'a> {
    text: &'a str,
    /// In lower case; empty if it is no key word.
    pub(crate) word: String,
    offset: usize,
}

impl Token<'_> {
    pub(crate) fn is_name(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '"'))
    }

    /// As the server folds it.
    pub(crate) fn name(&self) -> String {
        fold(self.text)
    }
}

/// A name as the server folds it.
pub(crate) fn fold(text: &str) -> String {
    let mut name = match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => text.to_lowercase(),
    };
    name.truncate(name.floor_char_boundary(MAX_NAME_BYTES));
    name
}

/// Reads a statement from left to right.
pub(crate) struct Reader<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str, statement: &Range<usize>) -> Reader<'a> {
        let mut end = statement.start;
        let tokens = tokenize(&text[statement.clone()]).filter_map(|token| {
            let offset = end;
            end += token.len as usize;
            let text = &text[offset..end];
            let word = match token.kind {
                TokenKind::Whitespace
                | TokenKind::LineComment
                | TokenKind::BlockComment { .. }
                | TokenKind::Eof => return None,
                TokenKind::QuotedIdent { .. } | TokenKind::Literal { .. } => String::new(),
                _ => text.to_lowercase(),
            };
            Some(Token { text, word, offset })
        });
        Reader { tokens: tokens.collect(), at: 0 }
    }

    pub(crate) fn word(&self) -> Option<&str> {
        self.tokens.get(self.at).map(|token| token.word.as_str())
    }

    pub(crate) fn is_at(&self, word: &str) -> bool {
        self.word() == Some(word)
    }

    pub(crate) fn ends_with(&self, word: &str) -> bool {
        self.tokens.last().is_some_and(|token| token.word == word)
    }

    pub(crate) fn next_word(&mut self) -> String {
        self.at += 1;
        self.tokens.get(self.at - 1).map(|token| token.word.clone()).unwrap_or_default()
    }

    /// Skips these words, if all of them come next.
    pub(crate) fn eat(&mut self, words: &[&str]) -> bool {
        let here = self.tokens.get(self.at..self.at + words.len()).unwrap_or_default();
        let found =
            !here.is_empty() && here.iter().zip(words).all(|(token, word)| token.word == *word);
        self.at += if found { words.len() } else { 0 };
        found
    }

    /// Skips any of these words, and returns whether there was one.
    pub(crate) fn skip(&mut self, words: &[&str]) -> bool {
        let before = self.at;
        while words.iter().any(|word| self.is_at(word)) {
            self.at += 1;
        }
        self.at > before
    }

    /// `users`, `public.users`, `"Users"`
    pub(crate) fn name(&mut self) -> Option<Name> {
        let first = self.at;
        let mut qualifier = None;
        loop {
            let token = self.tokens.get(self.at).filter(|token| token.is_name())?;
            self.at += 1;
            if self.is_at(".") {
                self.at += 1;
                qualifier = Some(token.name());
                continue;
            }
            let written = self.tokens[first..self.at].iter().map(|token| token.text).collect();
            let offset = self.tokens[first].offset;
            return Some(Name { written, last: token.name(), qualifier, offset });
        }
    }

    /// Reads names separated by commas; the argument types of routines are skipped.
    pub(crate) fn names(&mut self) -> Vec<Name> {
        let mut names = Vec::new();
        while let Some(name) = self.name() {
            names.push(name);
            self.parentheses();
            if !self.eat(&[","]) {
                break;
            }
        }
        names
    }

    pub(crate) fn parentheses(&mut self) {
        let mut depth = 0;
        while let Some(token) = self.tokens.get(self.at) {
            match token.text {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ if depth == 0 => return,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    /// Finds these words outside of parentheses, and reads the name behind them.
    pub(crate) fn find(&mut self, words: &[&str]) -> Option<Name> {
        while self.at < self.tokens.len() {
            if self.eat(words) {
                self.eat(&["only"]);
                return self.name();
            }
            self.advance();
        }
        None
    }

    /// Reads the name that [`find`](Reader::find) would read, without moving.
    pub(crate) fn peek_name(&mut self, words: &[&str]) -> Option<Name> {
        let here = self.at;
        let name = self.find(words);
        self.at = here;
        name
    }

    /// Whether these words follow anywhere outside of parentheses.
    pub(crate) fn has(&mut self, words: &[&str]) -> bool {
        let here = self.at;
        let mut is_found = false;
        while !is_found && self.at < self.tokens.len() {
            is_found = self.eat(words);
            self.advance();
        }
        self.at = here;
        is_found
    }

    /// Returns the tokens up to the next comma outside of parentheses, without moving.
    pub(crate) fn peek_action(&mut self) -> &[Token<'a>] {
        let here = self.at;
        self.rest_of_action();
        let end = std::mem::replace(&mut self.at, here);
        &self.tokens[here.min(end)..end.min(self.tokens.len())]
    }

    /// Reads up to the next comma outside of parentheses.
    pub(crate) fn rest_of_action(&mut self) -> Vec<&Token<'a>> {
        let mut action = Vec::new();
        while self.at < self.tokens.len() && !self.is_at(",") {
            action.push(self.at);
            self.advance();
        }
        action.into_iter().map(|at| &self.tokens[at]).collect()
    }

    /// Moves behind the next occurrence of this word.
    pub(crate) fn go_to(&mut self, word: &str) -> bool {
        while self.at < self.tokens.len() {
            if self.eat(&[word]) {
                return true;
            }
            self.advance();
        }
        false
    }

    /// Skips a token, or a pair of parentheses with its content.
    fn advance(&mut self) {
        let before = self.at;
        self.parentheses();
        self.at += usize::from(self.at == before);
    }
}
