//! The foreign keys that need a primary key or a unique constraint.

use lokstra_grammar::Node;

use crate::apply::{Replay, Said};
use crate::catalog::{Constraint, ConstraintKind, Key, Relation};

impl Replay<'_> {
    /// Lets a primary key or unique constraint go. False: a foreign key needs it.
    pub(crate) fn release_key(
        &mut self,
        table: &Key,
        id: u32,
        key: &Constraint,
        is_cascade: bool,
        at: Node<'_>,
    ) -> bool {
        let Some(relation) = self.at(table) else { return true };
        let same = |columns: &[u32]| {
            columns.len() == key.columns.len() && columns.iter().all(|it| key.columns.contains(it))
        };
        let is_only = relation
            .constraints
            .iter()
            .filter(|it| matches!(it.kind, ConstraintKind::Primary | ConstraintKind::Unique))
            .filter(|it| same(&it.columns))
            .count()
            == 1;
        let has_other =
            self.catalog.relations_around(id).filter_map(|(_, _, it)| it.index.as_ref()).any(
                |it| {
                    let columns: Vec<_> = it.columns.iter().flatten().copied().collect();
                    it.table == id
                        && it.is_unique
                        && !it.is_constraint
                        && (it.is_open || same(&columns))
                },
            );
        if !is_only || has_other || relation.has_open_constraints || key.is_open {
            // Which of them a foreign key needs is not known.
            self.open_foreign_keys(id, is_cascade);
            return true;
        }
        let mut needing = Vec::new();
        for (other, _, relation) in self.catalog.relations_around(id) {
            for constraint in &relation.constraints {
                if let Some((target, columns)) = &constraint.target
                    && *target == id
                    && same(columns)
                {
                    needing.push((other.clone(), constraint.clone()));
                }
            }
        }
        if let Some((other, constraint)) = needing.first()
            && !is_cascade
        {
            let name = key.name.as_deref().unwrap_or_default();
            let foreign = constraint.name.as_deref().unwrap_or("of a foreign key");
            let message = format!(
                "cannot drop constraint {name} on table {} because other objects depend on it",
                table.shown()
            );
            let note = format!(
                "constraint {foreign} on table {} depends on it, created in {}",
                other.shown(),
                self.line(constraint.made)
            );
            let help =
                format!("drop constraint {foreign} first, or write CASCADE, which drops it too");
            self.say(
                at.range(),
                Said::new("dependent-objects", "2BP01", message).note(note).help(help),
            );
            return false;
        }
        for (other, constraint) in needing {
            self.change(&other, |relation| {
                relation.constraints.retain(|it| it.name != constraint.name || it.name.is_none());
            });
        }
        true
    }

    /// The foreign keys that point at a table may be gone.
    pub(super) fn open_foreign_keys(&mut self, id: u32, is_cascade: bool) {
        if !is_cascade {
            return;
        }
        let points = |relation: &Relation| {
            relation
                .constraints
                .iter()
                .any(|it| it.target.as_ref().is_some_and(|(target, _)| *target == id))
        };
        let keys: Vec<_> = self
            .catalog
            .relations_around(id)
            .filter(|(_, _, it)| points(it))
            .map(|(key, ..)| key.clone())
            .collect();
        for key in keys {
            self.open_relation(&key);
        }
    }
}
