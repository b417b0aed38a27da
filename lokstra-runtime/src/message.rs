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

/// Each mark has the server copy the message once, in bytes over all of them.
const MOST_COPIED: usize = 64 << 20;

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

    /// Adds a whole script, with a mark before each statement. What follows
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
/// A prepared statement survives the rollback, so its name says how far the script came. Its text
/// could not: that is the whole message. It costs nothing on the way back and a few microseconds a
/// statement on the server.
///
/// PostgreSQL documentation: *PREPARE*, *54.15. `pg_prepared_statements`*.
#[derive(Debug)]
pub(crate) struct Mark {
    prefix: String,
    is_set: bool,
}

impl Mark {
    /// For a script in a message with about so many bytes beside it.
    pub(crate) fn new(script: Script<'_>, beside: usize) -> Mark {
        let statements = script.statement_ranges().len();
        // A script that drops all prepared statements would drop the marks.
        let drops = ["deallocate", "discard"].iter().any(|word| contains(script.text(), word));
        let is_small = statements * (script.text().len() + beside) <= MOST_COPIED;
        Mark {
            prefix: format!("lokstra_{:016x}_", crate::retry::entropy()),
            is_set: (1..=MOST_MARKS).contains(&statements) && is_small && !drops,
        }
    }

    pub(crate) fn is_set(&self) -> bool {
        self.is_set
    }

    fn set(&self, nth: usize) -> String {
        let before = nth.checked_sub(1).map(|before| self.clear_one(before)).unwrap_or_default();
        format!("{before}PREPARE {}{nth} AS SELECT 0;", self.prefix)
    }

    /// To stand where the deferred constraints of a script have been checked.
    pub(crate) fn set_checked(&self, script: Script<'_>) -> String {
        if self.is_set { self.set(script.statement_ranges().len() + 1) } else { String::new() }
    }

    pub(crate) fn clear_one(&self, nth: usize) -> String {
        format!("DEALLOCATE {}{nth};", self.prefix)
    }

    /// To be sent after a script that went well.
    pub(crate) fn clear(&self, script: Script<'_>) -> String {
        if self.is_set {
            self.clear_one(script.statement_ranges().len() + 1)
        } else {
            String::new()
        }
    }

    /// To be sent after ROLLBACK.
    pub(crate) fn read(&self) -> String {
        if !self.is_set {
            return String::new();
        }
        format!(
            "SELECT p.name FROM pg_catalog.pg_prepared_statements p \
             WHERE pg_catalog.starts_with(p.name, '{}');",
            self.prefix
        )
    }

    /// The statement, from 0, from the answer to [`Mark::read`].
    pub(crate) fn parse(&self, name: &str) -> Option<usize> {
        name.strip_prefix(&self.prefix)?.parse().ok()
    }
}

pub(crate) fn contains(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}
