//! The comment that says how a script runs.

/// The first line that is not blank, for a script that must not run in a transaction.
pub(crate) const NO_TRANSACTION: &str = "-- lokstra: no-transaction";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    None,
    NoTransaction,
    /// A comment at this offset reads like a marker and is not one, or not the first line.
    Misspelt(usize),
}

pub(crate) fn marker(text: &str) -> Marker {
    let mut offset = 0;
    let mut is_first = true;
    for line in text.split_inclusive('\n') {
        let (start, line) = (offset + line.len() - line.trim_start().len(), line.trim());
        offset += text[offset..].find('\n').map_or(text.len() - offset, |end| end + 1);
        if line.is_empty() {
            continue;
        }
        if is_first && line == NO_TRANSACTION {
            return Marker::NoTransaction;
        }
        let Some(comment) = line.strip_prefix("--").or_else(|| line.strip_prefix("/*")) else {
            return Marker::None;
        };
        if resembles(comment) {
            return Marker::Misspelt(start);
        }
        is_first = false;
    }
    Marker::None
}

/// `--lokstra:no-transaction`, `-- no transaction`, `-- Lokstra: anything`.
fn resembles(comment: &str) -> bool {
    let word: String = comment.chars().filter(char::is_ascii_alphanumeric).collect();
    let word = word.to_ascii_lowercase();
    let comment = comment.trim_start_matches(['-', ' ', '\t']).to_ascii_lowercase();
    let addresses_us =
        comment.strip_prefix("lokstra").is_some_and(|rest| rest.trim_start().starts_with(':'));
    addresses_us || matches!(word.as_str(), "notransaction" | "lokstranotransaction" | "notx")
}

#[cfg(test)]
mod tests {
    use super::{Marker, marker};

    #[test]
    fn the_first_line_that_is_not_blank_is_the_marker() {
        for text in ["-- lokstra: no-transaction", "\n \n-- lokstra: no-transaction  \nVACUUM;"] {
            assert_eq!(marker(text), Marker::NoTransaction, "{text:?}");
        }
    }

    #[test]
    fn what_resembles_the_marker_never_passes_silently() {
        for (text, at) in [
            ("--lokstra: no-transaction\n", 0),
            ("-- lokstra:no-transaction\n", 0),
            ("-- Lokstra: No-Transaction\n", 0),
            ("-- lokstra: no_transaction\n", 0),
            ("-- lokstra: notransactions\n", 0),
            ("-- no-transaction\n", 0),
            ("-- no transaction\n", 0),
            ("/* lokstra: no-transaction */\n", 0),
            ("-- Migration: x\n  -- lokstra: no-transaction\nVACUUM;", 18),
        ] {
            assert_eq!(marker(text), Marker::Misspelt(at), "{text:?}");
        }
    }

    #[test]
    fn other_comments_are_comments() {
        for text in [
            "",
            "SELECT 1; -- lokstra: no-transaction",
            "-- Migration: lokstra tables\nSELECT 1;",
            "-- there is no transaction here\nSELECT 1;",
        ] {
            assert_eq!(marker(text), Marker::None, "{text:?}");
        }
    }
}
