//! What is different between two schemas, object by object.

use super::{Column, Constraint, Index, Item, Relation, Schema};

/// How an object differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sign {
    /// Only the later schema has it.
    Added,
    /// Only the earlier schema has it.
    Removed,
    /// Both have it, and it is not the same.
    Changed,
}

/// An object that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// How.
    pub sign: Sign,
    /// `table`, `column`, `index`, ….
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The table or view that it is part of.
    pub of: Option<String>,
    /// What it was; `None` where the name says all.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
}

/// Compares two schemas of one call of [`describe`](super::describe): an object that was renamed is the same.
pub fn diff(before: &Schema, after: &Schema) -> Vec<Change> {
    let mut changes = Vec::new();
    let lists = [
        (&before.schemas, &after.schemas),
        (&before.extensions, &after.extensions),
        (&before.types, &after.types),
        (&before.sequences, &after.sequences),
    ];
    for (before, after) in lists {
        items(before, after, None, &mut changes);
    }
    relations(&before.tables, &after.tables, &mut changes);
    relations(&before.views, &after.views, &mut changes);
    items(&before.functions, &after.functions, None, &mut changes);
    changes
}

fn relations(before: &[Relation], after: &[Relation], changes: &mut Vec<Change>) {
    let earlier = |it: &Relation| {
        let same = before.iter().find(|other| other.id == it.id);
        same.or_else(|| {
            // Dropped and made again.
            let is_free = |id: u32| after.iter().all(|other| other.id != id);
            before.iter().find(|other| other.name == it.name && is_free(other.id))
        })
    };
    let mut kept = Vec::new();
    for it in after {
        let Some(earlier) = earlier(it) else {
            changes.push(whole(Sign::Added, it));
            parts(None, Some(it), changes);
            continue;
        };
        kept.push(earlier.id);
        if earlier.name != it.name || earlier.kind != it.kind {
            let text = |it: &Relation| Some(it.name.clone());
            let (before, after) = (text(earlier), text(it));
            changes.push(Change { before, after, ..whole(Sign::Changed, it) });
        }
        parts(Some(earlier), Some(it), changes);
    }
    for it in before.iter().filter(|it| !kept.contains(&it.id)) {
        changes.push(whole(Sign::Removed, it));
        parts(Some(it), None, changes);
    }
}

fn whole(sign: Sign, it: &Relation) -> Change {
    Change { sign, kind: it.kind, name: it.name.clone(), of: None, before: None, after: None }
}

/// The columns, constraints, indexes and the rest of a table.
fn parts(before: Option<&Relation>, after: Option<&Relation>, changes: &mut Vec<Change>) {
    let Some(of) = after.or(before).map(|it| it.name.clone()) else { return };
    let columns = |it: Option<&Relation>| -> Vec<Part> {
        let columns = it.into_iter().flat_map(|it| &it.columns);
        columns.map(|it| Part::new("column", &it.number.to_string(), &it.name, it.text())).collect()
    };
    let is_same_table = before.map(|it| it.id) == after.map(|it| it.id);
    let (mut earlier, mut later) = (columns(before), columns(after));
    if !is_same_table {
        for part in earlier.iter_mut().chain(&mut later) {
            part.key.clone_from(&part.name);
        }
    }
    compare(&earlier, &later, &of, changes);
    let constraints = |it: Option<&Relation>| -> Vec<Part> {
        let all = it.into_iter().flat_map(|it| &it.constraints);
        all.map(|it| {
            let text = it.text();
            let name = it.name.clone().unwrap_or_else(|| text.clone());
            Part::new(it.kind, &name, &name, text)
        })
        .collect()
    };
    compare(&constraints(before), &constraints(after), &of, changes);
    let indexes = |it: Option<&Relation>| -> Vec<Part> {
        let all = it.into_iter().flat_map(|it| &it.indexes);
        all.map(|it| Part::new("index", &it.name, &it.name, it.text())).collect()
    };
    compare(&indexes(before), &indexes(after), &of, changes);
    let attached = |it: Option<&Relation>| it.map(|it| it.attached.clone()).unwrap_or_default();
    items(&attached(before), &attached(after), Some(&of), changes);
}

