//! A map that remembers what it was.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::btree_map;
use std::ops::RangeFrom;

/// A place in the journal of a map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark(usize);

/// A map whose changes can be undone.
#[derive(Clone, Debug)]
pub(crate) struct Journal<K, V> {
    map: BTreeMap<K, V>,
    /// Each key that was changed, and its value before.
    changes: Vec<(K, Option<V>)>,
    /// The last place that is remembered.
    marked: Cell<usize>,
}

/// How far back a change of the same key is looked for.
const LATEST: usize = 8;

#[cfg(test)]
thread_local! {
    /// How many entries there were in the maps that were read as a whole.
    pub(crate) static PASSED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

impl<K, V> Default for Journal<K, V> {
    fn default() -> Journal<K, V> {
        Journal { map: BTreeMap::new(), changes: Vec::new(), marked: Cell::new(0) }
    }
}

impl<K: Clone + Ord, V> Journal<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.map.get(key)
    }

    /// Returns the key if it is new.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<&K> {
        let before = self.map.insert(key.clone(), value);
        let is_new = before.is_none();
        self.changes.push((key, before));
        self.changes.last().filter(|_| is_new).map(|(key, _)| key)
    }

    /// The value of a key that has just been changed: what it was since any place that is remembered is
    /// known, and the next change needs no copy.
    pub(crate) fn noted(&mut self, key: &K) -> Option<&mut V> {
        let since = self.changes.get(self.marked.get()..)?;
        since.iter().rev().take(LATEST).find(|(noted, _)| noted == key)?;
        self.map.get_mut(key)
    }

    pub(crate) fn iter(&self) -> btree_map::Iter<'_, K, V> {
        #[cfg(test)]
        PASSED.with(|passed| passed.set(passed.get() + self.map.len()));
        self.map.iter()
    }

    /// The entries from a key on, in order.
    pub(crate) fn range(&self, from: RangeFrom<K>) -> btree_map::Range<'_, K, V> {
        self.map.range(from)
    }

    pub(crate) fn changes(&self) -> &[(K, Option<V>)] {
        &self.changes
    }

    pub(crate) fn mark(&self) -> Mark {
        self.marked.set(self.changes.len());
        Mark(self.changes.len())
    }

    pub(crate) fn settle(&mut self) {
        self.changes.clear();
        self.marked.set(0);
    }

    pub(crate) fn undo(&mut self, mark: Mark) {
        while self.changes.len() > mark.0 {
            let Some((key, before)) = self.changes.pop() else { return };
            match before {
                Some(value) => self.map.insert(key, value),
                None => self.map.remove(&key),
            };
        }
    }

    pub(crate) fn touched(&self, mark: Mark) -> Vec<(&K, Option<&V>)> {
        let mut first = BTreeMap::new();
        for (key, before) in &self.changes[mark.0..] {
            first.entry(key).or_insert(before.as_ref());
        }
        first.into_iter().collect()
    }
}
