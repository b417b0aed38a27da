//! Directives: comments at the top of a script that say how it is checked and run.

/// The first line of a script that must not run in a transaction; blank lines may precede it.
pub(crate) const NO_TRANSACTION: &str = "-- lokstra: no-transaction";

/// The first line of a script that PostgreSQL accepts and lokstra's grammar rejects.
pub(crate) const NO_SYNTAX_CHECK: &str = "-- lokstra: no-syntax-check";

/// A comment that names what is there before the first script.
pub(crate) const EXISTING: &str = "-- lokstra: existing ";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Directives {
    pub(crate) no_transaction: bool,
    pub(crate) no_syntax_check: bool,
    /// The offset of a comment that resembles a directive and is not one, or is not at the top.
    pub(crate) misspelt: Option<usize>,
}

pub(crate) fn directives(text: &str) -> Directives {
    let mut directives = Directives::default();
    let mut offset = 0;
    let mut is_top = true;
    for line in text.split_inclusive('\n') {
        let start = offset + line.len() - line.trim_start().len();
        offset += line.len();
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        match line {
            NO_TRANSACTION if is_top => directives.no_transaction = true,
            NO_SYNTAX_CHECK if is_top => directives.no_syntax_check = true,
            _ => {
                is_top = false;
                let comment = line.strip_prefix("--").or_else(|| line.strip_prefix("/*"));
                let Some(comment) = comment else { break };
                let is_existing = line.starts_with(EXISTING);
                if resembles(comment) && !is_existing && !resembles_suppression(comment) {
                    directives.misspelt = Some(start);
                    break;
                }
            }
        }
    }
    directives
}

/// Whether a comment resembles a directive: `--lokstra:no-transaction`, `-- no transaction`, `-- Lokstra:
/// anything`.
fn resembles(comment: &str) -> bool {
    let word: String = comment.chars().filter(char::is_ascii_alphanumeric).collect();
    let word = word.to_ascii_lowercase();
    let comment = comment.trim_start_matches(['-', ' ', '\t']).to_ascii_lowercase();
    let is_addressed =
        comment.strip_prefix("lokstra").is_some_and(|rest| rest.trim_start().starts_with(':'));
    is_addressed || matches!(word.as_str(), "notransaction" | "lokstranotransaction" | "notx")
}

/// Whether a comment, without its `--`, resembles a suppression.
pub(crate) fn resembles_suppression(comment: &str) -> bool {
    let comment = comment.trim_start_matches(['-', ' ', '\t', '*']).to_ascii_lowercase();
    let addressed = comment.strip_prefix("lokstra").map(str::trim_start);
    let text = addressed.and_then(|rest| rest.strip_prefix(':')).map(str::trim_start);
    text.is_some_and(|text| text.starts_with("allow"))
}

#[cfg(test)]
mod tests {
    use super::{Directives, directives};

    fn misspelt(text: &str) -> Option<usize> {
        directives(text).misspelt
    }

    #[test]
    fn the_first_line_that_is_not_blank_is_the_directive() {
        for text in ["-- lokstra: no-transaction", "\n \n-- lokstra: no-transaction  \nVACUUM;"] {
            let found = Directives { no_transaction: true, ..Directives::default() };
            assert_eq!(directives(text), found, "{text:?}");
        }
    }

    #[test]
    fn two_directives_stand_below_each_other() {
        let both = directives("-- lokstra: no-syntax-check\n-- lokstra: no-transaction\nVACUUM;");
        assert!(both.no_syntax_check && both.no_transaction && both.misspelt.is_none());
    }

    #[test]
    fn what_resembles_a_directive_never_passes_silently() {
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
            ("-- lokstra: allow(truncate): x\n-- lokstra: no-transaction\n", 31),
            ("-- Migration: x\n-- lokstra: no-syntax-check\n", 16),
        ] {
            assert_eq!(misspelt(text), Some(at), "{text:?}");
        }
    }

    #[test]
    fn other_comments_are_comments() {
        for text in [
            "",
            "SELECT 1; -- lokstra: no-transaction",
            "-- Migration: lokstra tables\nSELECT 1;",
            "-- there is no transaction here\nSELECT 1;",
            "-- lokstra: allow(drop-table): never used\nDROP TABLE a;",
        ] {
            assert_eq!(directives(text), Directives::default(), "{text:?}");
        }
    }
}
