//! How far a script came, when the server gives no position.

use lokstra_core::Script;
use lokstra_core::text::scan::contains;

/// With more statements than this, no marker before each: they would outweigh the script.
const MAX_MARKERS: usize = 1_000;

/// Each marker has the server copy the message once, in bytes over all of them.
const MAX_COPIED: usize = 64 << 20;

/// Marks the statements of a script.
///
/// A prepared statement survives the rollback, so its name says how far the script came. Its text
/// could not: that is the whole message. It costs nothing on the way back and a few microseconds a
/// statement on the server.
///
/// PostgreSQL documentation: *PREPARE*, *54.15. `pg_prepared_statements`*.
#[derive(Debug)]
pub(crate) struct Marker {
    prefix: String,
    /// Before how many statements, from the first one on. With one alone, whether the script began
    /// is known, and not which statement was reached.
    before: usize,
    statements: usize,
}

fn unique() -> String {
    format!("lokstra_{:016x}_", lokstra_connect::backoff::entropy())
}

/// What had begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReachedPart {
    /// The script: this statement of it, from 0, where that is known.
    Statement(Option<usize>),
    /// What is checked at the end of the transaction.
    End,
    /// The record.
    Record,
}

impl Marker {
    /// For a script in a message with about so many bytes beside it.
    pub(crate) fn new(script: Script<'_>, beside: usize) -> Marker {
        let statements = script.statement_ranges().len();
        // A script that drops all prepared statements would drop the markers.
        let drops = ["deallocate", "discard"].iter().any(|word| contains(script.text(), word));
        let copied = statements * (script.text().len() + beside);
        let before = match statements {
            _ if drops => 0,
            0..=MAX_MARKERS if copied <= MAX_COPIED => statements,
            _ => 1,
        };
        Marker { prefix: unique(), before, statements }
    }

    /// For a script whose failure is looked into elsewhere.
    pub(crate) fn none() -> Marker {
        Marker { prefix: unique(), before: 0, statements: 0 }
    }

    /// What no other run has.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(crate) fn is_set(&self) -> bool {
        self.before > 0
    }

    /// To stand before each of the first statements.
    pub(crate) fn before_statements(&self) -> impl Iterator<Item = String> {
        (0..self.before).map(|nth| self.set(nth))
    }

    /// To stand behind the script.
    pub(crate) fn set_end(&self) -> String {
        if self.is_set() { self.set(self.before) } else { String::new() }
    }

    /// To stand where the deferred constraints of a script have been checked.
    pub(crate) fn set_checked(&self) -> String {
        if self.is_set() { self.set(self.before + 1) } else { String::new() }
    }

    fn set(&self, nth: usize) -> String {
        let before = nth.checked_sub(1).map(|before| self.clear_one(before)).unwrap_or_default();
        format!("{before}PREPARE {}{nth} AS SELECT 0;", self.prefix)
    }

    pub(crate) fn clear_one(&self, nth: usize) -> String {
        format!("DEALLOCATE {}{nth};", self.prefix)
    }

    /// To be sent after a script that went well.
    pub(crate) fn clear(&self) -> String {
        if self.is_set() { self.clear_one(self.before + 1) } else { String::new() }
    }

    /// To be sent after ROLLBACK.
    pub(crate) fn read(&self) -> String {
        if !self.is_set() {
            return String::new();
        }
        format!(
            "SELECT p.name FROM pg_catalog.pg_prepared_statements p \
             WHERE pg_catalog.starts_with(p.name, '{}');",
            self.prefix
        )
    }

    /// The number of a marker, from the answer to [`Marker::read`].
    pub(crate) fn parse(&self, name: &str) -> Option<usize> {
        name.strip_prefix(&self.prefix)?.parse().ok()
    }

    /// What the marker of this number stands for.
    pub(crate) fn reached(&self, nth: usize) -> ReachedPart {
        match nth {
            _ if nth < self.before => {
                ReachedPart::Statement(Some(nth).filter(|_| self.before == self.statements))
            }
            _ if nth == self.before => ReachedPart::End,
            _ => ReachedPart::Record,
        }
    }
}
