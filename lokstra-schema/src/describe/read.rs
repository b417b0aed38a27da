//! From the model of the catalog to plain data.

use std::collections::HashMap;

use super::opened::{Opened, is_shown, opened_by};
use super::seen::{Seen, seen, unseen};
use super::{Column, Constraint, Doubt, Index, Item, Relation, Schema};
use crate::apply::Replay;
use crate::catalog::{
    self, Base, Class, ConstraintKind, Key, ObjectKind, RelationKind, Routine, Type, TypeKind,
};

/// What PostgreSQL calls its types in SQL, where that is not their name in the catalog.
const WORDS: [(&str, &str); 9] = [
    ("bool", "boolean"),
    ("bpchar", "char"),
    ("float4", "real"),
    ("float8", "double precision"),
    ("int2", "smallint"),
    ("int4", "integer"),
    ("int8", "bigint"),
    ("char", "\"char\""),
    ("varbit", "bit varying"),
];

impl Schema {
    pub(super) fn of(replay: &Replay<'_>) -> Schema {
        let opened = replay.not_followed.iter().filter(|it| is_shown(replay, it));
        let opened: Vec<_> = opened.map(|it| opened_by(replay, it)).collect();
        let seen = seen(replay);
        let tables: HashMap<u32, &Seen> = seen.iter().map(|it| (it.object.id, it)).collect();
        let reader = Reader { tables, opened };
        let mut schema = Schema {
            not_followed: reader.opened.iter().map(|it| it.statement.clone()).collect(),
            ..Schema::default()
        };
        for it in &seen {
            reader.add(&mut schema, it);
        }
        reader.add_indexes(&mut schema, &seen);
        for key in unseen(replay, &seen) {
            let (list, kind) = match key.class {
                Class::Schema => (&mut schema.schemas, "schema"),
                Class::Type => (&mut schema.types, "type"),
                _ => (&mut schema.functions, "function"),
            };
            let is_open = key.class != Class::Schema;
            list.push(Item { kind, name: key.shown().to_string(), detail: None, is_open });
        }
        for list in [&mut schema.types, &mut schema.functions, &mut schema.schemas] {
            list.sort_by(|a, b| a.name.cmp(&b.name));
        }
        for list in [&mut schema.tables, &mut schema.views] {
            list.sort_by(|a, b| a.name.cmp(&b.name));
        }
        schema
    }
}

struct Reader<'s> {
    /// By their numbers.
    tables: HashMap<u32, &'s Seen>,
    opened: Vec<Opened>,
}

