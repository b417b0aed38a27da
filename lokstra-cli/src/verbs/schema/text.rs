//! A schema as text.

use std::fmt::Write;

use lokstra_source::schema::{Item, NotFollowed, Relation, Schema};

use super::shown::Shown;

pub(super) fn of(shown: &[Shown<'_>]) -> String {
    let sections = shown.iter().map(|it| {
        let mut text = String::new();
        if shown.len() > 1 {
            text = format!("Database: {}\n\n", it.database);
        }
        text + &section(&it.schema)
    });
    sections.collect::<Vec<_>>().join("\n\n")
}

fn section(schema: &Schema) -> String {
    let mut blocks = Vec::new();
    let list = |items: &[Item]| -> Vec<String> { items.iter().map(item).collect() };
    for items in [&schema.schemas, &schema.extensions, &schema.types, &schema.sequences] {
        blocks.extend((!items.is_empty()).then(|| list(items).join("\n")));
    }
    blocks.extend(schema.tables.iter().chain(&schema.views).map(relation));
    if !schema.functions.is_empty() {
        blocks.push(list(&schema.functions).join("\n"));
    }
    let lines: Vec<_> = schema.not_followed.iter().map(not_followed).collect();
    if blocks.is_empty() && lines.is_empty() {
        return "The schema is empty".to_owned();
    }
    if !lines.is_empty() {
        blocks.push(lines.join("\n"));
    }
    blocks.join("\n\n")
}

/// `a DO block in migrations/004_fill.up.sql:3 may change more: not shown`
pub(super) fn not_followed(it: &NotFollowed) -> String {
    format!("{} in {}:{} may change more: not shown", it.what, it.path, it.line)
}

fn item(it: &Item) -> String {
    let open = if it.is_open { "  (not certain)" } else { "" };
    let detail = match (&it.detail, it.kind) {
        (Some(detail), "enum") => format!(" ({detail})"),
        (Some(detail), "function") => format!(" returns {detail}"),
        (Some(detail), _) => format!(" {detail}"),
        (None, _) => String::new(),
    };
    format!("{} {}{detail}{open}", it.kind, it.name)
}

fn relation(it: &Relation) -> String {
    let mut text = format!("{} {}", it.kind, it.name);
    match (it.parents.join(", "), it.is_partition) {
        (parents, _) if parents.is_empty() => {}
        (parents, true) => write!(text, "  (partition of {parents})").unwrap_or_default(),
        (parents, false) => write!(text, "  (inherits {parents})").unwrap_or_default(),
    }
    for doubt in doubts(it) {
        write!(text, "\n  ({doubt})").unwrap_or_default();
    }
    let width = |of: &dyn Fn(&_) -> usize| it.columns.iter().map(of).max().unwrap_or_default();
    let names = width(&|it: &lokstra_source::schema::Column| it.name.chars().count());
    for column in &it.columns {
        let text_of = column.text();
        write!(text, "\n  {:<names$}  {text_of}", column.name).unwrap_or_default();
    }
    for constraint in &it.constraints {
        let name = constraint.name.as_ref().map(|it| format!("  {it}")).unwrap_or_default();
        write!(text, "\n  {}{name}", constraint.text()).unwrap_or_default();
    }
    for index in &it.indexes {
        let open = if index.is_open { "  (not certain)" } else { "" };
        write!(text, "\n  index {} {}{open}", index.name, index.text()).unwrap_or_default();
    }
    for it in &it.attached {
        write!(text, "\n  {}", item(it)).unwrap_or_default();
    }
    text
}

/// What is not certain of a table.
pub(super) fn doubts(it: &Relation) -> Vec<String> {
    let mut doubts = Vec::new();
    if let Some(doubt) = &it.doubt {
        doubts.push(match &doubt.statement {
            Some(NotFollowed { path, line, what }) => {
                format!("may have changed since: {what} in {path}:{line}")
            }
            None => "may have changed since".to_owned(),
        });
    }
    match (it.has_open_columns, it.has_open_constraints) {
        (true, _) => doubts.push("may have other columns and constraints".to_owned()),
        (false, true) => {
            doubts.push("may have other constraints, or under other names".to_owned());
        }
        (false, false) => {}
    }
    doubts
}
