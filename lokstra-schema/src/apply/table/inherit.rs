//! Tables that have others above them: partitions, and tables that inherit.

use lokstra_grammar::Node;

use crate::apply::{Followed, Replay};
use crate::catalog::Key;
use crate::parse;

impl Replay<'_> {
    /// The tables that inherit from one, at all levels.
    pub(crate) fn children(&self, key: &Key) -> Vec<Key> {
        let Some(id) = self.id(key) else { return Vec::new() };
        let (mut ids, mut keys) = (vec![id], Vec::new());
        while let Some(id) = ids.pop() {
            let children =
                self.catalog.relations_around(id).filter(|(_, _, it)| it.parents.contains(&id));
            for (key, object, _) in
                children.filter(|(key, ..)| !keys.contains(*key)).collect::<Vec<_>>()
            {
                ids.push(object.id);
                keys.push(key.clone());
            }
        }
        keys
    }

    /// A partition gets the indexes of its parent, under names of its own.
    pub(crate) fn open_indexes_of(&mut self, parent: &Key, partition: &Key) {
        let (Some(id), Some(relation)) = (self.id(parent), self.at(parent)) else { return };
        let indexes = self.catalog.relations_around(id).filter_map(|(_, _, it)| it.index.as_ref());
        let names: Vec<_> = indexes
            .filter(|index| index.table == id)
            .map(|index| {
                let columns = index.columns.iter().flatten();
                let names = columns.filter_map(|it| Some(relation.number(*it)?.name.as_str()));
                crate::names::joined(names)
            })
            .collect();
        for name in names {
            self.open_invented(&partition.schema, (&partition.name, &name, "idx"));
        }
    }

    pub(super) fn partition(&mut self, key: &Key, node: Node<'_>) -> Followed {
        let other = node.child("qualified_name")?;
        let Some(other) = self.relation(other) else { return Some(()) };
        let id = self.id(key)?;
        let is_attached = parse::starts(node, &["attach"]);
        if is_attached {
            self.open_indexes_of(key, &other);
        }
        self.change(&other, |relation| {
            relation.has_open_constraints = true;
            relation.has_open_columns = true;
            relation.is_partition = is_attached;
            if is_attached {
                relation.parents.push(id);
            } else {
                relation.parents.retain(|it| *it != id);
            }
        });
        Some(())
    }
}
