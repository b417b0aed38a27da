//! What is in a database, object by object, and what each was before it changed.

use std::collections::{BTreeMap, BTreeSet};

use super::rows::Rows;
use super::snapshot::{Object, Properties, Snapshot};

/// The number of a family, and the object by which its rows are read again: 0 where they are all
/// read each time.
pub(crate) type Key = (usize, u32);

/// What is known under a key; nothing, where there is no such object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Entry {
    pub(crate) objects: Vec<(Object, Properties)>,
    /// Of a table, with its name.
    pub(crate) rows: Option<(String, Rows)>,
}

#[derive(Default)]
pub(crate) struct State {
    entries: BTreeMap<Key, Entry>,
    /// Each entry that was replaced, as it was.
    log: Vec<(Key, Entry)>,
}

/// A moment of a [`State`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(usize);

impl State {
    /// Puts what was read again in the place of what was known under these keys.
    pub(crate) fn replace(
        &mut self,
        again: impl IntoIterator<Item = Key>,
        mut found: BTreeMap<Key, Entry>,
    ) {
        let keys: BTreeSet<Key> = again.into_iter().chain(found.keys().copied()).collect();
        for key in keys {
            let new = found.remove(&key);
            if self.entries.get(&key) == new.as_ref() {
                continue;
            }
            let old = match new {
                Some(new) => self.entries.insert(key, new),
                None => self.entries.remove(&key),
            };
            self.log.push((key, old.unwrap_or_default()));
        }
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> {
        self.entries.keys().copied()
    }

    pub(crate) fn has(&self, key: Key) -> bool {
        self.entries.contains_key(&key)
    }

    pub(crate) fn now(&self) -> Moment {
        Moment(self.log.len())
    }

    /// Earlier moments are forgotten.
    pub(crate) fn begin(&mut self) -> Moment {
        self.log.clear();
        self.now()
    }

    /// What differs between a moment and now, as it was and as it is: the rest is the same.
    pub(crate) fn since(&self, Moment(then): Moment) -> (Snapshot, Snapshot) {
        let mut was = BTreeMap::new();
        for (key, entry) in &self.log[then..] {
            was.entry(*key).or_insert(entry);
        }
        let nothing = Entry::default();
        let is = was.keys().map(|key| (*key, self.entries.get(key).unwrap_or(&nothing)));
        (snapshot(is.clone().map(|(key, _)| (key, was[&key]))), snapshot(is))
    }

    #[cfg(test)]
    pub(crate) fn snapshot(&self) -> Snapshot {
        snapshot(self.entries.iter().map(|(key, entry)| (*key, entry)))
    }
}

fn snapshot<'a>(entries: impl Iterator<Item = (Key, &'a Entry)>) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for ((family, _), entry) in entries {
        let objects = entry.objects.iter().cloned();
        snapshot.objects.extend(objects.map(|(object, is)| ((family, object), is)));
        snapshot.rows.extend(entry.rows.clone());
    }
    snapshot
}
