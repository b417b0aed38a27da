//! Domains, composite types and ranges; enums have a file of their own.

mod enums;

use lokstra_grammar::Node;

use super::alter_table::cascades;
use super::{Followed, Found, Replay};
use crate::catalog::{
    Class, Dependency, Gone, Key, Object, ObjectKind, RelationKind, Slot, TypeKind,
};
use crate::parse;
use enums::label;

impl Replay<'_> {
    /// `CREATE TYPE`; what else `DefineStmt` is has a name of its own class.
    pub(crate) fn define(&mut self, node: Node<'_>) -> Followed {
        if !parse::starts(node, &["create", "type"]) {
            // Aggregates and operators are called like routines; collations and the like by their names.
            let name =
                node.child("func_name").or_else(|| node.child("any_name")).and_then(parse::name);
            if let Some(name) = name {
                self.catalog.open_name(&name.name);
            }
            return Some(());
        }
        let target = node.child("any_name")?;
        let labels = node.child("enum_val_list").map(|list| {
            let labels = parse::all(list, "Sconst").into_iter().map(label);
            labels.collect::<Option<Vec<_>>>()
        });
        let is_enum = parse::has(node, &["as", "enum"]);
        let is_composite = parse::has(node, &["as", "("])
            || parse::has(node, &["as"])
                && !is_enum
                && node.child("opt_definition").is_none()
                && node.child("definition").is_none()
                && !parse::has(node, &["range"]);
        let kind = match (is_enum, labels) {
            (true, Some(labels)) => TypeKind::Enum(labels),
            (true, None) => TypeKind::Enum(Some(Vec::new())),
            _ => TypeKind::Other,
        };
        let is_shell =
            node.child("definition").is_some() && !is_enum && !parse::has(node, &["range"])
                || parse::tokens(node).len() <= 5;
        if parse::has(node, &["range"]) {
            self.open_range(target)?;
        }
        self.make_type(target, kind, is_composite, is_shell)?;
        if is_composite {
            for ty in parse::within(node, "Typename") {
                self.type_of(ty);
            }
        }
        Some(())
    }

    /// The multirange of a range, and the functions that make values of both.
    fn open_range(&mut self, target: Node<'_>) -> Followed {
        let key = self.new_key(Class::Type, &parse::name(target)?, false)?;
        let multirange = if key.name.contains("range") {
            key.name.replacen("range", "multirange", 1)
        } else {
            format!("{}_multirange", key.name)
        };
        for name in [&multirange, &key.name] {
            self.catalog.open(Key::new(Class::Routine, &key.schema, name));
        }
        self.catalog.open(Key::new(Class::Type, &key.schema, &multirange));
        let parent = crate::apply::open::words(target.tree().text());
        for name in parent.iter().filter(|name| name.contains("range")) {
            self.catalog.open(Key::new(Class::Type, &key.schema, name));
            self.catalog.open(Key::new(Class::Routine, &key.schema, name));
        }
        Some(())
    }

    fn make_type(
        &mut self,
        target: Node<'_>,
        kind: TypeKind,
        is_composite: bool,
        is_shell: bool,
    ) -> Followed {
        let name = parse::name(target)?;
        let key = self.new_key(Class::Type, &name, false)?;
        self.need_schema(target, &key)?;
        let table = Key::new(Class::Relation, &key.schema, &key.name);
        if is_shell {
            // Defined in two steps.
            self.catalog.open(key);
            return Some(());
        }
        for other in [&key, &table] {
            if self.catalog.known(other).is_some_and(|it| {
                !is_kind(it, RelationKind::Index) && !is_kind(it, RelationKind::Sequence)
            }) {
                let other = other.clone();
                let what = if other.class == Class::Type { "type" } else { "relation" };
                let codes = if is_composite && other.class == Class::Relation {
                    ("duplicate-table", "42P07")
                } else {
                    ("duplicate-object", "42710")
                };
                self.duplicate(target.range(), &other, what, codes);
                return Some(());
            }
        }
        if is_composite {
            // It has the name of a relation as well.
            self.catalog.open(table);
        }
        let object = self.object(ObjectKind::Type(kind));
        self.catalog.set(key, Slot::Known(object.into()));
        Some(())
    }

    pub(crate) fn create_domain(&mut self, node: Node<'_>) -> Followed {
        let ty = self.type_of(node.child("Typename")?);
        self.make_type(node.child("any_name")?, TypeKind::Domain(ty), false, false)
    }

    pub(crate) fn drop_types(&mut self, node: Node<'_>, word: &str) -> Followed {
        let is_lenient = parse::has(node, &["if", "exists"]);
        let (mut found, mut first) = (Vec::new(), None);
        for at in parse::within(node, "Typename") {
            let Some(wanted) = parse::type_name(at) else { continue };
            match self.find(Class::Type, &wanted.name) {
                Found::Known(key) => {
                    found.push(key);
                    first.get_or_insert(at);
                }
                Found::Open => {
                    if let Some(key) = self.new_key(Class::Type, &wanted.name, false)
                        && !self.catalog.is_open_name(&wanted.name.name)
                    {
                        let gone = Gone { place: self.place, renamed: None };
                        self.catalog.set(key, Slot::Gone(gone.into()));
                    }
                }
                Found::Missing(..) => {
                    if !is_lenient && let Some(gone) = self.is_missing_type(&wanted) {
                        self.missing_type(at, &wanted, gone.as_deref());
                    }
                }
            }
        }
        let Some(at) = first else { return Some(()) };
        let gone: Vec<_> = found
            .iter()
            .filter_map(|key| Some(Dependency { id: self.id(key)?, column: None }))
            .collect();
        let what = format!("{word} {}", found[0].shown());
        if self.release_all(&gone, &what, cascades(node), at) {
            for key in &found {
                self.forget(key);
            }
        }
        Some(())
    }
}

fn is_kind(object: &Object, kind: RelationKind) -> bool {
    object.relation().is_some_and(|it| it.kind == kind)
}
