//! What is drawn of each table, and how large it is.

use std::collections::HashMap;

use lokstra_source::schema::{Relation, Schema};

use super::super::mermaid::marks;
use super::super::text::doubts;

pub(super) const HEAD: f64 = 26.0;
pub(super) const ROW: f64 = 18.0;
/// The width of a letter of the monospaced font, at 12 pixels.
pub(super) const LETTER: f64 = 7.25;
pub(super) const MARGIN: f64 = 8.0;

/// A table as a box.
pub(super) struct Box {
    pub(super) title: String,
    pub(super) rows: Vec<Row>,
    /// What is not certain, below the columns.
    pub(super) notes: Vec<String>,
    /// Whether what is shown may have changed.
    pub(super) is_uncertain: bool,
    /// The width of the column of marks.
    pub(super) marks: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A column of a table.
pub(super) struct Row {
    pub(super) marks: String,
    pub(super) name: String,
    pub(super) ty: String,
    pub(super) is_not_null: bool,
}

/// A foreign key: from the row of a box to a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) child: usize,
    pub(super) row: usize,
    pub(super) parent: usize,
}

/// The boxes, by name, and the edges between different ones.
pub(super) fn of(schema: &Schema) -> (Vec<Box>, Vec<Edge>) {
    let tables: Vec<&Relation> = schema.tables.iter().filter(|it| !it.is_partition).collect();
    let places: HashMap<&str, usize> =
        tables.iter().enumerate().map(|(nth, it)| (it.name.as_str(), nth)).collect();
    let mut edges: Vec<Edge> = Vec::new();
    for (child, table) in tables.iter().enumerate() {
        for key in &table.constraints {
            let parent = key.target.as_ref().and_then(|(name, _)| places.get(name.as_str()));
            let row = key.columns.first();
            let row = row.and_then(|name| table.columns.iter().position(|it| it.name == *name));
            let (Some(&parent), Some(row)) = (parent, row) else { continue };
            let edge = Edge { child, row, parent };
            if child != parent && !edges.contains(&edge) {
                edges.push(edge);
            }
        }
    }
    let partitions = |of: &Relation| {
        let is_its = |it: &&Relation| it.is_partition && it.parents.contains(&of.name);
        schema.tables.iter().filter(is_its).count()
    };
    (tables.iter().map(|table| Box::new(table, partitions(table))).collect(), edges)
}

impl Box {
    fn new(table: &Relation, partitions: usize) -> Box {
        let rows = table.columns.iter().map(|column| Row {
            marks: marks(table, &column.name).join(" "),
            name: column.name.clone(),
            ty: column.ty.clone().unwrap_or_else(|| "?".to_owned()),
            is_not_null: column.is_not_null,
        });
        let rows: Vec<Row> = rows.collect();
        let mut notes = Vec::new();
        match partitions {
            0 => {}
            1 => notes.push("1 partition".to_owned()),
            count => notes.push(format!("{count} partitions")),
        }
        notes.extend(doubts(table).iter().filter(|it| it.starts_with("may have changed")).map(
            |it| match it.split_once(": ") {
                Some((_, statement)) => {
                    let file = statement.rsplit('/').next().unwrap_or(statement);
                    format!("may have changed: {file}")
                }
                None => it.clone(),
            },
        ));
        if table.has_open_columns {
            notes.push("may have other columns".to_owned());
        }
        let widest = |of: &dyn Fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or(0);
        let pixels = |letters: usize| letters as f64 * LETTER;
        let marks = pixels(widest(&|row| width(&row.marks)));
        let marks = if marks > 0.0 { marks + MARGIN } else { 0.0 };
        let row = pixels(widest(&|row| width(&row.name) + width(&row.ty) + 2));
        let text = notes.iter().map(|it| width(it)).max().unwrap_or(0).max(width(&table.name) + 1);
        let inner = (marks + row).max(pixels(text));
        Box {
            title: table.name.clone(),
            notes,
            is_uncertain: table.doubt.is_some() || table.has_open_columns,
            marks,
            width: inner.ceil() + 2.0 * MARGIN,
            height: HEAD + ROW * rows.len() as f64 + 4.0,
            rows,
        }
        .with_notes()
    }

    fn with_notes(mut self) -> Box {
        self.height += ROW * self.notes.len() as f64;
        self
    }
}

/// How far below the top of a box the middle of a row is.
pub(super) fn middle(row: usize) -> f64 {
    HEAD + ROW * row as f64 + ROW / 2.0
}

/// How many letters wide a text is: those of Chinese, Japanese and Korean are two.
pub(super) fn width(text: &str) -> usize {
    let is_wide = |c: char| matches!(u32::from(c), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xff00..=0xff60 | 0x1f300..=0x1faff);
    text.chars().map(|c| 1 + usize::from(is_wide(c))).sum()
}
