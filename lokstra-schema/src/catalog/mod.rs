//! The model: what the scripts have made so far, what they have removed, and what is not known.

mod directory;
mod journal;
mod object;
mod relation;

#[cfg(test)]
pub(crate) use journal::PASSED;
pub(crate) use journal::{Journal, Mark};
pub(crate) use object::{Object, ObjectKind, Outcome, Place, Routine, Signature, TypeKind};
pub(crate) use relation::{
    Base, Column, Constraint, ConstraintKind, Dependency, Index, Output, Relation, RelationKind,
    Trigger, Type, Uses,
};

use std::cmp::Ordering;
use std::rc::Rc;

use crate::names::Name;
use directory::Directory;

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

impl Class {
    const ALL: [Class; 7] = [
        Class::Everything,
        Class::Any,
        Class::Schema,
        Class::Relation,
        Class::Type,
        Class::Routine,
        Class::Extension,
    ];
}

/// Where an object is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    /// What a derived order does with three times the calls, which a build that is not optimised feels.
    fn cmp(&self, other: &Key) -> Ordering {
        if self.class as u8 != other.class as u8 {
            return (self.class as u8).cmp(&(other.class as u8));
        }
        match self.schema.as_bytes().cmp(other.schema.as_bytes()) {
            Ordering::Equal => self.name.as_bytes().cmp(other.name.as_bytes()),
            unequal => unequal,
        }
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

impl Slot {
    pub(crate) fn is_known(&self) -> bool {
        matches!(self, Slot::Known(_))
    }
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
    directory: Directory,
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
        if let Slot::Known(object) = &slot {
            self.directory.add(&key, object);
        }
        if let Some(key) = self.names.insert(key, slot) {
            self.directory.add_name(key);
        }
    }

    /// Changes a known object.
    pub(crate) fn change<R>(
        &mut self,
        key: &Key,
        change: impl FnOnce(&mut Object) -> R,
    ) -> Option<R> {
        if let Some(Slot::Known(object)) = self.names.noted(key) {
            let object = Rc::make_mut(object);
            let result = change(object);
            self.directory.add(key, object);
            return Some(result);
        }
        let Some(Slot::Known(object)) = self.names.get(key) else { return None };
        let mut object = Rc::clone(object);
        let result = change(Rc::make_mut(&mut object));
        self.set(key.clone(), Slot::Known(object));
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
        self.around(id).find(|(_, object)| object.id == id)
    }

    /// The known objects that mention the object with this number, and itself.
    pub(crate) fn around(&self, id: u32) -> impl Iterator<Item = (&Key, &Rc<Object>)> {
        self.directory.around(id).filter_map(|key| Some((key, self.known(key)?)))
    }

    /// The relations that mention the object with this number.
    pub(crate) fn relations_around(
        &self,
        id: u32,
    ) -> impl Iterator<Item = (&Key, &Rc<Object>, &Relation)> {
        self.around(id).filter_map(|(key, object)| Some((key, object, object.relation()?)))
    }

    /// The known objects that may need more than is known.
    pub(crate) fn with_open_uses(&self) -> impl Iterator<Item = (&Key, &Rc<Object>)> {
        self.directory.open_uses().filter_map(|key| Some((key, self.known(key)?)))
    }

    /// The names of one class, in all schemas.
    pub(crate) fn of_class(&self, class: Class) -> impl Iterator<Item = (&Key, &Slot)> {
        let names = self.names.range(Key::new(class, "", "")..);
        names.take_while(move |(key, _)| key.class == class)
    }

    /// The names in a schema.
    pub(crate) fn in_schema<'a>(
        &'a self,
        schema: &'a str,
    ) -> impl Iterator<Item = (&'a Key, &'a Slot)> {
        Class::ALL.into_iter().flat_map(move |class| {
            let names = self.names.range(Key::new(class, schema, "")..);
            names.take_while(move |(key, _)| key.class == class && key.schema == schema)
        })
    }

    /// The names that a text of at least one letter begins with, cut off at this length.
    pub(crate) fn prefixes_of<'a>(
        &'a self,
        text: &'a str,
        longest: usize,
    ) -> impl Iterator<Item = (&'a Key, &'a Slot)> {
        let longest = text.floor_char_boundary(longest);
        let shorter = (1..longest).filter_map(|end| text.get(..end));
        let shorter = shorter.flat_map(|name| self.directory.named(name));
        let keys = shorter.chain(self.directory.prefixed(&text[..longest]));
        keys.filter_map(|key| Some((key, self.slot(key)?)))
    }

    /// Whether a table of a schema has a constraint of this name.
    pub(crate) fn has_constraint(&self, schema: &str, name: &str) -> bool {
        let keys = self.directory.with_constraint(name).filter(|key| key.schema == schema);
        let mut relations = keys.filter_map(|key| self.known(key)?.relation());
        relations.any(|relation| relation.constraint(name).is_some())
    }

    /// Whether some routine of the set may change names.
    pub(crate) fn has_changing(&self) -> bool {
        self.directory.has_changing()
    }

    /// The routines of a name that may change names.
    pub(crate) fn changing(&self, name: &str) -> impl Iterator<Item = &Routine> {
        let keys = self.directory.named(name).filter(|key| self.directory.is_changing(key));
        let routines = keys.filter_map(|key| self.known(key)).flat_map(|it| it.routines());
        routines.filter(|it| it.opens_all || it.opens.is_some())
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
            let parts = self.relations_around(id).filter(|(_, _, it)| belongs(it));
            let parts: Vec<_> = parts.map(|(key, ..)| key.clone()).collect();
            self.set(key, Slot::Open);
            for part in parts {
                self.open(part);
            }
            return;
        }
        self.set(key, Slot::Open);
    }

    /// Makes a name of any class open, in all schemas.
    pub(crate) fn open_name(&mut self, name: &str) {
        let keys: Vec<_> = self.directory.named(name).cloned().collect();
        for key in keys.into_iter().filter(|key| self.slot(key).is_some()).collect::<Vec<_>>() {
            self.open(key);
        }
        self.set(Key::new(Class::Any, "", name), Slot::Open);
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
            self.set(key, Slot::Open);
        }
        self.set(Key::new(Class::Everything, "", ""), Slot::Open);
    }

    /// Whether a name that the set never made may have been made by something that is not followed.
    pub(crate) fn is_open_name(&self, name: &str) -> bool {
        self.names.get(&Key::new(Class::Everything, "", "")).is_some()
            || self.names.get(&Key::new(Class::Any, "", name)).is_some()
    }

    /// Each name that was changed, and what it was before, oldest first.
    pub(crate) fn changes(&self) -> &[(Key, Option<Slot>)] {
        self.names.changes()
    }

    pub(crate) fn mark(&self) -> Mark {
        self.names.mark()
    }

    /// Forgets what the names were: nothing before this is undone.
    pub(crate) fn settle(&mut self) {
        self.names.settle();
    }

    pub(crate) fn undo(&mut self, mark: Mark) {
        self.names.undo(mark);
    }

    /// Each name that was touched since, with what it was then.
    pub(crate) fn touched(&self, mark: Mark) -> Vec<(&Key, Option<&Slot>)> {
        self.names.touched(mark)
    }
}
