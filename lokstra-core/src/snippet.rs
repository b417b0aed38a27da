//! A place in a text, with its line.

use std::fmt;

/// A place in a text as an editor shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// Finds the position of a byte offset. An offset past the end means the end.
    pub fn of(text: &str, offset: usize) -> Position {
        let before = &text[..text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Position {
            line: before.bytes().filter(|&byte| byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Position {
    /// `line:column`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A line of a file with a caret below the place that a message is about. Build errors and run-time
/// errors both show SQL this way:
///
/// ```text
///   |
/// 7 |   REFERENCES users(tenant_id, id)
///   |              ^
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    position: Position,
    line: String,
    /// What stands before the caret: spaces, and the tabs of the line.
    indent: String,
}

/// What is shown of a line that is longer, in characters on each side of the caret.
const CONTEXT: usize = 60;

impl Snippet {
    /// Cuts the snippet for a byte offset. An offset past the end means the end.
    pub fn new(text: &str, offset: usize) -> Snippet {
        let offset = text.floor_char_boundary(offset);
        let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
        let end = text[offset..].find('\n').map_or(text.len(), |at| offset + at);
        let (before, after) = (&text[start..offset], &text[offset..end]);
        let (before, after) = (shorten_front(before), shorten_back(after.trim_end()));
        Snippet {
            position: Position::of(text, offset),
            indent: before.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect(),
            line: before + &after,
        }
    }

    /// Cuts the snippet for the beginning of a line of which the number is known, from 1. For each of many lines of
    /// a text, [`new`](Snippet::new) would count the lines before it.
    pub fn of_line(number: usize, line: &str) -> Snippet {
        let snippet = Snippet::new(line, 0);
        Snippet { position: Position { line: number, column: 1 }, ..snippet }
    }

    /// Returns the line as it is shown, and what stands before the caret.
    pub fn parts(&self) -> (&str, &str) {
        (&self.line, &self.indent)
    }

    /// Puts a snippet together again from its position and its [`parts`](Snippet::parts).
    pub fn from_parts(position: Position, line: String, indent: String) -> Snippet {
        Snippet { position, line, indent }
    }

    /// Returns where the caret stands.
    pub fn position(&self) -> Position {
        self.position
    }
}

fn shorten_front(text: &str) -> String {
    match text.char_indices().rev().nth(CONTEXT) {
        Some((at, _)) => format!("…{}", &text[at..]),
        None => text.to_owned(),
    }
}

fn shorten_back(text: &str) -> String {
    match text.char_indices().nth(CONTEXT) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

impl fmt::Display for Snippet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.position.line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {}", crate::printable_line(&self.line))?;
        write!(f, "{margin} | {}^", self.indent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_the_character_whatever_comes_before_it() {
        let text = "CREATE TABLE a (\n\té 漢 TYPO,\n  b int\n);\n";
        let snippet = Snippet::new(text, text.find("TYPO").unwrap());
        assert_eq!(snippet.position(), Position { line: 2, column: 6 });
        insta::assert_snapshot!(snippet, @"
          |
        2 | 	é 漢 TYPO,
          | 	    ^
        ");
    }

    #[test]
    fn what_a_terminal_would_obey_is_as_wide_as_its_picture() {
        let text = "SELECT '\x1b[2J\u{202e}', TYPO;";
        insta::assert_snapshot!(Snippet::new(text, text.find("TYPO").unwrap()), @"
          |
        1 | SELECT '␛[2J�', TYPO;
          |                 ^
        ");
    }

    #[test]
    fn a_long_line_is_cut_around_the_caret() {
        let text = format!("{}X{}", "a".repeat(500), "b".repeat(500));
        let shown = Snippet::new(&text, 500).to_string();
        assert!(shown.lines().all(|line| line.chars().count() < 2 * CONTEXT + 10), "{shown}");
        assert!(shown.contains("aXb"));
    }

    #[test]
    fn an_offset_past_the_end_or_within_a_character_is_no_panic() {
        for offset in 0..12 {
            let _ = Snippet::new("é\nü", offset).to_string();
        }
        assert_eq!(Position::of("a\nb\n", 99), Position { line: 3, column: 1 });
    }
}
