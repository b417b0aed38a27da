//! Syntax errors: statements that PostgreSQL's own grammar rejects, with a remedy.

#[cfg(feature = "lint")]
use std::collections::BTreeSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[cfg(feature = "lint")]
use lokstra_grammar::masked;
use lokstra_grammar::{Refusal, refused, split};
#[cfg(feature = "lint")]
use squawk_parser::{EntryPoint, LexedStr, StrStep, SyntaxKind};

use super::remedy::{self, Remedy};
use super::routine::sql_body;

/// A place that the grammar does not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) offset: usize,
    /// As PostgreSQL words it.
    pub(crate) message: String,
    /// The remedy, if there is one.
    pub(crate) remedy: Option<Remedy>,
}

/// For how many errors of a script a remedy is searched, which parses several times.
const WITH_REMEDY: usize = 20;

/// The syntax error of each statement that no supported version of PostgreSQL can parse.
pub(crate) fn errors(text: &str, statements: &[Range<usize>]) -> Vec<SyntaxError> {
    let errors = refusals(text, statements).enumerate().map(|(nth, (range, refusal))| {
        let statement = &text[range.clone()];
        let at = refusal.at;
        if let Some(message) = refusal.message {
            let offset = range.start + at.start;
            return SyntaxError {
                offset,
                message: message.to_owned(),
                remedy: remedy::of_fault(statement, &at, message),
            };
        }
        let found = (nth < WITH_REMEDY).then(|| remedy::find(statement, &at)).flatten();
        let at = found.as_ref().map_or(at, |found| found.at.clone());
        error(text, range, &at, found.map(|found| found.remedy))
    });
    let mut errors: Vec<_> = errors.collect();
    errors.extend(in_bodies(text, statements));
    errors.sort_by_key(|error| error.offset);
    errors
}

/// The errors in routines whose body is a text of SQL, which the server parses when it creates them.
fn in_bodies(text: &str, statements: &[Range<usize>]) -> Vec<SyntaxError> {
    let bodies = statements.iter().filter_map(|range| {
        let body = sql_body(&text[range.clone()])?;
        Some(range.start + body.start..range.start + body.end)
    });
    let bodies: Vec<_> = bodies.collect();
    // Unless this says otherwise.
    let setting = "check_function_bodies".as_bytes();
    let is_setting = |it: &[u8]| it.eq_ignore_ascii_case(setting);
    if bodies.is_empty() || text.as_bytes().windows(setting.len()).any(is_setting) {
        return Vec::new();
    }
    let inner = bodies.into_iter().flat_map(|body| {
        let split = split(&text[body.clone()]);
        let shift = move |range: Range<usize>| body.start + range.start..body.start + range.end;
        split.statements.into_iter().map(shift)
    });
    let inner: Vec<_> = inner.collect();
    // With polymorphic arguments, the server checks only the grammar.
    let refusals = refusals(text, &inner).filter(|(_, refusal)| refusal.message.is_none());
    let errors = refusals.enumerate().map(|(nth, (range, refusal))| {
        let statement = &text[range.clone()];
        let found = (nth < WITH_REMEDY).then(|| remedy::find(statement, &refusal.at)).flatten();
        let at = found.as_ref().map_or(refusal.at, |found| found.at.clone());
        error(text, range, &at, found.map(|found| found.remedy))
    });
    errors.collect()
}

/// The statements that are refused, and where in them.
fn refusals<'a>(
    text: &'a str,
    statements: &'a [Range<usize>],
) -> impl Iterator<Item = (&'a Range<usize>, Refusal)> {
    statements.iter().filter_map(|range| {
        // A panic here must not break a build.
        let statement = AssertUnwindSafe(|| refused(&text[range.clone()]));
        Some((range, catch_unwind(statement).unwrap_or_default()?))
    })
}

fn error(
    text: &str,
    statement: &Range<usize>,
    at: &Range<usize>,
    remedy: Option<Remedy>,
) -> SyntaxError {
    let mut at = statement.start + at.start..statement.start + at.end;
    if at.is_empty() {
        // The statement is incomplete: the error is at what follows it.
        let rest = &text[at.end..];
        let skipped = rest.len() - rest.trim_start().len();
        if rest.trim_start().starts_with(';') {
            at = at.end + skipped..at.end + skipped + 1;
        }
    }
    let message = match &text[at.clone()] {
        "" if !text[at.end..].trim().is_empty() => "syntax error at end of input".to_owned(),
        "" => "syntax error at the end of the file".to_owned(),
        token => format!("syntax error at or near \"{token}\""),
    };
    SyntaxError { offset: at.start, message, remedy }
}

/// The statements that are wrong, or that the linter's parser reads only in part.
#[cfg(feature = "lint")]
pub(crate) fn partly_parsed(text: &str, statements: &[Range<usize>]) -> BTreeSet<usize> {
    let wrong = refusals(text, statements).map(|(range, refusal)| range.start + refusal.at.start);
    let in_part = messages(text).into_iter().map(|(offset, _)| offset);
    let nth = |offset| statements.partition_point(|range| range.end < offset);
    wrong.chain(in_part).map(nth).collect()
}

#[cfg(feature = "lint")]
fn messages(text: &str) -> Vec<(usize, String)> {
    // A panic of the parser must not break a build.
    catch_unwind(AssertUnwindSafe(|| parse(text))).unwrap_or_default()
}

/// The offsets and messages of the linter's parser, in the order of the text.
#[cfg(feature = "lint")]
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
                    // A text continues only in the next line (section 4.1.2.1).
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

#[cfg(feature = "lint")]
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

#[cfg(test)]
mod tests {
    use super::errors;
    use lokstra_grammar::split;

    #[test]
    fn the_body_of_a_routine_in_sql_is_read() {
        for (text, expected) in [
            ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\nSELEC 1;\n$$;", Some("SELEC")),
            ("CREATE FUNCTION f() RETURNS int AS 'SELECT 1 1' LANGUAGE 'sql'", Some("1' L")),
            (
                "CREATE OR REPLACE PROCEDURE p() LANGUAGE SQL AS $x$ SELECT 1; SELECT ( $x$",
                Some(" $x$"),
            ),
            (
                "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS $$ SELECT $1; VALUES (1), (1, 2) $$",
                None,
            ),
            ("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ SELEC $$", None),
            ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1 '\n'+ 1'", None),
            (
                "SET check_function_bodies = off; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'a b'",
                None,
            ),
        ] {
            let found = errors(text, &split(text).statements);
            let at = found.first().map(|error| error.offset);
            assert_eq!(
                at.map(|at| text[at..].starts_with(expected.unwrap_or("?"))),
                expected.map(|_| true),
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn an_error_stands_where_the_server_sees_it() {
        for (text, offset, message) in [
            ("SELECT 1;\nCREATE TABEL a ();", 17, "syntax error at or near \"TABEL\""),
            ("SELECT (1 +  ;", 13, "syntax error at or near \";\""),
            ("SELECT 1 +\n", 10, "syntax error at the end of the file"),
        ] {
            let found = errors(text, &split(text).statements);
            assert_eq!((found[0].offset, found[0].message.as_str()), (offset, message), "{text}");
        }
    }
}
