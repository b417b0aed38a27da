//! The message that a step sends, and where in it the script stands.

use std::ops::Range;

use lokstra_core::Script;

use crate::sql::marker::Marker;

/// The text of one simple-query message, and which parts of it come from a script: the server
/// counts error positions over the whole message.
#[derive(Debug, Default)]
pub(crate) struct Message {
    text: String,
    /// Where a piece of the script stands in the message, and where in the script.
    pieces: Vec<(Range<usize>, usize)>,
}

impl Message {
    pub(crate) fn new() -> Message {
        Message::default()
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    #[inline(never)]
    pub(crate) fn push(&mut self, sql: &str) {
        self.text.push_str(sql);
        self.text.push('\n');
    }

    /// Adds a part of a script, as it stands.
    pub(crate) fn push_script(&mut self, script: Script<'_>, range: Range<usize>) {
        let start = self.text.len();
        self.text.push_str(&script.text()[range.clone()]);
        self.pieces.push((start..self.text.len(), range.start));
    }

    /// Adds a whole script, with a marker before each statement. What follows
    /// stands on a new line, whatever comment the script ends with.
    pub(crate) fn push_with_markers(&mut self, script: Script<'_>, marker: &Marker) {
        let mut done = 0;
        for (statement, marker) in script.statement_ranges().zip(marker.before_statements()) {
            self.push_script(script, done..statement.start);
            self.text.push_str(&marker);
            done = statement.start;
        }
        self.push_script(script, done..script.text().len());
        self.push("\n;");
        self.push(&marker.set_end());
    }

    /// The byte offset in the script for a position of the server's: from 1, in characters, or in
    /// bytes in a database of encoding `SQL_ASCII`. `None` where it is in our own text.
    pub(crate) fn script_offset(&self, position: u32, in_bytes: bool) -> Option<usize> {
        let nth = usize::try_from(position).ok()?.checked_sub(1)?;
        let offset = if in_bytes {
            nth
        } else {
            self.text.char_indices().nth(nth).map_or(self.text.len(), |(at, _)| at)
        };
        let (piece, start) = self.pieces.iter().find(|(piece, _)| {
            // An error at the very end of a script stands just behind its last piece.
            piece.contains(&offset) || piece.end == offset
        })?;
        Some(start + (offset - piece.start))
    }
}
