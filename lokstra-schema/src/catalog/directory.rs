//! Where objects are found without looking at all of them: a set has thousands, and a statement is about few.
//!
//! What is listed here may be out of date, and is compared with the object itself. Nothing is missing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Base, Class, Dependency, Key, Object, ObjectKind, Uses};

/// The keys that were ever set, by what their objects are about.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    /// The object of each number, and all that mention it.
    by_id: BTreeMap<u32, BTreeSet<Key>>,
    by_name: BTreeMap<String, BTreeSet<Key>>,
    by_constraint: BTreeMap<String, BTreeSet<Key>>,
    /// What may need more than is known.
    open_uses: BTreeSet<Key>,
    /// Names with a routine that changes names.
    changing: BTreeSet<Key>,
}

impl Directory {
    pub(super) fn add_name(&mut self, key: &Key) {
        add(&mut self.by_name, key.name.as_str(), key);
    }

    pub(super) fn add(&mut self, key: &Key, object: &Object) {
        each_id(object, &mut |id| add(&mut self.by_id, &id, key));
        let mut is_open = false;
        each_use(object, &mut |uses| is_open |= uses.is_open);
        if is_open && !self.open_uses.contains(key) {
            self.open_uses.insert(key.clone());
        }
        if object.routines().iter().any(|it| it.opens_all || it.opens.is_some()) {
            self.changing.insert(key.clone());
        }
        let constraints = object.relation().map_or(&[][..], |it| &it.constraints);
        for name in constraints.iter().filter_map(|it| it.name.as_deref()) {
            add(&mut self.by_constraint, name, key);
        }
    }

    pub(super) fn around(&self, id: u32) -> impl Iterator<Item = &Key> {
        self.by_id.get(&id).into_iter().flatten()
    }

    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = &Key> {
        self.by_name.get(name).into_iter().flatten()
    }

    /// The keys whose names begin so.
    pub(super) fn prefixed<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a Key> {
        let names = self.by_name.range(prefix.to_owned()..);
        names.take_while(move |(name, _)| name.starts_with(prefix)).flat_map(|(_, keys)| keys)
    }

    pub(super) fn with_constraint(&self, name: &str) -> impl Iterator<Item = &Key> {
        self.by_constraint.get(name).into_iter().flatten()
    }

    pub(super) fn open_uses(&self) -> impl Iterator<Item = &Key> {
        self.open_uses.iter()
    }

    pub(super) fn has_changing(&self) -> bool {
        !self.changing.is_empty()
    }

    pub(super) fn is_changing(&self, key: &Key) -> bool {
        key.class == Class::Routine && self.changing.contains(key)
    }
}

fn add<K, Q>(map: &mut BTreeMap<K, BTreeSet<Key>>, of: &Q, key: &Key)
where
    K: Ord + std::borrow::Borrow<Q>,
    Q: Ord + ToOwned<Owned = K> + ?Sized,
{
    match map.get_mut(of) {
        Some(keys) if keys.contains(key) => {}
        Some(keys) => {
            keys.insert(key.clone());
        }
        None => {
            map.insert(of.to_owned(), BTreeSet::from([key.clone()]));
        }
    }
}

/// The number of an object, and those that it mentions.
fn each_id(object: &Object, found: &mut impl FnMut(u32)) {
    found(object.id);
    each_use(object, &mut |uses| uses.certain.iter().for_each(|it| found(it.id)));
    let Some(relation) = object.relation() else { return };
    for column in &relation.columns {
        if let Base::Made(id, _) = column.ty.base {
            found(id);
        }
    }
    for (id, _) in relation.constraints.iter().filter_map(|it| it.target.as_ref()) {
        found(*id);
    }
    let owner = relation.owner.iter().map(|Dependency { id, .. }| *id);
    let index = relation.index.iter().map(|it| it.table);
    relation.parents.iter().copied().chain(owner).chain(index).for_each(found);
}

fn each_use(object: &Object, found: &mut impl FnMut(&Uses)) {
    match &object.kind {
        ObjectKind::Relation(relation) => {
            found(&relation.uses);
            relation.columns.iter().for_each(|it| found(&it.uses));
            let parts = [&relation.triggers, &relation.policies, &relation.rules];
            parts.into_iter().flatten().for_each(|it| found(&it.uses));
        }
        ObjectKind::Routines(routines) => routines.iter().for_each(|it| found(&it.uses)),
        ObjectKind::Type(_) | ObjectKind::Other => {}
    }
}
