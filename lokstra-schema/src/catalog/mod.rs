//! The model: what the scripts have made so far, what they have removed, and what is not known.

mod journal;
mod object;
mod relation;

pub(crate) use journal::{Journal, Mark};
pub(crate) use object::{Object, ObjectKind, Place, Routine, TypeKind};
pub(crate) use relation::{
    Base, Column, Constraint, ConstraintKind, Dependency, Index, Output, Relation, RelationKind,
    Trigger, Type, Uses,
};

use std::rc::Rc;

use crate::names::Name;

/// What kind of name it is: those of one class are different from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Class {
    /// Everything is open that has not been made since.
    Everything,
    /// A name of any class.
    Any,
    Schema,
    /// Tables, views, indexes, sequences and composite types.
    Relation,
    Type,
    /// Functions, procedures and aggregates.
    Routine,
    Extension,
}

/// Where an object is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) class: Class,
    /// Empty for a class without schemas.
    pub(crate) schema: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(class: Class, schema: &str, name: &str) -> Key {
        Key { class, schema: schema.to_owned(), name: name.to_owned() }
    }

    /// As messages call it: without the schema that unqualified names are in.
    pub(crate) fn shown(&self) -> Name {
        let is_shown = !matches!(self.schema.as_str(), "" | "public" | TEMPORARY);
        Name { schema: is_shown.then(|| self.schema.clone()), name: self.name.clone() }
    }
}

/// The schema of temporary tables.
pub(crate) const TEMPORARY: &str = "pg_temp";

/// What the model has for a name.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    Known(Rc<Object>),
    /// Something that the model does not follow may have made, changed or removed it.
    Open,
    /// The set has removed it.
    Gone(Rc<Gone>),
}

/// How an object went.
#[derive(Clone, Debug)]
pub(crate) struct Gone {
    pub(crate) place: Place,
    /// Its name since then, if it was renamed.
    pub(crate) renamed: Option<String>,
}

/// All names, and how many objects there have been.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    names: Journal<Key, Slot>,
    ids: u32,
}

impl Catalog {
    /// A number for a new object.
    pub(crate) fn next_id(&mut self) -> u32 {
        self.ids += 1;
        self.ids
    }

    pub(crate) fn slot(&self, key: &Key) -> Option<&Slot> {
        self.names.get(key)
    }

    pub(crate) fn known(&self, key: &Key) -> Option<&Rc<Object>> {
        match self.names.get(key)? {
            Slot::Known(object) => Some(object),
            _ => None,
        }
    }

    pub(crate) fn set(&mut self, key: Key, slot: Slot) {
        self.names.insert(key, slot);
    }

    /// Changes a known object.
    pub(crate) fn change<R>(
        &mut self,
        key: &Key,
        change: impl FnOnce(&mut Object) -> R,
    ) -> Option<R> {
        let Some(Slot::Known(object)) = self.names.get(key) else { return None };
        let mut object = Rc::clone(object);
        let result = change(Rc::make_mut(&mut object));
        self.names.insert(key.clone(), Slot::Known(object));
        Some(result)
    }

    /// All known objects.
    pub(crate) fn objects(&self) -> impl Iterator<Item = (&Key, &Rc<Object>)> {
        self.names.iter().filter_map(|(key, slot)| match slot {
            Slot::Known(object) => Some((key, object)),
            _ => None,
        })
    }

    pub(crate) fn slots(&self) -> impl Iterator<Item = (&Key, &Slot)> {
        self.names.iter()
    }

    /// The relation with this number, if it is known.
    pub(crate) fn by_id(&self, id: u32) -> Option<(&Key, &Rc<Object>)> {
        self.objects().find(|(_, object)| object.id == id)
    }

    pub(crate) fn relations(&self) -> impl Iterator<Item = (&Key, &Rc<Object>, &Relation)> {
        self.objects().filter_map(|(key, object)| Some((key, object, object.relation()?)))
    }

    /// Makes a name open, and what belongs to it or inherits from it.
    pub(crate) fn open(&mut self, key: Key) {
        if let Some(id) = self.known(&key).filter(|it| it.relation().is_some()).map(|it| it.id) {
            let belongs = |relation: &Relation| {
                relation.index.as_ref().is_some_and(|it| it.table == id)
                    || relation.owner.is_some_and(|it| it.id == id)
                    || relation.parents.contains(&id)
            };
            let parts = self.relations().filter(|(_, _, it)| belongs(it));
            let parts: Vec<_> = parts.map(|(key, ..)| key.clone()).collect();
            self.names.insert(key, Slot::Open);
            for part in parts {
                self.open(part);
            }
            return;
        }
        self.names.insert(key, Slot::Open);
    }

    /// Makes a name of any class open, in all schemas.
    pub(crate) fn open_name(&mut self, name: &str) {
        let keys = self.names.iter().map(|(key, _)| key).filter(|key| key.name == name);
        let keys: Vec<_> = keys.cloned().collect();
        for key in keys {
            self.open(key);
        }
        self.names.insert(Key::new(Class::Any, "", name), Slot::Open);
    }

    /// Makes open what needs a name of these, and what needs that.
    pub(crate) fn open_dependents(&mut self, names: &[String]) {
        let named = self.objects().filter(|(key, _)| names.contains(&key.name));
        let mut ids: Vec<_> = named.map(|(_, object)| object.id).collect();
        while let Some(id) = ids.pop() {
            let needs = |object: &Object| match &object.kind {
                ObjectKind::Relation(relation) => {
                    relation.uses.has(id, None)
                        || relation.uses.is_open
                        || relation.parents.contains(&id)
                        || relation.columns.iter().any(|it| it.uses.has(id, None))
                        || relation
                            .constraints
                            .iter()
                            .any(|it| it.target.as_ref().is_some_and(|(it, _)| *it == id))
                }
                ObjectKind::Routines(routines) => {
                    routines.iter().any(|it| it.uses.has(id, None) || it.uses.is_open)
                }
                _ => false,
            };
            let keys = self.objects().filter(|(_, object)| object.id != id && needs(object));
            let keys: Vec<_> = keys.map(|(key, object)| (key.clone(), object.id)).collect();
            for (key, id) in keys {
                ids.push(id);
                self.open(key);
            }
        }
    }

    /// Makes all names open, those that are made later excepted.
    pub(crate) fn open_all(&mut self) {
        let keys: Vec<_> = self.names.iter().map(|(key, _)| key.clone()).collect();
        for key in keys {
            self.names.insert(key, Slot::Open);
        }
        self.names.insert(Key::new(Class::Everything, "", ""), Slot::Open);
    }

    /// Whether a name that the set never made may have been made by something that is not followed.
    pub(crate) fn is_open_name(&self, name: &str) -> bool {
        self.names.get(&Key::new(Class::Everything, "", "")).is_some()
            || self.names.get(&Key::new(Class::Any, "", name)).is_some()
    }

    pub(crate) fn mark(&self) -> Mark {
        self.names.mark()
    }

    pub(crate) fn undo(&mut self, mark: Mark) {
        self.names.undo(mark);
    }

    /// Each name that was touched since, with what it was then.
    pub(crate) fn touched(&self, mark: Mark) -> Vec<(&Key, Option<&Slot>)> {
        self.names.touched(mark)
    }
}
