//! Text as the tokens of PostgreSQL's parser.

use std::ops::Range;

use squawk_lexer::{LiteralKind, TokenKind, tokenize};

/// The tokens that are neither a keyword nor a single character.
pub(crate) const NAMED: [&str; 17] = [
    "IDENT",
    "ICONST",
    "FCONST",
    "SCONST",
    "BCONST",
    "XCONST",
    "PARAM",
    "Op",
    "TYPECAST",
    "DOT_DOT",
    "COLON_EQUALS",
    "EQUALS_GREATER",
    "LESS_EQUALS",
    "GREATER_EQUALS",
    "NOT_EQUALS",
    "nchar",
    "$undefined",
];

pub(crate) const NAME: usize = 0;
const INTEGER: usize = 1;
const FLOAT: usize = 2;
pub(crate) const TEXT: usize = 3;
const BITS: usize = 4;
const HEX: usize = 5;
pub(crate) const PARAMETER: usize = 6;
const OPERATOR: usize = 7;
const CAST: usize = 8;
const DOT_DOT: usize = 9;
const COLON_EQUALS: usize = 10;
const NATIONAL: usize = 15;
const UNKNOWN: usize = 16;

/// The tokens that are a single character.
pub(crate) const CHARACTERS: [u8; 17] = *b"%()*+,-./:;<=>[]^";

const OPERATORS: [(&str, usize); 5] = [("=>", 11), ("<=", 12), (">=", 13), ("<>", 14), ("!=", 14)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword or a name.
    Word,
    Character(u8),
    /// One of [`NAMED`].
    Named(usize),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// What follows a number without a space, which is an error from PostgreSQL 15 on.
    pub(crate) is_junk: bool,
}

/// The tokens of a text in which continued texts are masked.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut reader = Reader { text, tokens: Vec::new(), operator: 0..0, last_text: None };
    let mut end = 0;
    for raw in tokenize(text) {
        let start = end;
        end += raw.len as usize;
        reader.push(raw.kind, start..end);
    }
    reader.end_operator();
    reader.tokens
}

struct Reader<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    /// The characters of an operator that may go on.
    operator: Range<usize>,
    /// Where a text ended that the next line may continue.
    last_text: Option<usize>,
}

