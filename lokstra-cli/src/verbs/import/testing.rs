//! The conversion of a folder as text, for tests.

use std::fmt::Write;

use super::convert::{check, convert};
use super::source::Row;
use super::tools::SourceTool;
use crate::verbs::import::source::Source;

/// The converted files with their texts, and the remarks.
pub(crate) fn converted_text(tool: SourceTool, files: &[(&str, &str)]) -> String {
    let found = tool.read(&Source::of(files));
    let mut text = String::new();
    for remark in &found.obstacles {
        writeln!(text, "obstacle: {remark}").unwrap();
    }
    for remark in &found.remarks {
        writeln!(text, "remark: {remark}").unwrap();
    }
    let mut converted = convert(tool, &found.migrations);
    if !converted.is_empty()
        && let Err(problems) = check("migrations", None, &mut converted)
    {
        writeln!(text, "{problems}").unwrap();
    }
    for written in converted.iter().flat_map(|one| [&one.up, &one.down]) {
        let changes: Vec<_> = written.changes.iter().map(|change| change.as_str()).collect();
        let changes = changes.join(", ");
        let from = written.from.as_deref().unwrap_or("nothing");
        writeln!(text, "== {} <- {from} [{changes}]", written.name).unwrap();
        // The text of generated down scripts is the same everywhere.
        if written.from.is_some() {
            write!(text, "{}", written.text).unwrap();
        }
    }
    text
}

/// The obstacles and the remarks.
pub(crate) fn remarks(tool: SourceTool, files: &[(&str, &str)]) -> String {
    let found = tool.read(&Source::of(files));
    let obstacles = found.obstacles.iter().map(|remark| format!("obstacle: {remark}"));
    let remarks = found.remarks.iter().map(|remark| format!("remark: {remark}"));
    obstacles.chain(remarks).collect::<Vec<_>>().join("\n")
}

/// The names of the converted up files.
pub(crate) fn names(tool: SourceTool, files: &[(&str, &str)]) -> Vec<String> {
    let found = tool.read(&Source::of(files));
    convert(tool, &found.migrations).into_iter().map(|one| one.up.name).collect()
}

/// The applied and the failed migrations of these rows.
pub(crate) fn settled(tool: SourceTool, files: &[(&str, &str)], rows: &[Row]) -> String {
    let found = tool.read(&Source::of(files));
    let history = tool.history(rows.to_vec(), &found.migrations);
    let applied: Vec<_> = history.applied.iter().map(|row| row.id.as_str()).collect();
    [vec![applied.join(" ")], history.failed].concat().join("\n")
}

/// A row with its success.
pub(crate) fn row(id: &str, success: bool, kind: &str) -> Row {
    let success = Some(if success { "t" } else { "f" }.to_owned());
    Row { success, kind: Some(kind.to_owned()), ..Row::of(id) }
}
