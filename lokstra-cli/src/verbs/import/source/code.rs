//! The code of a script, without comments and literals.

/// Replaces each byte of a comment or a literal by a space. Text between dollar quotes is mostly SQL,
/// and kept.
pub(crate) fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let escapes = code.ends_with(['e', 'E'])
            && !code[..code.len() - 1].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let length = match first {
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => comment(rest),
            '\'' => literal(rest, escapes),
            _ => {
                code.push(first);
                rest = &rest[first.len_utf8()..];
                continue;
            }
        };
        let (hidden, behind) = rest.split_at(length);
        code.extend(hidden.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        rest = behind;
    }
    code
}

fn comment(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, pair) in text.as_bytes().windows(2).enumerate() {
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return at + 2;
        }
    }
    text.len()
}

fn literal(text: &str, escapes: bool) -> usize {
    let mut bytes = text.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' if escapes => _ = bytes.next(),
            b'\'' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The line of an offset, from 1.
pub(crate) fn line(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn comments_and_literals_are_left_out_and_nothing_else() {
        let text = "a -- b\nc /* d /* e */ */ f 'g''h' E'i\\'j' k\"l\" $$ 'm' n $$ 'ö' -- o";
        let left: String = code(text).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(left, "a c f E k\"l\" $$ n $$");
        assert_eq!(code(text).len(), text.len());
    }
}
