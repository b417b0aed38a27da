//! A statement as words, signs and texts.

use squawk_lexer::{LiteralKind, TokenKind, tokenize};

#[derive(Debug)]
pub(super) struct Word {
    kind: Kind,
    /// A word in lower case, a quoted name as it is, a text without its quotes.
    value: String,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Word,
    Quoted,
    Text,
    Sign,
    Other,
}

impl Word {
    /// Whether this is the word or the sign.
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Sign) && self.value == word
    }

    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    pub(super) fn name(&self) -> Option<&str> {
        matches!(self.kind, Kind::Word | Kind::Quoted).then_some(&self.value)
    }

    pub(super) fn is_quoted(&self) -> bool {
        self.kind == Kind::Quoted
    }

    /// A text of no declared type.
    pub(super) fn text(&self) -> Option<&str> {
        (self.kind == Kind::Text).then_some(&self.value)
    }
}

pub(super) fn words(statement: &str) -> Vec<Word> {
    let mut end = 0;
    let words = tokenize(statement).filter_map(|token| {
        let start = end;
        end += token.len as usize;
        let text = &statement[start..end];
        let (kind, value) = match token.kind {
            TokenKind::Whitespace
            | TokenKind::LineComment
            | TokenKind::BlockComment { .. }
            | TokenKind::Eof => return None,
            TokenKind::Ident => (Kind::Word, text.to_lowercase()),
            TokenKind::QuotedIdent { uescape: false, .. } => {
                (Kind::Quoted, text.trim_matches('"').replace("\"\"", "\""))
            }
            TokenKind::Literal { kind } => match value(kind, text) {
                Some(value) => (Kind::Text, value),
                None => (Kind::Other, String::new()),
            },
            TokenKind::QuotedIdent { .. } | TokenKind::PositionalParam { .. } => {
                (Kind::Other, String::new())
            }
            _ => (Kind::Sign, text.to_owned()),
        };
        Some(Word { kind, value, start, end })
    });
    words.collect()
}

/// What a literal says; `None` of one with escapes that are not read here.
fn value(kind: LiteralKind, text: &str) -> Option<String> {
    let quoted = |text: &str| Some(text.strip_prefix('\'')?.strip_suffix('\'')?.to_owned());
    match kind {
        LiteralKind::Str { .. } => quoted(text).map(|text| text.replace("''", "'")),
        LiteralKind::EscStr { .. } => {
            let text = quoted(&text[1..])?;
            let text = text.replace("\\\\", "\u{0}").replace("\\'", "'").replace("''", "'");
            (!text.contains('\\')).then(|| text.replace('\u{0}', "\\"))
        }
        LiteralKind::UnicodeEscStr { .. } => {
            quoted(&text[2..]).filter(|text| !text.contains(['\\', '\'']))
        }
        LiteralKind::DollarQuotedString { .. } => {
            let tag = 2 + text[1..].find('$')?;
            text.get(tag..text.len() - tag).map(str::to_owned)
        }
        _ => None,
    }
}
