//! Text with escapes that continues in the next line.

use std::borrow::Cow;

use squawk_lexer::{LiteralKind, TokenKind, tokenize};

/// Replaces each `\'` and `\\` that the lexer would not read as an escape by `__`, so that offsets stay
/// the same.
///
/// To PostgreSQL, `E'a'` and a `'b\'c'` in the next line are one text, with escapes in both parts
/// (section 4.1.2.2). The lexer reads two texts, the second without escapes.
pub fn masked(sql: &str) -> Cow<'_, str> {
    let mut masked = Cow::Borrowed(sql);
    if !sql.contains("\\'") {
        return masked;
    }
    let mut from = 0;
    while let Some(start) = continuation(sql, from) {
        from = start + 1;
        // Up to the quote that closes it, which the lexer misses.
        while let Some(&byte) = sql.as_bytes().get(from) {
            match (byte, sql.as_bytes().get(from + 1)) {
                (b'\\', Some(b'\\' | b'\'')) => {
                    masked.to_mut().replace_range(from..from + 2, "__");
                    from += 2;
                }
                (b'\'', Some(b'\'')) => from += 2,
                (b'\'', _) => break,
                _ => from += 1,
            }
        }
        from = (from + 1).min(sql.len());
    }
    masked
}

/// The offset of the first text that continues one with escapes. `from` is 0 or right behind such a
/// text.
fn continuation(sql: &str, from: usize) -> Option<usize> {
    let (mut has_escapes, mut is_next_line) = (from > 0, false);
    let mut end = from;
    for token in tokenize(&sql[from..]) {
        let start = end;
        end += token.len as usize;
        match token.kind {
            TokenKind::Whitespace => is_next_line |= sql[start..end].contains(['\n', '\r']),
            TokenKind::LineComment => {}
            TokenKind::Literal { kind: LiteralKind::Str { .. } } if has_escapes && is_next_line => {
                return Some(start);
            }
            kind => {
                has_escapes = matches!(
                    kind,
                    TokenKind::Literal { kind: LiteralKind::EscStr { terminated: true } }
                );
                is_next_line = false;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn escapes_in_the_next_line_are_hidden() {
        for (sql, expected) in [
            (r"E'a\''", r"E'a\''"),
            ("E'a\\''\n'b\\'c' '\\'", "E'a\\''\n'b__c' '\\'"),
            ("e'\\'' -- 'x\n\n '\\\\' -- b\n'\\'''", "e'\\'' -- 'x\n\n '__' -- b\n'__''"),
            ("E'a' 'b\\'", "E'a' 'b\\'"),
            ("E'a', \n'b\\'", "E'a', \n'b\\'"),
            ("'a'\n'b\\'", "'a'\n'b\\'"),
            ("E''\n'\\'", "E''\n'__"),
            ("E''\n'a''b\\'c'", "E''\n'a''b__c'"),
            ("\n'b\\'", "\n'b\\'"),
        ] {
            assert_eq!(masked(sql), expected, "{sql}");
        }
    }
}
