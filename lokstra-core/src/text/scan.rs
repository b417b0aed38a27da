//! The words of SQL, as far as lokstra reads them.

use crate::text::find;
use crate::text::replace;

/// Returns whether the text has this word of lower-case letters, in any case.
pub fn contains(text: &str, word: &str) -> bool {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    // Most places are ruled out by one byte.
    let may_begin = |window: &[u8]| window[0].to_ascii_lowercase() == word[0];
    text.windows(word.len()).any(|at| may_begin(at) && at.eq_ignore_ascii_case(word))
}

/// `DO` or `CALL`: what it committed before it failed stays.
pub fn is_routine(statement: &str) -> bool {
    matches!(first_word(statement).as_str(), "do" | "call")
}

pub fn first_word(statement: &str) -> String {
    statement.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase()
}

/// `REINDEX … CONCURRENTLY`, in either place of the word.
pub fn is_reindex(statement: &str) -> bool {
    let mut words = Words(statement);
    words.next().is_some_and(|word| word == "reindex") && words.any(|word| word == "concurrently")
}

/// Returns what a statement may name: its words as the catalog has them.
pub fn names(statement: &str) -> Vec<String> {
    let begins_name = |c: char| c == '"' || is_word(c) && !is_inside(c);
    let is_name = |word: &String| word.starts_with(begins_name);
    Words(statement).filter(is_name).map(|word| unquoted(&word)).collect()
}

/// Returns an identifier as the catalog has it.
pub fn unquoted(name: &str) -> String {
    match name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inside) => replace(inside, "\"\"", "\""),
        None => name.to_owned(),
    }
}

/// What follows a comment that has begun. Comments nest.
fn behind_comment(text: &str) -> &str {
    let (mut depth, mut rest) = (1_usize, text);
    while depth > 0 {
        match (find(rest, "/*"), find(rest, "*/")) {
            (Some(opens), Some(closes)) if opens < closes => {
                (depth, rest) = (depth + 1, &rest[opens + 2..]);
            }
            (_, Some(closes)) => (depth, rest) = (depth - 1, &rest[closes + 2..]),
            (_, None) => return "",
        }
    }
    rest
}

/// What a name or a number without quotes has. To the server, what is not ASCII is a letter.
///
/// PostgreSQL documentation: *4.1.1. Identifiers and Key Words*.
fn is_word(c: char) -> bool {
    !c.is_ascii() || c.is_ascii_alphabetic() || c == '_' || is_inside(c)
}

/// What a name does not begin with.
fn is_inside(c: char) -> bool {
    c.is_ascii_digit() || c == '$'
}

/// White space, as the server has it. `\v` is one from 16 on, and before it an error.
const SPACE: [char; 6] = [' ', '\t', '\n', '\r', '\x0b', '\x0c'];

/// Words in lower case, quoted names as they stand, and signs; without comments.
pub struct Words<'s>(pub &'s str);

impl Iterator for Words<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            self.0 = self.0.trim_start_matches(SPACE);
            if let Some(comment) = self.0.strip_prefix("--") {
                self.0 = comment.trim_start_matches(|c| !matches!(c, '\n' | '\r'));
            } else if let Some(comment) = self.0.strip_prefix("/*") {
                self.0 = behind_comment(comment);
            } else {
                break;
            }
        }
        let first = self.0.chars().next()?;
        let length = if first == '"' {
            let inside = replace(&self.0[1..], "\"\"", "__");
            find(&inside, "\"").map_or(self.0.len(), |end| end + 2)
        } else if is_word(first) {
            self.0.find(|c| !is_word(c)).unwrap_or(self.0.len())
        } else {
            first.len_utf8()
        };
        let (word, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(if first == '"' { word.to_owned() } else { word.to_ascii_lowercase() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_statement_may_name_is_as_the_catalog_has_it() {
        assert_eq!(
            names(
                r#"ALTER TABLE S."T""t" -- not this
                ADD a int DEFAULT 1"#
            ),
            ["alter", "table", "s", r#"T"t"#, "add", "a", "int", "default"]
        );
    }
}