impl Reader<'_> {
    fn add(&self, schema: &mut Schema, seen: &Seen) {
        let name = seen.key.shown().to_string();
        let is_open = seen.is_open;
        match &seen.object.kind {
            ObjectKind::Relation(relation) => match relation.kind {
                RelationKind::Table | RelationKind::ForeignTable => {
                    schema.tables.push(self.relation(seen, relation));
                }
                RelationKind::View | RelationKind::MaterializedView => {
                    schema.views.push(self.relation(seen, relation));
                }
                RelationKind::Sequence if relation.owner.is_none() => {
                    schema.sequences.push(Item { kind: "sequence", name, detail: None, is_open });
                }
                RelationKind::Sequence | RelationKind::Index => {}
            },
            ObjectKind::Type(kind) => {
                let (kind, detail) = match kind {
                    TypeKind::Enum(labels) => {
                        ("enum", labels.as_ref().map(|labels| labels.join(", ")))
                    }
                    TypeKind::Domain(of) => ("domain", self.type_name(of)),
                    TypeKind::Other => ("type", None),
                };
                schema.types.push(Item { kind, name, detail, is_open });
            }
            ObjectKind::Routines(routines) => {
                let items = routines.iter().map(|it| self.routine(&name, it, is_open));
                schema.functions.extend(items);
            }
            ObjectKind::Other => {
                let (list, kind) = match seen.key.class {
                    Class::Schema => (&mut schema.schemas, "schema"),
                    Class::Extension => (&mut schema.extensions, "extension"),
                    _ => return,
                };
                list.push(Item { kind, name, detail: None, is_open });
            }
        }
    }

    fn routine(&self, name: &str, routine: &Routine, is_open: bool) -> Item {
        let arguments = match &routine.arguments {
            Some(types) => {
                let types = types.iter().map(|ty| self.type_name(ty).unwrap_or("?".to_owned()));
                types.collect::<Vec<_>>().join(", ")
            }
            None if routine.most == 0 => String::new(),
            None => "…".to_owned(),
        };
        let detail = routine.returns.as_ref().and_then(|ty| self.type_name(ty));
        Item { kind: routine.kind, name: format!("{name}({arguments})"), detail, is_open }
    }

    fn relation(&self, seen: &Seen, relation: &catalog::Relation) -> Relation {
        let named = |numbers: &[u32]| -> Vec<String> {
            numbers.iter().filter_map(|it| relation.number(*it)).map(|it| it.name.clone()).collect()
        };
        let constraints = relation.constraints.iter().filter_map(|it| {
            let kind = match it.kind {
                ConstraintKind::Primary => "primary key",
                ConstraintKind::Unique => "unique",
                ConstraintKind::Check => "check",
                ConstraintKind::Foreign => "foreign key",
                ConstraintKind::Exclude => "exclusion",
                ConstraintKind::NotNull => return None,
            };
            Some(Constraint {
                name: it.name.clone(),
                kind,
                columns: named(&it.columns),
                target: it.target.as_ref().and_then(|(id, columns)| self.target(*id, columns)),
                is_open: it.is_open,
            })
        });
        let columns = relation.columns.iter().map(|it| Column {
            number: it.number,
            name: it.name.clone(),
            ty: self.type_name(&it.ty),
            is_not_null: it.is_not_null,
            generated: match () {
                () if it.is_identity => Some("identity"),
                () if it.is_generated => Some("generated"),
                () => None,
            },
        });
        let parts = [
            ("trigger", &relation.triggers),
            ("policy", &relation.policies),
            ("rule", &relation.rules),
        ];
        let attached = parts.into_iter().flat_map(|(kind, list)| {
            list.iter().map(move |it| Item {
                kind,
                name: it.name.clone(),
                detail: None,
                is_open: false,
            })
        });
        let parents = relation.parents.iter().filter_map(|id| self.tables.get(id));
        Relation {
            id: seen.object.id,
            name: seen.key.shown().to_string(),
            kind: relation.kind.word(),
            columns: columns.collect(),
            constraints: constraints.collect(),
            indexes: Vec::new(),
            attached: attached.collect(),
            parents: parents.map(|it| it.key.shown().to_string()).collect(),
            is_partition: relation.is_partition,
            is_partitioned: relation.is_partitioned,
            has_open_columns: relation.has_open_columns,
            has_open_constraints: relation.has_open_constraints,
            doubt: seen.is_open.then(|| self.doubt(&seen.key)),
        }
    }

    fn target(&self, id: u32, columns: &[u32]) -> Option<(String, Vec<String>)> {
        let seen = self.tables.get(&id)?;
        let relation = seen.object.relation()?;
        let columns = columns.iter().filter_map(|it| relation.number(*it));
        let columns = columns.map(|it| it.name.clone()).collect();
        Some((seen.key.shown().to_string(), columns))
    }

    fn doubt(&self, key: &Key) -> Doubt {
        let concerns = |it: &&Opened| it.is_everything || it.names.contains(&key.name);
        let last = self.opened.iter().rev().find(concerns);
        Doubt { statement: last.map(|it| it.statement.clone()) }
    }

    fn add_indexes(&self, schema: &mut Schema, seen: &[Seen]) {
        let places = schema.tables.iter().map(|it| it.id).zip(0..);
        let places: HashMap<u32, usize> = places.collect();
        for it in seen {
            let Some(index) = it.object.relation().and_then(|it| it.index.as_ref()) else {
                continue;
            };
            let Some(table) = self.tables.get(&index.table).and_then(|it| it.object.relation())
            else {
                continue;
            };
            let column = |number: &Option<u32>| Some(table.number((*number)?)?.name.clone());
            let index_of = Index {
                name: it.key.shown().to_string(),
                columns: index.columns.iter().map(column).collect(),
                is_unique: index.is_unique,
                is_partial: index.is_partial,
                is_open: index.is_open || it.is_open,
            };
            if index.is_constraint {
                continue;
            }
            if let Some(&place) = places.get(&index.table) {
                schema.tables[place].indexes.push(index_of);
            } else {
                let view = schema.views.iter_mut().find(|view| view.id == index.table);
                if let Some(view) = view {
                    view.indexes.push(index_of);
                }
            }
        }
    }

    fn type_name(&self, ty: &Type) -> Option<String> {
        let name = match &ty.base {
            Base::BuiltIn(name) => {
                let word = WORDS.iter().find(|(known, _)| known == name);
                word.map_or(*name, |(_, word)| word).to_owned()
            }
            // It may have another name since.
            Base::Made(id, name) => {
                self.tables.get(id).map_or(name.to_string(), |it| it.key.shown().to_string())
            }
            Base::Open => return None,
        };
        Some(if ty.is_array { name + "[]" } else { name })
    }
}
