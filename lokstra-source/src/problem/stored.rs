//! Warnings as bytes, for the next build.

use lokstra_core::{Position, Snippet};

use super::{Code, LintRule, Problem, Severity};

impl Problem {
    /// Writes the problem as parts; `None` for one that the cache does not hold.
    pub(crate) fn parts(&self) -> Option<Vec<String>> {
        let Problem { code, severity, path, snippet, is_hidden, message, sqlstate, notes, help } =
            self;
        if *severity != Severity::Warning {
            return None;
        }
        let mut parts = vec![code.as_str().to_owned(), path.clone(), message.clone(), help.clone()];
        parts.extend([is_hidden.to_string(), sqlstate.to_string()]);
        if let Some(snippet) = snippet {
            let (Position { line: number, column }, (line, indent)) =
                (snippet.position(), snippet.parts());
            parts.extend([
                number.to_string(),
                column.to_string(),
                line.to_owned(),
                indent.to_owned(),
            ]);
        } else {
            parts.extend([const { String::new() }; 4]);
        }
        parts.extend(notes.iter().cloned());
        Some(parts)
    }

    /// Reads what [`parts`](Problem::parts) wrote.
    pub(crate) fn from_parts(parts: Vec<String>) -> Option<Problem> {
        let mut parts = parts.into_iter();
        let mut next = || parts.next();
        let code = code(&next()?)?;
        let (path, message, help) = (next()?, next()?, next()?);
        let (is_hidden, sqlstate) = (next()?.parse().ok()?, next()?.into());
        let (number, column, line, indent) = (next()?, next()?, next()?, next()?);
        let snippet = if number.is_empty() {
            None
        } else {
            let position = Position { line: number.parse().ok()?, column: column.parse().ok()? };
            Some(Snippet::from_parts(position, line, indent))
        };
        let (severity, notes) = (Severity::Warning, parts.collect());
        Some(Problem { code, severity, path, snippet, is_hidden, message, sqlstate, notes, help })
    }
}

fn code(word: &str) -> Option<Code> {
    let schema = || lokstra_schema::CODES.into_iter().find(|it| *it == word).map(Code::Schema);
    let lint = || LintRule::named(word).map(Code::Lint);
    Code::ALL.iter().copied().find(|it| it.as_str() == word).or_else(lint).or_else(schema)
}
