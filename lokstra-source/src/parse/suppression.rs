//! Suppressions of lint rules: `-- lokstra: allow(drop-column): no version reads it since 2.3`.

use std::ops::Range;

use squawk_lexer::{TokenKind, tokenize};

use crate::problem::{Code, LintRule, Problem};
use crate::sql::resembles_suppression;

const OPENING: &str = "-- lokstra: allow(";
const EXAMPLE: &str = "-- lokstra: allow(drop-column): no version reads it since 2.3";

/// A comment that suppresses a hazard of one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suppression {
    /// A lint rule, or what the replay reports.
    pub(crate) rule: Code,
    /// The offset of the name of the rule.
    pub(crate) offset: usize,
    /// Which statement it covers: the one around it, or before it on the same line, or below it.
    pub(crate) statement: usize,
}

/// Reads the suppressions of a script, and adds invalid ones to the problems.
pub(crate) fn read(
    path: &str,
    text: &str,
    statements: &[Range<usize>],
    problems: &mut Vec<Problem>,
) -> Vec<Suppression> {
    let mut suppressions = Vec::new();
    // Few scripts have one, and reading every token is slow.
    if !text.contains("okstra") {
        return suppressions;
    }
    for (start, comment) in comments(text) {
        if !resembles_suppression(comment.trim_start_matches(['-', '/'])) {
            continue;
        }
        let statement = statement_of(text, statements, start);
        let mut problem = |at, message: String, help: String| {
            problems.push(Problem::new(Code::Suppression, path, message, help).at(text, at));
        };
        let Some((names, reason)) = parts(comment) else {
            let message = "this comment looks like a suppression and has no effect".to_owned();
            problem(start, message, format!("write it as `{EXAMPLE}`"));
            continue;
        };
        if reason.is_empty() {
            let help = format!("say why it is safe: `{EXAMPLE}`");
            problem(start, "this suppression gives no reason".to_owned(), help);
        }
        let mut at = start + OPENING.len();
        for part in names.split(',') {
            let name = part.trim();
            let offset = at + part.len() - part.trim_start().len();
            at += part.len() + 1;
            let schema = lokstra_schema::CODES.iter().find(|code| **code == name);
            let rule = LintRule::named(name).map(Code::Lint).or(schema.map(|it| Code::Schema(it)));
            match rule {
                Some(rule) => suppressions.push(Suppression { rule, offset, statement }),
                None => problem(offset, format!("there is no rule `{name}`"), rules()),
            }
        }
    }
    suppressions
}

/// Splits a suppression into the names between the parentheses, and the reason.
fn parts(comment: &str) -> Option<(&str, &str)> {
    let (names, rest) = comment.strip_prefix(OPENING)?.split_once(')')?;
    let reason = rest.strip_prefix(':').or_else(|| rest.trim().is_empty().then_some(""))?;
    Some((names, reason.trim()))
}

fn rules() -> String {
    let names: Vec<_> = LintRule::ALL.iter().map(|rule| rule.as_str()).collect();
    format!("use one of: {}", names.join(", "))
}

fn comments(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut end = 0;
    tokenize(text).filter_map(move |token| {
        let start = end;
        end += token.len as usize;
        let is_comment =
            matches!(token.kind, TokenKind::LineComment | TokenKind::BlockComment { .. });
        is_comment.then(|| (start, text[start..end].trim_end()))
    })
}

/// The statement that a comment at this offset covers; one past the last if none follows.
fn statement_of(text: &str, statements: &[Range<usize>], offset: usize) -> usize {
    let next = statements.iter().take_while(|range| range.end <= offset).count();
    match next.checked_sub(1) {
        Some(last) if !text[statements[last].end..offset].contains('\n') => last,
        _ => next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules and the statements that suppressions of a script are about.
    fn suppressed(text: &str) -> Vec<(&'static str, usize)> {
        let mut problems = Vec::new();
        let suppressions =
            read("a.sql", text, &lokstra_grammar::split(text).statements, &mut problems);
        assert_eq!(problems, []);
        suppressions
            .into_iter()
            .map(|suppression| (suppression.rule.as_str(), suppression.statement))
            .collect()
    }

    #[test]
    fn a_suppression_is_about_the_statement_at_or_below_it() {
        for (text, statement) in [
            ("SELECT 1;\n-- lokstra: allow(truncate): x\nSELECT 2;", 1),
            ("SELECT 1;\n-- lokstra: allow(truncate): x\n\n-- more\nSELECT 2;", 1),
            ("SELECT 1;\nSELECT\n-- lokstra: allow(truncate): x\n2;", 1),
            ("SELECT 1; -- lokstra: allow(truncate): x\nSELECT 2;", 0),
            ("SELECT 1;\n-- lokstra: allow(truncate): x\n", 1),
            ("-- lokstra: allow(truncate): x\nSELECT 1;", 0),
        ] {
            assert_eq!(suppressed(text), [("truncate", statement)], "{text}");
        }
    }

    #[test]
    fn one_comment_names_several_rules() {
        let text = "-- lokstra: allow(drop-table, truncate): x\nSELECT 1;";
        assert_eq!(suppressed(text), [("drop-table", 0), ("truncate", 0)]);
    }

    #[test]
    fn a_name_that_is_no_rule_is_reported_where_it_stands() {
        let text = "-- lokstra: allow(truncate,  drop-tabel, x): y\nSELECT 1;";
        let mut problems = Vec::new();
        read("a.sql", text, &lokstra_grammar::split(text).statements, &mut problems);
        let places: Vec<_> =
            problems.iter().map(|problem| problem.position().unwrap().to_string()).collect();
        assert_eq!(places, ["1:30", "1:42"]);
    }

    #[test]
    fn text_is_no_comment() {
        assert_eq!(suppressed("SELECT '-- lokstra: allow()';\n-- lokstra, allow me a remark"), []);
    }
}
