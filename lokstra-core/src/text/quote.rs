//! Pieces of SQL that mean the same under every setting of the session.

use crate::text::replace;
use std::fmt::Write;

/// Returns a string literal. Written with `E''`, so that `standard_conforming_strings` does not matter.
///
/// PostgreSQL documentation: *4.1.2.2. String Constants with C-Style Escapes*.
pub fn literal(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 3);
    quoted.push_str("E'");
    for character in text.chars() {
        match character {
            '\'' => quoted.push_str("''"),
            '\\' => quoted.push_str("\\\\"),
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    quoted
}

/// Returns a string literal for an operator to type or paste: what a terminal would not show is escaped.
pub fn typable_literal(text: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    if !text.contains(|c| is_hidden(c) || c == '\\') {
        return format!("'{}'", replace(text, "'", "''"));
    }
    let mut typable = String::new();
    for character in literal(text).chars() {
        if is_hidden(character) {
            write!(typable, "\\u{:04X}", u32::from(character)).ok();
        } else {
            typable.push(character);
        }
    }
    typable
}

/// Returns a quoted identifier, whatever it contains.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", replace(name, "\"", "\"\""))
}

/// Returns a text that can stand inside `/* */`.
pub fn comment(text: &str) -> String {
    replace(&replace(text, "*/", "* /"), "/*", "/ *")
}

/// FNV-1a: stable over versions of Rust and of this crate, since the lock key and the progress of
/// partial scripts outlive the process. Not for checksums.
pub fn fnv(parts: &[&[u8]]) -> i64 {
    let bytes = parts.iter().flat_map(|part| part.iter());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_survive_quotes_and_backslashes() {
        assert_eq!(literal(r"it's a \ path"), r"E'it''s a \\ path'");
        assert_eq!(identifier(r#"odd"role"#), r#""odd""role""#);
        assert_eq!(comment("a */ b"), "a * / b");
    }
}
