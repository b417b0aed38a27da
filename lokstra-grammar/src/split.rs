//! Splits a script into statements.

use std::ops::Range;

use squawk_lexer::{LiteralKind, Token, TokenKind, tokenize};

use crate::string_continuation::masked;

/// The statements of a script.
#[derive(Debug, Default)]
pub struct Split {
    /// Each from its first token to its last, without the `;`.
    pub statements: Vec<Range<usize>>,
    /// The offset of something that is never closed.
    pub unterminated: Option<(usize, Unterminated)>,
}

/// What a text begins and does not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unterminated {
    /// A text in single quotes.
    Text,
    /// A text in `$$`.
    DollarText,
    /// A name in double quotes.
    Name,
    /// A comment.
    Comment,
    /// A parenthesis.
    Parenthesis,
}

impl Unterminated {
    /// Returns its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Unterminated::Text => "quoted text",
            Unterminated::DollarText => "dollar-quoted text",
            Unterminated::Name => "quoted name",
            Unterminated::Comment => "comment",
            Unterminated::Parenthesis => "parenthesis",
        }
    }

    /// Returns the text that closes it.
    pub fn end(self, text: &str) -> String {
        match self {
            Unterminated::Text => "'".to_owned(),
            Unterminated::Name => "\"".to_owned(),
            Unterminated::Parenthesis => ")".to_owned(),
            Unterminated::Comment => "*/ (comments nest)".to_owned(),
            Unterminated::DollarText => {
                let tag = text[1..].split('$').next().unwrap_or_default();
                format!("${tag}$")
            }
        }
    }
}

/// Splits a script as the server does: at each `;` that is neither in parentheses (rules with several
/// actions) nor in the body of a routine (`BEGIN ATOMIC … END`).
pub fn split(text: &str) -> Split {
    let mut split = Split::default();
    let mut statement = Statement::default();
    let mut end = 0;
    for token in tokenize(&masked(text)) {
        let start = end;
        end += token.len as usize;
        if let Some(what) = unterminated(token) {
            split.unterminated = Some((start, what));
        }
        match token.kind {
            TokenKind::Whitespace
            | TokenKind::LineComment
            | TokenKind::BlockComment { .. }
            | TokenKind::Eof => {}
            TokenKind::Semi if statement.is_complete() => {
                split.statements.extend(std::mem::take(&mut statement).range);
            }
            kind => statement.push(kind, start..end, text),
        }
    }
    if split.unterminated.is_none() {
        split.unterminated =
            statement.parentheses.last().map(|&at| (at, Unterminated::Parenthesis));
    }
    split.statements.extend(statement.range);
    split
}

/// The statement that is being read.
#[derive(Default)]
struct Statement {
    range: Option<Range<usize>>,
    /// The first words, which may be `CREATE OR REPLACE FUNCTION`.
    opening: Vec<Word>,
    /// The offsets of the open ones.
    parentheses: Vec<usize>,
    /// Between `BEGIN ATOMIC` and its `END`.
    is_in_body: bool,
    previous: Previous,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Previous {
    Begin,
    /// `BEGIN ATOMIC` or a `;` in the body: only here does `END` close it. Elsewhere it belongs to a
    /// `CASE`, or is a name.
    Boundary,
    #[default]
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Create,
    Or,
    Replace,
    Routine,
    Other,
}

impl Statement {
    fn is_complete(&self) -> bool {
        self.parentheses.is_empty() && !self.is_in_body
    }

    fn push(&mut self, kind: TokenKind, range: Range<usize>, text: &str) {
        let word = &text[range.clone()];
        match kind {
            TokenKind::OpenParen => self.parentheses.push(range.start),
            TokenKind::CloseParen => drop(self.parentheses.pop()),
            TokenKind::Ident if self.opening.len() < 4 => self.opening.push(opening(word)),
            _ => {}
        }
        self.previous = match kind {
            TokenKind::Semi => Previous::Boundary,
            TokenKind::Ident if self.parentheses.is_empty() && self.is_routine() => self.body(word),
            _ => Previous::Other,
        };
        let start = self.range.as_ref().map_or(range.start, |range| range.start);
        self.range = Some(start..range.end);
    }

    fn is_routine(&self) -> bool {
        use Word::{Create, Or, Replace, Routine};
        matches!(self.opening[..], [Create, Routine, ..] | [Create, Or, Replace, Routine])
    }

