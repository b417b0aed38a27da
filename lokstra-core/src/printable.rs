//! Makes text from elsewhere safe to print: without what moves the cursor, changes the reading direction or
//! starts a new line.

use std::fmt::{self, Write};

/// What is written in the place of a character that could do more than be read; one for one, so that a
/// caret below a line stays where it is.
fn stand_in(c: char) -> Option<char> {
    match c {
        '\n' | '\t' => None,
        // The pictures of the control characters: *U+2400 to U+2421*.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)),
        '\u{7f}' => Some('\u{2421}'),
        // C1; marks and overrides of direction; separators of lines; what is not seen.
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => Some('\u{fffd}'),
        _ => None,
    }
}

/// Removes control characters except line feeds and tabs, and marks of direction, from a text.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(|c| stand_in(c).unwrap_or(c)).collect()
}

/// Reduces a name to one line, as [`printable`]: a file name, a name in a database.
#[must_use]
pub fn printable_line(text: &str) -> String {
    let one = |c| if c == '\n' { '\u{240a}' } else { stand_in(c).unwrap_or(c) };
    text.chars().map(one).collect()
}

/// Returns a name for a text: as [`printable_line`] has it, and exactly where the text is one for `{:#}`.
#[must_use]
#[inline(never)]
pub fn one_line(f: &fmt::Formatter<'_>, text: &str) -> String {
    if f.alternate() { text.to_owned() } else { printable_line(text) }
}

/// Writes a value as [`printable`] has it.
fn write_printable(f: &mut fmt::Formatter<'_>, value: fmt::Arguments<'_>) -> fmt::Result {
    struct Printable<'a, 'b>(&'a mut fmt::Formatter<'b>);

    impl Write for Printable<'_, '_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let mut rest = text;
            while let Some((at, c, instead)) =
                rest.char_indices().find_map(|(at, c)| Some((at, c, stand_in(c)?)))
            {
                self.0.write_str(&rest[..at])?;
                self.0.write_char(instead)?;
                rest = &rest[at + c.len_utf8()..];
            }
            self.0.write_str(rest)
        }
    }

    Printable(f).write_fmt(value)
}

/// Writes a message that contains texts from elsewhere: as [`printable`] does, and unchanged for `{:#}`.
///
/// # Errors
///
/// If the formatter fails.
#[inline(never)]
pub fn write_text(
    f: &mut fmt::Formatter<'_>,
    write: &dyn Fn(&mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    if f.alternate() {
        return write(f);
    }
    write_printable(f, format_args!("{}", fmt::from_fn(write)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_the_cursor_or_turns_the_line_is_a_picture() {
        assert_eq!(printable("\x1b]0;pwned\x07\x1b[2J\r\u{9b}1m"), "␛]0;pwned␇␛[2J␍�1m");
        assert_eq!(printable("a\u{202e}b\u{2066}c\u{200f}d\u{2028}e\u{feff}"), "a�b�c�d�e�");
        assert_eq!(printable("größe 漢 👩\u{200d}👧\n\tx"), "größe 漢 👩\u{200d}👧\n\tx");
    }

    #[test]
    fn a_name_is_on_one_line() {
        assert_eq!(printable_line("003_a\n::add-mask::x.up.sql"), "003_a␊::add-mask::x.up.sql");
    }

    #[test]
    fn a_value_is_written_as_it_is_printed() {
        struct Value;
        impl fmt::Display for Value {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_printable(f, format_args!("{}é\x1b[{}\n", "\x07", 3))
            }
        }
        assert_eq!(Value.to_string(), "␇é␛[3\n");
    }
}
