//! Section marks: lines with which other tools divide one file into up and down.

use squawk_lexer::{TokenKind, tokenize};

use super::undoing::undoes_above;

/// A line with which another tool divides a file into up and down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionMark {
    /// The tool that writes such lines.
    pub tool: &'static str,
    /// Whether the down section follows.
    pub is_down: bool,
    /// The byte offset of the line.
    pub offset: usize,
}

/// The name for several tools that share these words.
const ANY: &str = "another tool";

/// Each tool and its lines, without the dashes, in lower case, with single spaces.
const MARKS: [(&str, &str, &str); 10] = [
    ("dbmate", "migrate:up", "migrate:down"),
    ("goose", "+goose up", "+goose down"),
    ("sql-migrate", "+migrate up", "+migrate down"),
    ("micrate", "+micrate up", "+micrate down"),
    ("rambler", "rambler up", "rambler down"),
    ("Play", "!ups", "!downs"),
    ("shmig", "==== up ====", "==== down ===="),
    ("MyBatis Migrations", "//@do", "//@undo"),
    ("MyBatis Migrations", "@do", "@undo"),
    (ANY, "migrate: up", "migrate: down"),
];

/// Words that other comments have too: they are a mark only if what follows undoes what is above.
const WORDS: [(&str, &str, &str); 3] = [
    ("node-pg-migrate", "up migration", "down migration"),
    (ANY, "up", "down"),
    (ANY, "do", "undo"),
];

/// The only line of tern, between the two sections.
const TERN: &str = "create above / drop below";

/// Finds the lines with which other tools (goose, dbmate, sql-migrate and others) divide a file into up
/// and down, in the order of the text.
pub fn section_marks(text: &str) -> Vec<SectionMark> {
    let mut marks: Vec<(SectionMark, bool)> =
        text.match_indices("--").filter_map(|(at, _)| mark(text, at)).collect();
    if marks.is_empty() {
        return Vec::new();
    }
    // In a quoted text, or in a comment of several lines, it is no mark.
    let comments = comments(text);
    marks.retain(|(mark, _)| comments.binary_search(&mark.offset).is_ok());
    let is_divided = marks
        .iter()
        .any(|(mark, is_plain)| *is_plain && mark.is_down && undoes_above(text, mark.offset));
    let marks = marks.into_iter().filter(|(_, is_plain)| is_divided || !is_plain);
    marks.map(|(mark, _)| mark).collect()
}

/// The mark that begins with these dashes, and whether other comments have its words too.
fn mark(text: &str, at: usize) -> Option<(SectionMark, bool)> {
    let before = text[..at].trim_end_matches([' ', '\t', '#', '\u{feff}']);
    if !(before.is_empty() || before.ends_with(['\n', '\r'])) {
        return None;
    }
    let line = text[at..].lines().next().unwrap_or_default().trim_start_matches('-').trim();
    let plain = line.trim_matches(|c: char| c.is_ascii_punctuation() || c.is_whitespace());
    // A quick test that excludes nearly all comments.
    if !plain.starts_with(['m', 'M', 'g', 'G', 'r', 'R', 'u', 'U', 'd', 'D', 'c', 'C']) {
        return None;
    }
    let normal = |line: &str| {
        let words: Vec<_> = line.split_ascii_whitespace().take(8).collect();
        words.join(" ").to_ascii_lowercase()
    };
    let (line, plain) = (normal(line), normal(plain));
    let found = |tool, is_down| SectionMark { tool, is_down, offset: at };
    if plain == TERN {
        return Some((found("tern", true), false));
    }
    let line = line.replace("// @", "//@");
    let known = MARKS.iter().find_map(|(tool, up, down)| match () {
        () if is_line(&line, down) => Some(found(tool, true)),
        () if is_line(&line, up) => Some(found(tool, false)),
        () => None,
    });
    let words = WORDS.iter().find_map(|(tool, up, down)| match () {
        () if plain == *down => Some(found(tool, true)),
        () if plain == *up => Some(found(tool, false)),
        () => None,
    });
    known.map(|mark| (mark, false)).or(words.map(|mark| (mark, true)))
}

/// Whether the line has only the mark and its options, and no prose.
fn is_line(line: &str, mark: &str) -> bool {
    let is_option = |word: &str| {
        let pair = word.split_once(':');
        word == "notransaction"
            || pair.is_some_and(|(key, value)| !key.is_empty() && !value.is_empty())
    };
    line.strip_prefix(mark).is_some_and(|rest| {
        rest.is_empty() || rest.starts_with(' ') && rest.split_ascii_whitespace().all(is_option)
    })
}