/// A part of a table, to compare.
struct Part {
    kind: &'static str,
    key: String,
    name: String,
    text: String,
}

impl Part {
    fn new(kind: &'static str, key: &str, name: &str, text: String) -> Part {
        Part { kind, key: key.to_owned(), name: name.to_owned(), text }
    }
}

fn compare(before: &[Part], after: &[Part], of: &str, changes: &mut Vec<Change>) {
    let is = |one: &Part, other: &Part| one.kind == other.kind && one.key == other.key;
    let change = |sign, part: &Part, before: Option<String>, after: Option<String>| Change {
        sign,
        kind: part.kind,
        name: part.name.clone(),
        of: Some(of.to_owned()),
        before,
        after,
    };
    for part in before.iter().filter(|it| !after.iter().any(|other| is(it, other))) {
        changes.push(change(Sign::Removed, part, Some(part.text.clone()), None));
    }
    for part in after {
        let earlier = before.iter().find(|other| is(part, other));
        let text = || Some(part.text.clone());
        match earlier {
            None => changes.push(change(Sign::Added, part, None, text())),
            Some(earlier) if earlier.text != part.text || earlier.name != part.name => {
                let shown = |it: &Part| {
                    if earlier.name == part.name {
                        it.text.clone()
                    } else {
                        format!("{} {}", it.name, it.text)
                    }
                };
                let (before, after) = (Some(shown(earlier)), Some(shown(part)));
                changes.push(change(Sign::Changed, part, before, after));
            }
            Some(_) => {}
        }
    }
}

fn items(before: &[Item], after: &[Item], of: Option<&str>, changes: &mut Vec<Change>) {
    let is = |one: &Item, other: &Item| one.kind == other.kind && one.name == other.name;
    let change = |sign, it: &Item, before: Option<String>, after: Option<String>| Change {
        sign,
        kind: it.kind,
        name: it.name.clone(),
        of: of.map(str::to_owned),
        before,
        after,
    };
    for it in before.iter().filter(|it| !after.iter().any(|other| is(it, other))) {
        changes.push(change(Sign::Removed, it, it.detail.clone(), None));
    }
    for it in after {
        match before.iter().find(|other| is(it, other)) {
            None => changes.push(change(Sign::Added, it, None, it.detail.clone())),
            // What is not known is not known to differ.
            Some(earlier) if earlier.detail != it.detail && !earlier.is_open && !it.is_open => {
                changes.push(change(Sign::Changed, it, earlier.detail.clone(), it.detail.clone()));
            }
            Some(_) => {}
        }
    }
}

impl Column {
    /// `bigint not null`.
    pub fn text(&self) -> String {
        let ty = self.ty.as_deref().unwrap_or("?");
        let null = if self.is_not_null { " not null" } else { "" };
        let generated = self.generated.map(|it| format!(" {it}")).unwrap_or_default();
        format!("{ty}{null}{generated}")
    }
}

impl Constraint {
    /// `foreign key (user_id) references users (id)`.
    pub fn text(&self) -> String {
        let open = if self.is_open { "…" } else { "" };
        let columns = match (self.columns.join(", "), self.kind) {
            (columns, "check" | "exclusion") if columns.is_empty() => String::new(),
            (columns, _) => format!(" ({columns}{open})"),
        };
        let target = match (&self.target, self.kind) {
            (Some((table, columns)), _) => format!(" references {table} ({})", columns.join(", ")),
            (None, "foreign key") => " references ?".to_owned(),
            _ => String::new(),
        };
        format!("{}{columns}{target}", self.kind)
    }
}

impl Index {
    /// `unique (email) where …`.
    pub fn text(&self) -> String {
        let columns = self.columns.iter().map(|it| it.as_deref().unwrap_or("(…)"));
        let columns = columns.collect::<Vec<_>>().join(", ");
        let unique = if self.is_unique { "unique " } else { "" };
        let partial = if self.is_partial { " where …" } else { "" };
        format!("{unique}({columns}){partial}")
    }
}
