//! What is different between two versions.

use std::path::Path;

use lokstra_core::{Database, Version};
use lokstra_source::schema::{Change, NotFollowed, Sign, diff};
use serde::Serialize;

use super::document::{StatementObject, pretty};
use super::shown::{databases, up_to};
use super::text::not_followed;
use crate::call::CommandContext;
use crate::output::{CommandError, Exit};

/// The differences of one database.
pub(super) struct Difference<'a> {
    database: &'a str,
    from: Option<Version>,
    to: Option<Version>,
    changes: Vec<Change>,
    not_followed: Vec<NotFollowed>,
}

#[derive(Serialize)]
struct DifferenceObject {
    database: String,
    from: Option<String>,
    to: Option<String>,
    changes: Vec<ChangeObject>,
    not_followed: Vec<StatementObject>,
}

#[derive(Serialize)]
struct ChangeObject {
    change: &'static str,
    kind: &'static str,
    name: String,
    table: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

impl<'a> Difference<'a> {
    /// Without a `from`, to an empty schema.
    pub(super) fn new(
        database: Database<'a>,
        from: Option<Version>,
        to: Option<Version>,
    ) -> Difference<'a> {
        let versions = up_to(database, to);
        let count = versions.iter().filter(|it| from.is_some_and(|from| it.0 <= from)).count();
        let after = [count, versions.len()];
        let schemas = lokstra_source::schemas(Path::new(""), database, &versions, &after);
        let (changes, not_followed) = match &schemas[..] {
            [before, after] => {
                let is_new = |it: &&NotFollowed| !before.not_followed.contains(it);
                let later = after.not_followed.iter().filter(is_new).cloned().collect();
                (diff(before, after), later)
            }
            _ => (Vec::new(), Vec::new()),
        };
        let to = versions.last().map(|it| it.0);
        Difference { database: database.name(), from, to, changes, not_followed }
    }

    fn text(&self) -> String {
        let mut lines: Vec<_> = self.changes.iter().map(line).collect();
        lines.extend(self.not_followed.iter().map(not_followed));
        if lines.is_empty() {
            lines.push("No difference".to_owned());
        }
        lines.join("\n")
    }
}

pub(super) fn show(
    context: &CommandContext<'_>,
    found: &[Difference<'_>],
    format: Option<&str>,
) -> Result<Exit, CommandError> {
    let document = || databases(found.iter().map(DifferenceObject::from).collect());
    if format == Some("json") {
        context.console.data(pretty(&document()))?;
        return Ok(Exit::Done);
    }
    let sections = found.iter().map(|it| match found.len() {
        1 => it.text(),
        _ => format!("Database: {}\n{}", it.database, it.text()),
    });
    context.console.output(sections.collect::<Vec<_>>().join("\n\n"))?;
    context.console.document(document)?;
    Ok(Exit::Done)
}

/// `+ table orders`, and below it `  + column id  bigint not null`.
fn line(change: &Change) -> String {
    let Change { sign, kind, name, of, before, after } = change;
    let of = of.as_ref().map(|of| format!(" of {of}")).unwrap_or_default();
    let detail = match (before, after) {
        (Some(before), Some(after)) => format!(": {before} -> {after}"),
        (None, Some(text)) | (Some(text), None) if !of.is_empty() || text != name => {
            let text = text.strip_prefix(kind).unwrap_or(text).trim_start();
            format!(": {text}")
        }
        _ => String::new(),
    };
    format!("{} {kind} {name}{of}{detail}", sign.mark())
}

impl From<&Difference<'_>> for DifferenceObject {
    fn from(it: &Difference<'_>) -> DifferenceObject {
        let text = |version: Option<Version>| version.as_ref().map(ToString::to_string);
        DifferenceObject {
            database: it.database.to_owned(),
            from: text(it.from),
            to: text(it.to),
            changes: it.changes.iter().map(ChangeObject::from).collect(),
            not_followed: it.not_followed.iter().map(StatementObject::from).collect(),
        }
    }
}

impl From<&Change> for ChangeObject {
    fn from(change: &Change) -> ChangeObject {
        let Change { sign, kind, name, of, before, after } = change.clone();
        let change = match sign {
            Sign::Added => "added",
            Sign::Removed => "removed",
            Sign::Changed => "changed",
        };
        ChangeObject { change, kind, name, table: of, before, after }
    }
}