    /// Follows the body of a routine by a word outside of parentheses.
    fn body(&mut self, word: &str) -> Previous {
        let is = |keyword| word.eq_ignore_ascii_case(keyword);
        match self.previous {
            Previous::Begin if !self.is_in_body && is("atomic") => {
                self.is_in_body = true;
                Previous::Boundary
            }
            Previous::Boundary if self.is_in_body && is("end") => {
                self.is_in_body = false;
                Previous::Other
            }
            _ if is("begin") => Previous::Begin,
            _ => Previous::Other,
        }
    }
}

fn opening(word: &str) -> Word {
    match word.to_ascii_lowercase().as_str() {
        "create" => Word::Create,
        "or" => Word::Or,
        "replace" => Word::Replace,
        "function" | "procedure" => Word::Routine,
        _ => Word::Other,
    }
}

fn unterminated(token: Token) -> Option<Unterminated> {
    match token.kind {
        TokenKind::BlockComment { terminated: false } => Some(Unterminated::Comment),
        TokenKind::QuotedIdent { terminated: false, .. } => Some(Unterminated::Name),
        TokenKind::Literal { kind } => match kind {
            LiteralKind::DollarQuotedString { terminated: false } => Some(Unterminated::DollarText),
            LiteralKind::Str { terminated: false }
            | LiteralKind::NationalStr { terminated: false }
            | LiteralKind::ByteStr { terminated: false }
            | LiteralKind::BitStr { terminated: false }
            | LiteralKind::UnicodeEscStr { terminated: false }
            | LiteralKind::EscStr { terminated: false } => Some(Unterminated::Text),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn statements(text: &str) -> Vec<&str> {
        split(text).statements.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn a_statement_has_neither_its_semicolon_nor_the_comments_around_it() {
        let text = "-- a\nSELECT 1 /* b */ ; ;; /* ; */ SELECT\n 2 -- c\n";
        assert_eq!(statements(text), ["SELECT 1", "SELECT\n 2"]);
        assert!(statements(" -- nothing;\n/* /* ; */ ; */;").is_empty());
    }

    #[test]
    fn a_semicolon_in_quotes_ends_nothing() {
        for text in [
            "SELECT 'a;''b'",
            "SELECT E'a\\';b'",
            "SELECT \"a;\"\"b\"",
            "DO $$ BEGIN x; END $$",
            "SELECT $a$ $b$ ; $b$ $a$",
            "SELECT U&'\\0061;'",
            "SELECT E'a'\n'b\\';c'",
        ] {
            assert_eq!(statements(&format!("{text}; SELECT 2;")), [text, "SELECT 2"]);
        }
    }

    #[test]
    fn the_actions_of_a_rule_belong_to_it() {
        let rule = "CREATE RULE r AS ON INSERT TO a DO ALSO (DELETE FROM b; DELETE FROM c)";
        assert_eq!(statements(&format!("{rule};SELECT 1")), [rule, "SELECT 1"]);
    }

    #[test]
    fn the_body_of_a_routine_belongs_to_it() {
        for opening in ["CREATE FUNCTION", "create or replace procedure"] {
            let routine = format!(
                "{opening} f(\"begin\" int) LANGUAGE sql BEGIN ATOMIC\n SELECT CASE WHEN a THEN b \
                 END AS end; SELECT t.end, 2; SELECT 1 end; END"
            );
            assert_eq!(statements(&format!("{routine}; SELECT 1")), [&routine, "SELECT 1"]);
        }
        let quoted = "CREATE PROCEDURE \"p\"() BEGIN ATOMIC DELETE FROM a; END";
        assert_eq!(statements(&format!("{quoted}; SELECT 1")), [quoted, "SELECT 1"]);
    }

    #[test]
    fn words_of_a_body_mean_nothing_elsewhere() {
        assert_eq!(statements("BEGIN; SELECT 1; END; SELECT 2").len(), 4);
        assert_eq!(statements("SELECT begin atomic FROM a; SELECT 2").len(), 2);
        let old_style = "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$";
        assert_eq!(statements(&format!("{old_style}; BEGIN; END")).len(), 3);
        for types in ["(begin atomic)", "() RETURNS begin", "() RETURNS atomic"] {
            let function = format!("CREATE FUNCTION f{types} LANGUAGE sql AS 'SELECT 1'");
            assert_eq!(statements(&format!("{function}; SELECT 2")), [&function, "SELECT 2"]);
        }
    }

    #[test]
    fn what_is_never_closed_is_found_where_it_begins() {
        for (text, at, end) in [
            ("SELECT 'a; SELECT 2", 7, "'"),
            ("SELECT E'\\'", 7, "'"),
            ("SELECT 1; SELECT \"a", 17, "\""),
            ("DO $do$ BEGIN END $$;", 3, "$do$"),
            ("SELECT 1 /* /* */", 9, "*/ (comments nest)"),
            ("CREATE TABLE a (b numeric(1, 2);\nSELECT (1);", 15, ")"),
        ] {
            let (offset, what) = split(text).unterminated.unwrap();
            assert_eq!((offset, what.end(&text[offset..]).as_str()), (at, end), "{text}");
        }
    }

    proptest! {
        #[test]
        fn ranges_are_ordered_and_never_panic(text in "[a-z;'\"$(/*) \\-\n\\\\éBEGIN]{0,80}") {
            let mut end = 0;
            for range in split(&text).statements {
                prop_assert!(range.start >= end && range.end > range.start);
                prop_assert!(text.get(range.clone()).is_some());
                end = range.end;
            }
        }
    }
}
