//! The NOTICE by which the server says that one of several migrations in a message is done.

use lokstra_connect::backoff::entropy;
use lokstra_core::text::contains;

/// What no text can quote by accident: the message that is sent does not hold it, the server computes
/// it, and a notice counts only where the server's own reader of text-search queries has raised it. A
/// notice that shows the message (`auto_explain`, `pgaudit`, the statement log) has another origin.
#[derive(Debug)]
pub(crate) struct Sentinel {
    /// As the message has it: zeros and ones.
    written: String,
    /// As the server quotes it: blanks and tabs, so that the query has no word.
    quoted: String,
}

impl Sentinel {
    pub(crate) fn new() -> Sentinel {
        Sentinel::of(entropy())
    }

    fn of(number: u64) -> Sentinel {
        let is_set = |bit: u32| number >> bit & 1 == 1;
        let text = |zero: char, one: char| {
            (0..u64::BITS).map(|bit| if is_set(bit) { one } else { zero }).collect()
        };
        Sentinel { written: text('0', '1'), quoted: text(' ', '\t') }
    }

    /// Has the server raise it. A text-search query without a word is the one thing of which the server
    /// sends a NOTICE, at once, that takes no right, no language and no lock, fires no event trigger and
    /// leaves its log alone. By the type's own function, since a cast of text could be user-defined.
    pub(crate) fn sql(&self) -> String {
        format!(
            "SELECT pg_catalog.tsqueryin(pg_catalog.textout(\
             pg_catalog.translate('{}', '01', E' \\t')));",
            self.written
        )
    }

    /// Whether a notice that may be one is this one.
    pub(crate) fn is_in(&self, message: &str) -> bool {
        contains(message, &self.quoted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_that_is_sent_does_not_contain_the_sentinel() {
        for number in [0, 1, u64::MAX, entropy()] {
            let sentinel = Sentinel::of(number);
            assert!(!sentinel.is_in(&sentinel.sql()), "{number}");
            assert!(sentinel.is_in(&format!("has no lexemes: \"{}\"", sentinel.quoted)));
        }
    }
}
