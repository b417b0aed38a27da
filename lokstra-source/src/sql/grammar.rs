//! Syntax errors, from the event stream of a parser that follows PostgreSQL's grammar: no tree is
//! built, which would take four times as long.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use squawk_parser::{EntryPoint, LexedStr, StrStep, SyntaxKind};

use super::continued::masked;
use super::refused::words;

/// A place that the grammar does not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) offset: usize,
    /// As PostgreSQL words it.
    pub(crate) message: String,
    /// What the parser was waiting for, if it says so in words.
    pub(crate) expected: Option<String>,
}

/// How statements begin that are valid in PostgreSQL and unknown to the grammar, in the version that
/// we pin.
const UNKNOWN: [&str; 6] = [
    "alter statistics if exists",
    "alter user mapping for user",
    "create trusted",
    "create or replace trusted",
    "drop event trigger",
    "set role to default",
];

/// Whether an error is the grammar's own: `read` stands before it in the statement, `rest` behind.
fn is_unknown(statement: &str, (read, rest): (&str, &str), message: &str) -> bool {
    let statement = words(statement).collect::<Vec<_>>().join(" ");
    if statement.starts_with("create statistics") {
        // It takes a name alone where PostgreSQL takes a list of tables and joins.
        let is_next_statement =
            message == "expected SEMICOLON" && !rest.trim_start().starts_with('(');
        return words(read).any(|word| word == "from") && !is_next_statement;
    }
    UNKNOWN.iter().any(|unknown| statement.starts_with(unknown))
}

/// The first error of each statement: what follows it is mostly its echo.
pub(crate) fn errors(text: &str, statements: &[Range<usize>]) -> Vec<SyntaxError> {
    // A fault of the parser must not break a build.
    let found = catch_unwind(AssertUnwindSafe(|| parse(text))).unwrap_or_default();
    let mut errors: Vec<SyntaxError> = Vec::new();
    let mut last_statement = None;
    for (offset, message) in found {
        let nth = statements.iter().position(|range| offset <= range.end);
        let statement = nth.map_or("", |nth| &text[statements[nth].clone()]);
        let start = nth.map_or(offset, |nth| statements[nth].start);
        if nth == last_statement && !errors.is_empty()
            || is_unknown(statement, text[start..].split_at(offset.saturating_sub(start)), &message)
        {
            continue;
        }
        last_statement = nth;
        errors.push(error(text, start, offset, &message));
    }
    errors
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

fn error(text: &str, start: usize, offset: usize, message: &str) -> SyntaxError {
    let (mut offset, mut token) = token_at(text, offset);
    // The parser gives up at the first word of `CREATE TABEL`; the server tells the second.
    let verb = token.map(str::to_ascii_lowercase);
    let is_verb = matches!(verb.as_deref(), Some("create" | "drop" | "alter"));
    if offset == start && is_verb && expected(message).is_none() {
        (offset, token) = token_at(text, offset + verb.map_or(0, |verb| verb.len()));
    }
    SyntaxError {
        offset,
        message: match token {
            Some(token) => format!("syntax error at or near \"{token}\""),
            None => "syntax error at the end of the file".to_owned(),
        },
        expected: expected(message),
    }
}

/// The first token at or behind an offset that is neither space nor comment.
fn token_at(text: &str, offset: usize) -> (usize, Option<&str>) {
    use squawk_lexer::TokenKind;
    let mut end = 0;
    for token in squawk_lexer::tokenize(text) {
        let start = end;
        end += token.len as usize;
        let is_trivia = matches!(
            token.kind,
            TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. }
        );
        if end > offset && !is_trivia {
            return (start, Some(&text[start..end]));
        }
    }
    (text.trim_end().len(), None)
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
