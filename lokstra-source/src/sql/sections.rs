//! Lines with which other tools divide one file into its two directions.

use squawk_lexer::{TokenKind, tokenize};

/// A line with which another tool divides a file into what goes up and what goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionMark {
    /// The tool that writes such lines.
    pub tool: &'static str,
    /// Whether what follows is the way down.
    pub is_down: bool,
    /// Where the line begins, in bytes.
    pub offset: usize,
}

/// Each tool, and how its lines begin: without the dashes, in lower case, with single spaces.
const MARKS: [(&str, &str, &str); 10] = [
    ("dbmate", "migrate:up", "migrate:down"),
    ("goose", "+goose up", "+goose down"),
    ("sql-migrate", "+migrate up", "+migrate down"),
    ("micrate", "+micrate up", "+micrate down"),
    ("rambler", "rambler up", "rambler down"),
    ("node-pg-migrate", "up migration", "down migration"),
    ("Play", "!ups", "!downs"),
    ("shmig", "==== up ====", "==== down ===="),
    ("MyBatis Migrations", "//@do", "//@undo"),
    ("MyBatis Migrations", "@do", "@undo"),
];

/// tern's only line stands between the two.
const TERN: &str = "create above / drop below";

/// Finds the lines with which other tools (goose, dbmate, sql-migrate and others) divide a file into
/// its two directions, in the order of the text.
pub fn section_marks(text: &str) -> Vec<SectionMark> {
    let mut marks: Vec<SectionMark> =
        text.match_indices("--").filter_map(|(at, _)| mark(text, at)).collect();
    if !marks.is_empty() {
        // In a quoted text, or in a comment of several lines, it is none.
        let comments = comments(text);
        marks.retain(|mark| comments.contains(&mark.offset));
    }
    // node-pg-migrate's words may be anybody's, but both of them in one file are not.
    let is_pair = marks.iter().any(|mark| mark.tool == "node-pg-migrate" && !mark.is_down);
    marks.retain(|mark| is_pair || mark.tool != "node-pg-migrate");
    marks
}

/// The mark that begins with these dashes.
fn mark(text: &str, at: usize) -> Option<SectionMark> {
    let before = text[..at].rsplit('\n').next().unwrap_or_default();
    if !before.trim().is_empty() {
        return None;
    }
    let line = text[at..].lines().next().unwrap_or_default().trim_start_matches('-');
    // What a mark can begin with: nearly all comments end here.
    let line = line.trim_start();
    if !line
        .starts_with(['m', 'M', '+', 'r', 'R', 'u', 'U', 'd', 'D', '!', '=', '/', '@', 'c', 'C'])
    {
        return None;
    }
    let words: Vec<_> = line.split_ascii_whitespace().take(8).collect();
    let line = words.join(" ").to_ascii_lowercase();
    let found = |tool, is_down| Some(SectionMark { tool, is_down, offset: at });
    if line.trim_end_matches(['-', ' ']) == TERN {
        return found("tern", true);
    }
    let line = line.replace("// @", "//@");
    let is = |mark: &str| {
        let rest = line.strip_prefix(mark);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '.']))
    };
    MARKS.iter().find_map(|(tool, up, down)| match () {
        () if is(down) => found(tool, true),
        () if is(up) => found(tool, false),
        () => None,
    })
}

/// Where the comments to the end of the line begin.
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
        let both = "-- Up Migration\nSELECT 1;\n-- Down Migration\n";
        assert_eq!(found(both), [("node-pg-migrate", false, 0), ("node-pg-migrate", true, 26)]);
    }

    #[test]
    fn other_comments_are_no_marks() {
        for text in [
            "-- Down migration: drops the table\nSELECT 1;",
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
