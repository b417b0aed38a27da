//! Syntax errors: statements that PostgreSQL's own grammar rejects, with a remedy.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lokstra_grammar::{Refusal, refusal, split};

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
        let statement = AssertUnwindSafe(|| refusal(&text[range.clone()]));
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
