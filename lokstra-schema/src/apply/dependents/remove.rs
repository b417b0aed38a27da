//! What goes together with an object or a column, and what may.

use super::search::Dependent;
use crate::apply::Replay;
use crate::apply::table::columns::of_type;
use crate::catalog::{Class, Dependency, Gone, Key, ObjectKind, Relation, RelationKind, Slot};

impl Replay<'_> {
    pub(super) fn remove_dependent(&mut self, dependent: Dependent) {
        match dependent {
            Dependent::Object(key, _) if key.class == Class::Routine => {
                self.catalog.open(key);
            }
            Dependent::Object(key, _) => self.remove_relation(&key),
            Dependent::Constraint(key, name) => {
                self.change(&key, |relation| {
                    relation.constraints.retain(|it| it.name.as_deref() != Some(name.as_str()));
                });
            }
            Dependent::Default(key, name) => {
                self.change(&key, |relation| {
                    if let Some(column) = relation.column_mut(&name) {
                        column.has_default = false;
                        let ty = of_type(&column.ty);
                        column.uses.certain.clear();
                        column.uses.certain.extend(ty);
                    }
                });
            }
            // Its column goes with all that is about it.
            Dependent::Column(key, name) => self.remove_needed_column(&key, &name),
            Dependent::Policy(key, name) => {
                self.change(&key, |relation| relation.policies.retain(|it| it.name != name));
            }
            Dependent::Trigger(key, name) => {
                self.change(&key, |relation| relation.triggers.retain(|it| it.name != name));
            }
        }
    }

    /// A column that goes with its type or with what it is generated from.
    fn remove_needed_column(&mut self, key: &Key, name: &str) {
        let Some(relation) = self.at(key) else { return };
        let number = relation.column(name).map(|column| column.number);
        let (Some(number), Some(id)) = (number, self.id(key)) else { return };
        // A partition key takes its table with it.
        if relation.is_partitioned || !self.children(key).is_empty() {
            return self.catalog.open(key.clone());
        }
        let gone = Dependency { id, column: Some(number) };
        for (dependent, _) in self.dependents(gone, &[gone]) {
            self.remove_dependent(dependent);
        }
        self.open_uncertain(id);
        self.remove_column(key, number, name);
        self.remove_parts(gone);
    }

    /// A relation that goes, with all that needs it.
    fn remove_relation(&mut self, key: &Key) {
        let Some(id) = self.id(key) else { return };
        self.forget(key);
        let gone = Dependency { id, column: None };
        let dependents = self.dependents(gone, &[gone]);
        for (dependent, _) in dependents {
            self.remove_dependent(dependent);
        }
        self.open_uncertain(id);
        self.remove_parts(gone);
    }

    /// What may need an object that is dropped with CASCADE may be gone.
    pub(crate) fn open_uncertain(&mut self, _id: u32) {
        let is_open = |relation: &Relation| {
            relation.uses.is_open
                && matches!(relation.kind, RelationKind::View | RelationKind::MaterializedView)
        };
        let keys = self.catalog.with_open_uses().filter(|(_, object)| match &object.kind {
            ObjectKind::Relation(relation) => is_open(relation),
            ObjectKind::Routines(routines) => routines.iter().any(|it| it.uses.is_open),
            _ => false,
        });
        let keys: Vec<_> = keys.map(|(key, _)| key.clone()).collect();
        for key in keys {
            self.catalog.open(key);
        }
        let is_open = |relation: &Relation| {
            relation.columns.iter().any(|it| it.uses.is_open)
                || relation.policies.iter().any(|it| it.uses.is_open)
                || relation.triggers.iter().any(|it| it.uses.is_open)
        };
        let keys = self.catalog.with_open_uses();
        let keys = keys.filter(|(_, object)| object.relation().is_some_and(is_open));
        let keys: Vec<_> = keys.map(|(key, _)| key.clone()).collect();
        for key in keys {
            self.open_relation(&key);
            self.change(&key, |relation| {
                relation.policies.retain(|it| !it.uses.is_open);
                relation.triggers.retain(|it| !it.uses.is_open);
            });
        }
    }

    /// A relation of which the parts are not known any more.
    pub(crate) fn open_relation(&mut self, key: &Key) {
        self.change(key, |relation| {
            relation.has_open_columns = true;
            relation.has_open_constraints = true;
            relation.columns.clear();
            relation.constraints.clear();
            for parts in [&mut relation.triggers, &mut relation.policies, &mut relation.rules] {
                parts.clear();
            }
        });
        self.open_prefixed(&key.schema, &key.name);
    }

    /// The indexes, sequences and partitions that go with a table or column.
    pub(super) fn remove_parts(&mut self, gone: Dependency) {
        let belongs = |relation: &Relation| {
            let is_index = relation.index.as_ref().is_some_and(|index| {
                index.table == gone.id
                    && gone.column.is_none_or(|column| index.needs.contains(&column))
            });
            let is_owned = relation.owner.is_some_and(|owner| {
                owner.id == gone.id && (gone.column.is_none() || owner.column == gone.column)
            });
            let is_part = gone.column.is_none()
                && relation.is_partition
                && relation.parents.contains(&gone.id);
            is_index || is_owned || is_part
        };
        let may_belong = |relation: &Relation| {
            let index = relation.index.as_ref();
            gone.column.is_some() && index.is_some_and(|it| it.table == gone.id && it.is_open)
        };
        let (mut certain, mut open) = (Vec::new(), Vec::new());
        for (key, object, relation) in self.catalog.relations_around(gone.id) {
            if belongs(relation) {
                certain.push((key.clone(), object.id));
            } else if may_belong(relation) {
                open.push(key.clone());
            }
        }
        for (key, id) in certain {
            self.forget(&key);
            self.remove_parts(Dependency { id, column: None });
        }
        for key in open {
            self.catalog.open(key);
        }
    }

    /// A name that is dropped.
    pub(crate) fn forget(&mut self, key: &Key) {
        let gone = Gone { place: self.place, renamed: None };
        // An object that is open stays so: it may be another one.
        if !matches!(self.catalog.slot(key), Some(Slot::Open)) {
            self.catalog.set(key.clone(), Slot::Gone(gone.into()));
        }
    }
}
