//! A schema as JSON. docs/cli.md shows it.

use lokstra_source::schema::{Item, NotFollowed, Relation};
use serde::Serialize;

use super::shown::{Shown, databases};
use crate::output::json::Databases;

#[derive(Serialize)]
pub(super) struct SchemaObject {
    database: String,
    version: Option<String>,
    tables: Vec<RelationObject>,
    views: Vec<RelationObject>,
    types: Vec<ItemObject>,
    functions: Vec<ItemObject>,
    sequences: Vec<ItemObject>,
    schemas: Vec<ItemObject>,
    extensions: Vec<ItemObject>,
    not_followed: Vec<StatementObject>,
}

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the document")]
struct RelationObject {
    kind: &'static str,
    name: String,
    columns: Vec<ColumnObject>,
    constraints: Vec<ConstraintObject>,
    indexes: Vec<IndexObject>,
    attached: Vec<ItemObject>,
    parents: Vec<String>,
    partition: bool,
    partitioned: bool,
    /// Whether there may be other columns.
    open_columns: bool,
    /// Whether there may be other constraints, or some under other names.
    open_constraints: bool,
    /// Whether it is what is shown: no statement that is not followed may have changed it.
    certain: bool,
    changed_by: Option<StatementObject>,
}

#[derive(Serialize)]
struct ColumnObject {
    name: String,
    #[serde(rename = "type")]
    ty: Option<String>,
    not_null: bool,
    generated: Option<&'static str>,
}

#[derive(Serialize)]
struct ConstraintObject {
    kind: &'static str,
    name: Option<String>,
    columns: Vec<String>,
    references: Option<ReferenceObject>,
    certain: bool,
}

#[derive(Serialize)]
struct ReferenceObject {
    table: String,
    columns: Vec<String>,
}

#[derive(Serialize)]
struct IndexObject {
    name: String,
    /// Null for an expression.
    columns: Vec<Option<String>>,
    unique: bool,
    partial: bool,
    certain: bool,
}

#[derive(Serialize)]
struct ItemObject {
    kind: &'static str,
    name: String,
    detail: Option<String>,
    certain: bool,
}

/// A statement that is not followed.
#[derive(Serialize)]
pub(super) struct StatementObject {
    path: String,
    line: usize,
    statement: String,
}

pub(super) fn of(shown: &[Shown<'_>]) -> Databases<SchemaObject> {
    databases(shown.iter().map(SchemaObject::from).collect())
}

/// The document as `-json` writes it.
pub(super) fn pretty(document: &impl Serialize) -> String {
    format!("{:#}", serde_json::to_value(document).unwrap_or_default())
}

impl From<&Shown<'_>> for SchemaObject {
    fn from(shown: &Shown<'_>) -> SchemaObject {
        let schema = &shown.schema;
        let items = |items: &[Item]| items.iter().map(ItemObject::from).collect();
        let relations = |list: &[Relation]| list.iter().map(RelationObject::from).collect();
        SchemaObject {
            database: shown.database.to_owned(),
            version: shown.version.as_ref().map(ToString::to_string),
            tables: relations(&schema.tables),
            views: relations(&schema.views),
            types: items(&schema.types),
            functions: items(&schema.functions),
            sequences: items(&schema.sequences),
            schemas: items(&schema.schemas),
            extensions: items(&schema.extensions),
            not_followed: schema.not_followed.iter().map(StatementObject::from).collect(),
        }
    }
}

impl From<&Relation> for RelationObject {
    fn from(it: &Relation) -> RelationObject {
        let columns = it.columns.iter().map(|it| ColumnObject {
            name: it.name.clone(),
            ty: it.ty.clone(),
            not_null: it.is_not_null,
            generated: it.generated,
        });
        let constraints = it.constraints.iter().map(|it| ConstraintObject {
            kind: it.kind,
            name: it.name.clone(),
            columns: it.columns.clone(),
            references: it
                .target
                .clone()
                .map(|(table, columns)| ReferenceObject { table, columns }),
            certain: !it.is_open,
        });
        let indexes = it.indexes.iter().map(|it| IndexObject {
            name: it.name.clone(),
            columns: it.columns.clone(),
            unique: it.is_unique,
            partial: it.is_partial,
            certain: !it.is_open,
        });
        let changed_by = it.doubt.as_ref().and_then(|it| it.statement.as_ref());
        RelationObject {
            kind: it.kind,
            name: it.name.clone(),
            columns: columns.collect(),
            constraints: constraints.collect(),
            indexes: indexes.collect(),
            attached: it.attached.iter().map(ItemObject::from).collect(),
            parents: it.parents.clone(),
            partition: it.is_partition,
            partitioned: it.is_partitioned,
            open_columns: it.has_open_columns,
            open_constraints: it.has_open_constraints,
            certain: it.doubt.is_none(),
            changed_by: changed_by.map(StatementObject::from),
        }
    }
}

impl From<&Item> for ItemObject {
    fn from(it: &Item) -> ItemObject {
        let Item { kind, name, detail, is_open } = it.clone();
        ItemObject { kind, name, detail, certain: !is_open }
    }
}

impl From<&NotFollowed> for StatementObject {
    fn from(it: &NotFollowed) -> StatementObject {
        let NotFollowed { path, line, what } = it.clone();
        StatementObject { path, line, statement: what }
    }
}