impl Reader<'_> {
    fn push(&mut self, raw: TokenKind, range: Range<usize>) {
        let kind = match raw {
            TokenKind::Slash
            | TokenKind::Minus
            | TokenKind::Eq
            | TokenKind::Gt
            | TokenKind::Lt
            | TokenKind::Bang
            | TokenKind::Plus
            | TokenKind::Tilde
            | TokenKind::Pound
            | TokenKind::Question
            | TokenKind::Or
            | TokenKind::And
            | TokenKind::Percent
            | TokenKind::Caret
            | TokenKind::Star
            | TokenKind::Backtick
            | TokenKind::At => {
                self.last_text = None;
                if self.operator.is_empty() {
                    self.operator = range;
                } else {
                    self.operator.end = range.end;
                }
                return;
            }
            TokenKind::Whitespace | TokenKind::LineComment | TokenKind::Eof => {
                return self.end_operator();
            }
            TokenKind::BlockComment { .. } => {
                self.last_text = None;
                return self.end_operator();
            }
            TokenKind::Ident => Kind::Word,
            TokenKind::QuotedIdent { .. } if range.len() > 2 => Kind::Named(NAME),
            TokenKind::Literal { kind } => return self.literal(kind, range),
            TokenKind::PositionalParam { trailing_junk_start } if range.len() > 1 => {
                return self.number(PARAMETER, trailing_junk_start as usize, range);
            }
            TokenKind::DotDot => Kind::Named(DOT_DOT),
            TokenKind::Colon if self.is_behind(b':', range.start) => {
                return self.replace_last(CAST, range.end);
            }
            TokenKind::Semi
            | TokenKind::Colon
            | TokenKind::Dot
            | TokenKind::Comma
            | TokenKind::OpenBracket
            | TokenKind::CloseBracket
            | TokenKind::OpenParen
            | TokenKind::CloseParen => Kind::Character(self.text.as_bytes()[range.start]),
            _ => Kind::Named(UNKNOWN),
        };
        self.add(kind, range);
    }

    fn add(&mut self, kind: Kind, range: Range<usize>) {
        self.end_operator();
        self.last_text = None;
        let Range { start, end } = range;
        self.tokens.push(Token { kind, start, end, is_junk: false });
    }

    fn literal(&mut self, kind: LiteralKind, range: Range<usize>) {
        match kind {
            LiteralKind::Int { trailing_junk_start, empty_int, .. } => {
                let end = if empty_int { 1 } else { trailing_junk_start as usize };
                let number = &self.text[range.start..range.start + end];
                let kind = if is_integer(number) { INTEGER } else { FLOAT };
                self.number(kind, end, range);
            }
            LiteralKind::Numeric { trailing_junk_start, empty_exponent_start } => {
                let end = empty_exponent_start.unwrap_or(trailing_junk_start) as usize;
                self.number(FLOAT, end, range);
            }
            LiteralKind::Str { .. } if self.continues(range.start) => {
                self.last_text = Some(range.end);
                if let Some(text) = self.tokens.last_mut() {
                    text.end = range.end;
                }
            }
            LiteralKind::Str { .. }
            | LiteralKind::EscStr { .. }
            | LiteralKind::DollarQuotedString { .. }
                if self.is_escape_of_name() =>
            {
                let is_quoted = !matches!(kind, LiteralKind::DollarQuotedString { .. });
                self.last_text = is_quoted.then_some(range.end);
            }
            LiteralKind::NationalStr { .. } => {
                self.add(Kind::Named(NATIONAL), range.clone());
                self.add(Kind::Named(TEXT), range.clone());
                self.last_text = Some(range.end);
            }
            LiteralKind::DollarQuotedString { .. } => self.add(Kind::Named(TEXT), range),
            kind => {
                let end = range.end;
                let kind = match kind {
                    LiteralKind::BitStr { .. } => BITS,
                    LiteralKind::ByteStr { .. } => HEX,
                    _ => TEXT,
                };
                self.add(Kind::Named(kind), range);
                self.last_text = Some(end);
            }
        }
    }

    /// A number, or a parameter, and what is written behind it without a space.
    fn number(&mut self, kind: usize, end: usize, range: Range<usize>) {
        let mut end = range.start + end;
        // Before PostgreSQL 16, `0x1f$1` is 0 and a name, of which `$` is a part.
        let is_name = self.text.as_bytes().get(range.end) == Some(&b'$')
            && decimal(&self.text[range.clone()]) < range.len();
        let is_junk = end < range.end || kind != PARAMETER && is_name;
        if is_junk && kind != PARAMETER {
            end = range.start + decimal(&self.text[range.clone()]);
        }
        self.add(Kind::Named(kind), range.start..end);
        if is_junk {
            self.add(Kind::Named(UNKNOWN), end..range.end);
            if let Some(last) = self.tokens.last_mut() {
                last.is_junk = true;
            }
        }
    }

    /// A text continues only in the next line (section 4.1.2.1).
    fn continues(&self, start: usize) -> bool {
        self.last_text.is_some_and(|end| self.text[end..start].contains(['\n', '\r']))
    }

    /// `UESCAPE '!'` belongs to the text or name before it.
    fn is_escape_of_name(&mut self) -> bool {
        let is_escape = matches!(self.tokens[..], [.., name, word] if word.kind == Kind::Word
            && self.text[name.start..name.end].get(..2).is_some_and(|it| it.eq_ignore_ascii_case("u&"))
            && self.text[word.start..word.end].eq_ignore_ascii_case("uescape"));
        if is_escape && let (Some(word), Some(text)) = (self.tokens.pop(), self.tokens.last_mut()) {
            text.end = word.end;
        }
        is_escape
    }

    fn is_behind(&self, character: u8, start: usize) -> bool {
        let is_behind = |last: &Token| last.kind == Kind::Character(character) && last.end == start;
        self.operator.is_empty() && self.tokens.last().is_some_and(is_behind)
    }

    fn replace_last(&mut self, kind: usize, end: usize) {
        if let Some(last) = self.tokens.last_mut() {
            (last.kind, last.end) = (Kind::Named(kind), end);
        }
    }

    /// Signs at the end of an operator are not of it, but for some operators (section 4.1.3).
    fn end_operator(&mut self) {
        let Range { mut start, end } = std::mem::take(&mut self.operator);
        if start == end {
            return;
        }
        if self.text.as_bytes()[start] == b'=' && self.is_behind(b':', start) {
            start += 1;
            self.replace_last(COLON_EQUALS, start);
        }
        while start < end {
            let mut operator = &self.text[start..end];
            if !operator.contains(['~', '!', '@', '#', '%', '^', '&', '|', '`', '?']) {
                operator = match operator.trim_end_matches(['+', '-']) {
                    "" => &operator[..1],
                    trimmed => trimmed,
                };
            }
            let kind = match operator.as_bytes() {
                [one] if CHARACTERS.contains(one) => Kind::Character(*one),
                _ => {
                    let named = OPERATORS.iter().find(|(text, _)| *text == operator);
                    Kind::Named(named.map_or(OPERATOR, |(_, kind)| *kind))
                }
            };
            let next = start + operator.len();
            self.tokens.push(Token { kind, start, end: next, is_junk: false });
            start = next;
        }
    }
}

/// How long the number is that a server reads here which knows no other base than ten.
fn decimal(text: &str) -> usize {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        from + rest.bytes().take_while(u8::is_ascii_digit).count()
    };
    let mut end = digits(0);
    if text[end..].starts_with('.') {
        end = digits(end + 1);
    }
    let exponent = match text.as_bytes().get(end..) {
        Some([b'e' | b'E', b'+' | b'-', ..]) => end + 2,
        Some([b'e' | b'E', ..]) => end + 1,
        _ => return end,
    };
    if digits(exponent) > exponent { digits(exponent) } else { end }
}

/// What is larger is a float.
fn is_integer(number: &str) -> bool {
    let digits: String = number.chars().filter(|character| *character != '_').collect();
    let radix = match digits.get(..2) {
        Some("0x" | "0X") => 16,
        Some("0o" | "0O") => 8,
        Some("0b" | "0B") => 2,
        _ => 10,
    };
    let digits = if radix == 10 { &digits } else { &digits[2..] };
    i32::from_str_radix(digits, radix).is_ok()
}
