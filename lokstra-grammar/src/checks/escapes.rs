//! Single tokens that PostgreSQL refuses: escapes, parameters, a `*` in the wrong place.

use crate::checks::Fault;
use crate::tokens::{Kind, PARAMETER, TEXT};
use crate::tree::Tree;

/// The first token that is wrong.
pub(crate) fn of_tokens(tree: &Tree<'_>) -> Option<Fault> {
    let is_query = ["select", "insert", "update", "delete", "values", "with"]
        .iter()
        .any(|word| tree.token(0).eq_ignore_ascii_case(word));
    for (nth, token) in tree.tokens.iter().enumerate() {
        let message = match token.kind {
            Kind::Named(TEXT) => {
                let text = &tree.text[token.start..token.end];
                has_bad_escape(text).then_some("invalid Unicode escape")
            }
            Kind::Named(PARAMETER) if is_query => Some("there is no parameter here"),
            Kind::Character(b'*')
                if nth > 0
                    && tree.token(nth - 1) == "."
                    && matches!(tree.token(nth + 1), "." | "[") =>
            {
                Some("improper use of \"*\"")
            }
            _ => None,
        };
        if let Some(message) = message {
            return Some(Fault { token: nth, message });
        }
    }
    None
}

/// `U&'\zz'`, `E'\u12'`.
fn has_bad_escape(text: &str) -> bool {
    let is_hex = |text: &str, count: usize| {
        text.get(..count).is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let Some(rest) = text.get(..3).map(|_| text) else { return false };
    match rest.as_bytes() {
        [b'u' | b'U', b'&', b'\'', ..] => {
            let mut rest = &rest[3..rest.len().max(4) - 1];
            // It continues in the next line, or its escapes are others.
            if rest.contains('\'') {
                return false;
            }
            while let Some((_, escape)) = rest.split_once('\\') {
                rest = match escape.as_bytes() {
                    [b'\\', ..] => &escape[1..],
                    [b'+', ..] if is_hex(&escape[1..], 6) => &escape[7..],
                    _ if is_hex(escape, 4) => &escape[4..],
                    _ => return true,
                };
            }
            false
        }
        [b'e' | b'E', b'\'', ..] => {
            let mut rest = &rest[2..];
            while let Some((_, escape)) = rest.split_once('\\') {
                let Some(first) = escape.chars().next() else { return false };
                rest = &escape[first.len_utf8()..];
                let count = match first {
                    'u' => 4,
                    'U' => 8,
                    _ => continue,
                };
                if !is_hex(rest, count) {
                    return true;
                }
            }
            false
        }
        _ => false,
    }
}
