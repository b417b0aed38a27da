//! Syntax errors: what PostgreSQL's own grammar refuses, and what a parser that follows it by hand was
//! waiting for there.

#[cfg(feature = "lint")]
use std::collections::BTreeSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use squawk_parser::{EntryPoint, LexedStr, StrStep, SyntaxKind};

use super::continued::masked;
use super::postgresql::refusal;

/// A place that the grammar does not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) offset: usize,
    /// As PostgreSQL words it.
    pub(crate) message: String,
    /// What the parser was waiting for, if it says so in words.
    pub(crate) expected: Option<String>,
}

/// The error of each statement that no supported version of PostgreSQL can read.
///
/// The parser's own opinion is asked for its words alone: it is weaker than PostgreSQL in places, and
/// refuses what PostgreSQL takes.
pub(crate) fn errors(text: &str, statements: &[Range<usize>]) -> Vec<SyntaxError> {
    let refused: Vec<Range<usize>> = statements
        .iter()
        .filter_map(|range| {
            // A fault here must not break a build.
            let statement = AssertUnwindSafe(|| refusal(&text[range.clone()]));
            let at = catch_unwind(statement).unwrap_or_default()?;
            Some(range.start + at.start..range.start + at.end)
        })
        .collect();
    if refused.is_empty() {
        return Vec::new();
    }
    let tokens: Vec<_> = tokens(text).collect();
    let nth_token = |offset| tokens.partition_point(|token| token.end <= offset);
    let waited: Vec<_> =
        messages(text).into_iter().map(|(offset, message)| (nth_token(offset), message)).collect();
    refused
        .into_iter()
        .map(|at| {
            let mut nth = nth_token(at.start);
            let mut token = tokens.get(nth).map(|token| token.start..token.end.max(at.end));
            // The token before may be what is wrong: a comma too many, or the first word of a
            // statement that follows without a `;`, read as a name.
            if let Some(before) = nth.checked_sub(1).map(|nth| tokens[nth].clone()) {
                let is_comma = text[before.clone()].starts_with(',');
                if messages_at(&waited, nth - 1).any(|it| is_comma || it == "expected SEMICOLON") {
                    (nth, token) = (nth - 1, Some(before));
                }
            }
            SyntaxError {
                offset: token.as_ref().map_or(text.trim_end().len(), |token| token.start),
                message: match token {
                    Some(token) => format!("syntax error at or near \"{}\"", &text[token]),
                    None => "syntax error at the end of the file".to_owned(),
                },
                expected: messages_at(&waited, nth).find_map(expected),
            }
        })
        .collect()
}

/// What the parser says at this token; what it says is in the order of the tokens.
fn messages_at(found: &[(usize, String)], nth: usize) -> impl Iterator<Item = &str> {
    let from = found.partition_point(|(at, _)| *at < nth);
    let here = found[from..].iter().take_while(move |(at, _)| *at == nth);
    here.map(|(_, message)| message.as_str())
}

/// The statements that are wrong, or that the parser understands only in part.
#[cfg(feature = "lint")]
pub(crate) fn half_understood(text: &str, statements: &[Range<usize>]) -> BTreeSet<usize> {
    let wrong = errors(text, statements).into_iter().map(|error| error.offset);
    let in_part = messages(text).into_iter().map(|(offset, _)| offset);
    let nth = |offset| statements.partition_point(|range| range.end < offset);
    wrong.chain(in_part).map(nth).collect()
}

fn messages(text: &str) -> Vec<(usize, String)> {
    // A fault of the parser must not break a build.
    catch_unwind(AssertUnwindSafe(|| parse(text))).unwrap_or_default()
}

/// Offsets and the parser's own words, in the order of the text.
fn parse(text: &str) -> Vec<(usize, String)> {
    let text = masked(text);
    let lexed = LexedStr::new(&text);
    let output = EntryPoint::SourceFile.parse(&lexed.to_input());
    let mut found = Vec::new();
    let (mut depth, mut position) = (0, 0);
    let mut last = SyntaxKind::SEMICOLON;
    let mut is_same_line = true;
    lexed.intersperse_trivia(&output, &mut |step| match step {
        StrStep::Enter { kind } => {
            depth += 1;
            let is_statement =
                depth == 2 && !matches!(kind, SyntaxKind::ERROR | SyntaxKind::EMPTY_STMT);
            if is_statement && last != SyntaxKind::SEMICOLON {
                found.push((position, "expected SEMICOLON".to_owned()));
            }
        }
        StrStep::Exit => depth -= 1,
        StrStep::Token { kind, text } => {
            match kind {
                SyntaxKind::WHITESPACE => is_same_line &= !text.contains(['\n', '\r']),
                SyntaxKind::COMMENT => {}
                _ => {
                    // Only in the next line does a text go on (section 4.1.2.1).
                    if is_text(last) && is_text(kind) && is_same_line {
                        found.push((position, "expected COMMA".to_owned()));
                    }
                    (last, is_same_line) = (kind, true);
                }
            }
            position += text.len();
        }
        StrStep::Error { msg, pos } => found.push((pos, msg.to_owned())),
    });
    found.extend(lexed.errors().map(|(range, message)| (range.start as usize, message.to_owned())));
    found.sort();
    found
}

fn is_text(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::STRING
            | SyntaxKind::ESC_STRING
            | SyntaxKind::UNICODE_ESC_STRING
            | SyntaxKind::NATIONAL_STRING
            | SyntaxKind::BIT_STRING
            | SyntaxKind::BYTE_STRING
            | SyntaxKind::DOLLAR_QUOTED_STRING
    )
}

/// Everything that is neither space nor comment.
fn tokens(text: &str) -> impl Iterator<Item = Range<usize>> {
    use squawk_lexer::TokenKind;
    let mut end = 0;
    squawk_lexer::tokenize(text).filter_map(move |token| {
        let start = end;
        end += token.len as usize;
        let is_trivia = matches!(
            token.kind,
            TokenKind::Whitespace
                | TokenKind::LineComment
                | TokenKind::BlockComment { .. }
                | TokenKind::Eof
        );
        (!is_trivia).then_some(start..end)
    })
}

/// The parser names tokens as its source does: `expected COMMA`.
fn expected(message: &str) -> Option<String> {
    let names = message.strip_prefix("expected ")?;
    let name = names.split([',', ' ', ';']).next()?;
    Some(match name {
        "SEMICOLON" => "`;` before it".to_owned(),
        "COMMA" => "`,` before it".to_owned(),
        "L_PAREN" => "`(`".to_owned(),
        "R_PAREN" => "`)`".to_owned(),
        "EQ" => "`=`".to_owned(),
        keyword if keyword.ends_with("_KW") => format!("`{}`", keyword.trim_end_matches("_KW")),
        lower if lower.chars().all(|c| c.is_ascii_lowercase()) && !names.contains("found") => {
            names.to_owned()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::errors;
    use crate::sql::split::split;

    #[test]
    fn what_the_parser_waited_for_is_told_in_sql() {
        for (text, expected) in [
            ("SELECT f(1 2)", "`,` before it"),
            ("CREATE INDEX a ON b c", "`(`"),
            ("CREATE TABLE a (b int", "`)`"),
            ("UPDATE a SET b 1", "`=`"),
            ("INSERT a VALUES (1)", "`INTO`"),
            ("ALTER TABLE a ADD PRIMARY KEY id", "column list"),
        ] {
            let found = errors(text, &split(text).statements);
            assert_eq!(found[0].expected.as_deref(), Some(expected), "{text}");
        }
    }
}
