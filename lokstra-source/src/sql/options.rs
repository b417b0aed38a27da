//! The options of a statement in parentheses, and which of them are on.

use squawk_lexer::TokenKind;

use super::forbidden::significant;

/// Options in parentheses: `(VERBOSE, CONCURRENTLY false)`, `(connect = off)`.
#[derive(Default)]
pub(super) struct Options {
    /// Each name, and whether it is on; `None` if the value is not a Boolean.
    all: Vec<(String, Option<bool>)>,
    /// How many words stand between the parentheses.
    pub(super) words: usize,
}

impl Options {
    /// Reads the options that begin behind this number of tokens.
    pub(super) fn behind(statement: &str, tokens: usize) -> Options {
        let all: Vec<_> = significant(statement).collect();
        Options::read(all.get(tokens..).unwrap_or_default())
    }

    /// Reads the options at the end.
    pub(super) fn last(statement: &str) -> Options {
        let all: Vec<_> = significant(statement).collect();
        let open = all.iter().rposition(|(kind, ..)| *kind == TokenKind::OpenParen);
        open.map(|at| Options::read(&all[at..])).unwrap_or_default()
    }

    fn read(tokens: &[(TokenKind, &str, usize)]) -> Options {
        let mut options = Options::default();
        let [(TokenKind::OpenParen, ..), rest @ ..] = tokens else { return options };
        let end = rest.iter().position(|(kind, ..)| *kind == TokenKind::CloseParen);
        let inside = &rest[..end.unwrap_or(rest.len())];
        options.words = inside.iter().filter(|(kind, ..)| *kind == TokenKind::Ident).count();
        for option in inside.split(|(kind, ..)| *kind == TokenKind::Comma) {
            let mut parts = option.iter().filter(|(kind, ..)| *kind != TokenKind::Eq);
            let Some((_, name, _)) = parts.next() else { continue };
            let value = match parts.next() {
                None => Some(true),
                Some((_, value, _)) => truth(value),
            };
            let name = match name.strip_prefix('"') {
                Some(quoted) => quoted.trim_end_matches('"').to_owned(),
                None => name.to_ascii_lowercase(),
            };
            options.all.push((name, value));
        }
        options
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.all.iter().any(|(option, _)| option == name)
    }

    /// Returns whether an option is on; the last one counts.
    pub(super) fn get(&self, name: &str) -> Option<bool> {
        self.all.iter().rev().find(|(option, _)| option == name)?.1
    }
}

/// Reads a Boolean as `defGetBoolean` of the server does.
fn truth(value: &str) -> Option<bool> {
    match value.trim_matches(['\'', '"']).to_ascii_lowercase().as_str() {
        "true" | "on" | "1" => Some(true),
        "false" | "off" | "0" => Some(false),
        _ => None,
    }
}
