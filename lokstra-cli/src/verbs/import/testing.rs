//! What becomes of a folder, as text.

use std::fmt::Write;

use super::convert::{convert, judge};
use super::source::Row;
use super::tools::SourceTool;
use crate::verbs::import::source::Source;

/// The files that these make, with their texts, and what is told about them.
pub(crate) fn told(tool: SourceTool, files: &[(&str, &str)]) -> String {
    let found = tool.read(&Source::of(files));
    let mut told = String::new();
    for remark in &found.obstacles {
        writeln!(told, "obstacle: {remark}").unwrap();
    }
    for remark in &found.remarks {
        writeln!(told, "remark: {remark}").unwrap();
    }
    let mut ours = convert(tool, &found.migrations);
    if !ours.is_empty()
        && let Err(problems) = judge("migrations", None, &mut ours)
    {
        writeln!(told, "{problems}").unwrap();
    }
    for written in ours.iter().flat_map(|one| [&one.up, &one.down]) {
        let changes: Vec<_> = written.changes.iter().map(|change| change.as_str()).collect();
        let changes = changes.join(", ");
        let from = written.from.as_deref().unwrap_or("nothing");
        writeln!(told, "== {} <- {from} [{changes}]", written.name).unwrap();
        // Alike everywhere, and shown once.
        if written.from.is_some() {
            write!(told, "{}", written.text).unwrap();
        }
    }
    told
}

/// What is in the way, and what is told.
pub(crate) fn remarks(tool: SourceTool, files: &[(&str, &str)]) -> String {
    let found = tool.read(&Source::of(files));
    let obstacles = found.obstacles.iter().map(|remark| format!("obstacle: {remark}"));
    let remarks = found.remarks.iter().map(|remark| format!("remark: {remark}"));
    obstacles.chain(remarks).collect::<Vec<_>>().join("\n")
}

/// Only the names.
pub(crate) fn names(tool: SourceTool, files: &[(&str, &str)]) -> Vec<String> {
    let found = tool.read(&Source::of(files));
    convert(tool, &found.migrations).into_iter().map(|one| one.up.name).collect()
}

/// What is applied after these rows, and what failed.
pub(crate) fn settled(tool: SourceTool, files: &[(&str, &str)], rows: &[Row]) -> String {
    let found = tool.read(&Source::of(files));
    let history = tool.history(rows.to_vec(), &found.migrations);
    let applied: Vec<_> = history.applied.iter().map(|row| row.id.as_str()).collect();
    [vec![applied.join(" ")], history.failed].concat().join("\n")
}

/// A row with what it says of its success.
pub(crate) fn row(id: &str, success: bool, kind: &str) -> Row {
    let success = Some(if success { "t" } else { "f" }.to_owned());
    Row { success, kind: Some(kind.to_owned()), ..Row::of(id) }
}
