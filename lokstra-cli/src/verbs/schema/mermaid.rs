//! The tables as an `erDiagram` of Mermaid.

use std::fmt::Write;

use lokstra_source::schema::{Constraint, Relation, Schema};

use super::text::{doubts, not_followed};

/// The tables without partitions, which look like their parent.
pub(super) fn diagram(schema: &Schema) -> String {
    let mut text = "erDiagram".to_owned();
    let tables = || schema.tables.iter().filter(|it| !it.is_partition);
    for table in tables() {
        entity(&mut text, table);
    }
    for table in tables() {
        for key in &table.constraints {
            let Some((target, _)) = &key.target else { continue };
            let (one, many) = ends(table, key);
            let (parent, child) = (quoted(target), quoted(&table.name));
            let columns = quoted(&key.columns.join(", "));
            write!(text, "\n    {parent} {one}--{many} {child} : {columns}").unwrap_or_default();
        }
    }
    for table in tables() {
        for doubt in doubts(table) {
            write!(text, "\n    %% {} {doubt}", word(&table.name)).unwrap_or_default();
        }
    }
    for statement in &schema.not_followed {
        write!(text, "\n    %% {}", not_followed(statement)).unwrap_or_default();
    }
    text
}

fn entity(text: &mut String, table: &Relation) {
    write!(text, "\n    {}", quoted(&table.name)).unwrap_or_default();
    if table.columns.is_empty() {
        return;
    }
    text.push_str(" {");
    for column in &table.columns {
        let ty = column.ty.as_deref().map_or("unknown".to_owned(), word);
        let marks = marks(table, &column.name).join(", ");
        let space = if marks.is_empty() { "" } else { " " };
        write!(text, "\n        {ty} {}{space}{marks}", word(&column.name)).unwrap_or_default();
    }
    text.push_str("\n    }");
}

/// `PK`, `FK` and, alone in a unique key, `UK`.
pub(super) fn marks(table: &Relation, column: &str) -> Vec<&'static str> {
    let has = |kind, most| {
        table.constraints.iter().any(|it| {
            it.kind == kind && it.columns.len() <= most && it.columns.iter().any(|it| it == column)
        })
    };
    let marks = [
        ("PK", has("primary key", usize::MAX)),
        ("FK", has("foreign key", usize::MAX)),
        ("UK", has("unique", 1)),
    ];
    marks.into_iter().filter(|(_, has)| *has).map(|(mark, _)| mark).collect()
}

/// One or no parent; one or many children.
fn ends(table: &Relation, key: &Constraint) -> (&'static str, &'static str) {
    let is_required = key
        .columns
        .iter()
        .all(|name| table.columns.iter().any(|column| column.name == *name && column.is_not_null));
    let is_unique = table
        .constraints
        .iter()
        .any(|it| matches!(it.kind, "primary key" | "unique") && it.columns == key.columns);
    (if is_required { "||" } else { "|o" }, if is_unique { "o|" } else { "o{" })
}

/// What Mermaid accepts between quotes.
fn quoted(text: &str) -> String {
    let refused = |c: char| c == '"' || c == '%' || c == '\\' || c.is_control();
    format!("\"{}\"", text.replace(refused, "_"))
}

/// What Mermaid accepts as the name of a column or type.
fn word(text: &str) -> String {
    let kept = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '[' | ']' => c,
        c if c.is_alphabetic() => c,
        _ => '_',
    };
    let word: String = text.chars().map(kept).collect();
    let is_started = word.starts_with(|c: char| c.is_alphabetic() || c == '_');
    if is_started { word } else { format!("_{word}") }
}