/// The offsets of the line comments.
fn comments(text: &str) -> Vec<usize> {
    let mut end = 0;
    let starts = tokenize(text).filter_map(|token| {
        let start = end;
        end += token.len as usize;
        (token.kind == TokenKind::LineComment).then_some(start)
    });
    starts.collect()
}

#[cfg(test)]
mod tests {
    use super::section_marks;

    fn found(text: &str) -> Vec<(&'static str, bool, usize)> {
        section_marks(text).iter().map(|mark| (mark.tool, mark.is_down, mark.offset)).collect()
    }

    #[test]
    fn the_lines_of_each_tool_are_known() {
        for (text, tool) in [
            ("SELECT 1;\n-- migrate:down\n", "dbmate"),
            ("SELECT 1;\n--migrate:down transaction:false\n", "dbmate"),
            ("SELECT 1;\n-- +goose Down\n", "goose"),
            ("SELECT 1;\n  --  +goose DOWN\n", "goose"),
            ("SELECT 1;\n-- +migrate Down notransaction\n", "sql-migrate"),
            ("SELECT 1;\n-- migrate: down\n", "another tool"),
            ("SELECT 1;\n-- +micrate Down\n", "micrate"),
            ("SELECT 1;\n-- rambler down\n", "rambler"),
            ("SELECT 1;\n--//@UNDO\n", "MyBatis Migrations"),
            ("SELECT 1;\n-- //@UNDO\n-- SQL to undo the change goes here.\n", "MyBatis Migrations"),
            ("SELECT 1;\n-- // @UNDO\n", "MyBatis Migrations"),
            ("SELECT 1;\n-- @UNDO\n", "MyBatis Migrations"),
            ("SELECT 1;\n-- !Downs\n", "Play"),
            ("SELECT 1;\n--- !Downs\n", "Play"),
            ("SELECT 1;\n-- ==== DOWN ====\n", "shmig"),
            ("SELECT 1;\n---- create above / drop below ----\n", "tern"),
        ] {
            let marks = section_marks(text);
            assert_eq!(marks.len(), 1, "{text}");
            assert_eq!((marks[0].tool, marks[0].is_down), (tool, true), "{text}");
        }
    }

    #[test]
    fn words_of_any_tool_divide_what_takes_itself_back() {
        for (up, down, tool) in [
            ("-- Up Migration", "-- Down Migration", "node-pg-migrate"),
            ("-- up", "-- down", "another tool"),
            ("--UP", "-- DOWN:", "another tool"),
            ("------- UP -------", "------- DOWN -------", "another tool"),
            ("-- ===  UP  ===", "-- ===== DOWN =====", "another tool"),
            ("-- {{ up }}", "-- {{ down }}", "another tool"),
            ("-- #UP", "-- #DOWN", "another tool"),
            ("-- Do", "-- Undo", "another tool"),
        ] {
            let text = format!("{up}\nCREATE TABLE a (b int);\n{down}\nDROP TABLE a;\n");
            let at = text.find(down).unwrap();
            assert_eq!(found(&text), [(tool, false, 0), (tool, true, at)], "{text}");
            let without = text.replacen(up, "-- A table.", 1);
            assert_eq!(found(&without), [(tool, true, without.find(down).unwrap())], "{text}");
            let other = text.replace("DROP TABLE a", "CREATE TABLE downs (b int)");
            assert_eq!(found(&other), [], "{other}");
        }
    }

    #[test]
    fn prose_that_begins_like_a_mark_is_none() {
        for line in [
            "-- migrate:down is in the other file",
            "-- migrate:down: see the other file",
            "-- migrate:down below",
            "-- +goose Down is not needed here",
            "-- +migrate Down of this drops it",
            "-- rambler down was here",
            "-- down the road",
            "-- Down migration: drops the table",
            "-- down migration is in the other file",
            "-- undo what the trigger did",
            "-- @undo comes later",
            "-- create above / drop below is what tern has",
        ] {
            let text = format!("CREATE TABLE a (b int);\n{line}\nDROP TABLE a;\n");
            assert_eq!(found(&text), [], "{text}");
        }
    }

    #[test]
    fn other_comments_are_no_marks() {
        for text in [
            "-- migrate:downs\n",
            "-- goose down\n",
            "SELECT '\n-- migrate:down\n';",
            "/*\n-- +goose Down\n*/",
            "SELECT 1; -- +goose Down",
            "DO $$\n-- migrate:down\nBEGIN END $$;",
            "-- undo\n-- down\n-- rollback\n",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
