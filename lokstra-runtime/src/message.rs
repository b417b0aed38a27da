use std::ops::Range;

use lokstra_core::Script;

/// The text of one simple-query message, and which parts of it come from a script: the server
/// counts error positions over the whole message.
#[derive(Debug, Default)]
pub(crate) struct Message {
    text: String,
    /// Where a piece of the script stands in the message, and where in the script.
    pieces: Vec<(Range<usize>, usize)>,
}

/// With more statements than this, no marks: they would outweigh the script.
const MOST_MARKS: usize = 1_000;

impl Message {
    pub(crate) fn new() -> Message {
        Message::default()
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

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

    /// Adds a whole script, with a mark before each statement where there are several. What follows
    /// stands on a new line, whatever comment the script ends with.
    pub(crate) fn push_marked(&mut self, script: Script<'_>, mark: &Mark) {
        let mut done = 0;
        if mark.is_set {
            for (nth, statement) in script.statement_ranges().enumerate() {
                self.push_script(script, done..statement.start);
                self.text.push_str(&mark.set(nth));
                done = statement.start;
            }
        }
        self.push_script(script, done..script.text().len());
        self.push("\n;");
        if mark.is_set {
            self.push(&mark.set(script.statement_ranges().len()));
        }
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

/// Tells which statement of a script failed when the server gives no position.
///
/// A prepared statement survives the rollback, so its name says how far the script came. It costs
/// nothing on the way back and a few microseconds a statement on the server.
///
/// PostgreSQL documentation: *PREPARE*.
#[derive(Debug)]
pub(crate) struct Mark {
    name: String,
    is_set: bool,
}

impl Mark {
    pub(crate) fn new(script: Script<'_>) -> Mark {
        let statements = script.statement_ranges().len();
        // A script that drops all prepared statements would drop the marks.
        let drops = ["deallocate", "discard"].iter().any(|word| contains(script.text(), word));
        let nonce = crate::retry::entropy();
        Mark {
            name: format!("lokstra_{nonce:016x}"),
            is_set: (2..=MOST_MARKS).contains(&statements) && !drops,
        }
    }

    fn set(&self, nth: usize) -> String {
        match nth {
            0 => format!("PREPARE {} AS SELECT 0;", self.name),
            _ => format!("DEALLOCATE {0};PREPARE {0} AS SELECT {nth};", self.name),
        }
    }

    /// To be sent after a step that went well.
    pub(crate) fn clear(&self) -> String {
        if self.is_set { format!("DEALLOCATE {};", self.name) } else { String::new() }
    }

    /// To be sent together with ROLLBACK: reads the mark and clears it.
    pub(crate) fn read(&self) -> String {
        if !self.is_set {
            return String::new();
        }
        format!(
            "SELECT p.statement FROM pg_catalog.pg_prepared_statements p \
             WHERE p.name OPERATOR(pg_catalog.=) '{0}';DEALLOCATE {0};",
            self.name
        )
    }

    /// The statement, from 0, from the answer to [`Mark::read`].
    pub(crate) fn parse(answer: &str) -> Option<usize> {
        answer.trim_end_matches(';').rsplit(' ').next()?.parse().ok()
    }
}

fn contains(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}
