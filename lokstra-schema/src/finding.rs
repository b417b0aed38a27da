//! What the server would refuse: where, why, and what makes it right.

use std::ops::Range;

/// How certain the consequence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The server refuses the statement.
    Error,
    /// The server accepts it, and the outcome is not what the script says.
    Warning,
}

/// A statement that the server would refuse, or that does not do what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which of the scripts, from 0.
    pub script: usize,
    /// The bytes of the script that it is about.
    pub range: Range<usize>,
    /// Its name, as a suppression has it: `undefined-column`.
    pub code: &'static str,
    /// What the server would answer; empty for a warning.
    pub sqlstate: &'static str,
    /// As the server words it.
    pub message: String,
    /// The other side: where an object was made, dropped or renamed.
    pub notes: Vec<String>,
    /// What makes it right.
    pub help: Option<String>,
    /// Whether the server refuses it.
    pub level: Level,
}

/// The names of all findings.
pub const CODES: [&str; 26] = [
    "ambiguous-function",
    "deferrable-key",
    "dependent-objects",
    "different-table",
    "duplicate-column",
    "duplicate-function",
    "duplicate-object",
    "duplicate-schema",
    "duplicate-table",
    "incompatible-key-types",
    "invalid-foreign-key",
    "invalid-function",
    "invalid-table-definition",
    "invalid-value",
    "no-unique-constraint",
    "not-null-violation",
    "type-mismatch",
    "undefined-column",
    "undefined-function",
    "undefined-label",
    "undefined-object",
    "undefined-operator",
    "undefined-schema",
    "undefined-table",
    "up-fails-again",
    "wrong-object-type",
];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::CODES;

    fn texts(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                texts(&path, found);
            } else {
                found.push(fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn every_name_of_a_finding_is_in_the_list() {
        let mut found = Vec::new();
        texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        let is_sqlstate = |text: &str| {
            text.len() == 5 && text.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
        };
        for text in found {
            let parts: Vec<&str> = text.split('"').collect();
            for some in parts.windows(3).filter(|it| it[1].trim() == "," && is_sqlstate(it[2])) {
                // What DROP calls an object stands beside its code too.
                assert!(CODES.contains(&some[0]) || some[0] == "relation", "{}", some[0]);
            }
        }
        assert!(CODES.is_sorted());
    }
}
