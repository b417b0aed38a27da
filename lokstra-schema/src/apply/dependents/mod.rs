//! What needs what: who is in the way of a `DROP`, and what goes with it.

mod key;
mod remove;
mod search;

use lokstra_grammar::Node;

use super::{Replay, Said};
use crate::catalog::{Dependency, Key, RelationKind};

impl Replay<'_> {
    /// Lets an object or column go. False: something needs it, which is reported.
    pub(crate) fn release(
        &mut self,
        gone: Dependency,
        what: &str,
        is_cascade: bool,
        at: Node<'_>,
    ) -> bool {
        self.release_all(&[gone], what, is_cascade, at)
    }

    /// The same for objects that one statement drops together.
    pub(crate) fn release_all(
        &mut self,
        gone: &[Dependency],
        what: &str,
        is_cascade: bool,
        at: Node<'_>,
    ) -> bool {
        let dependents: Vec<_> = gone.iter().flat_map(|it| self.dependents(*it, gone)).collect();
        if is_cascade {
            for (dependent, _) in dependents {
                self.remove_dependent(dependent);
            }
            for it in gone {
                self.open_uncertain(it.id);
            }
        } else if let Some((first, made)) = dependents.first() {
            let message = format!("cannot drop {what} because other objects depend on it");
            let note = format!("{} depends on it, created in {}", first.shown(), self.line(*made));
            let more = dependents.len() - 1;
            let mut said = Said::new("dependent-objects", "2BP01", message).note(note);
            if more > 0 {
                said = said.note(format!("and {more} more"));
            }
            let said = said.help(format!(
                "drop {} first, or write CASCADE, which drops it too",
                first.shown()
            ));
            self.say(at.range(), said);
            return false;
        }
        // What belongs to it: indexes, sequences, partitions.
        for it in gone {
            self.remove_parts(*it);
        }
        true
    }

    /// A column that is not known goes, with what may be about it.
    pub(crate) fn release_open_column(&mut self, table: &Key, is_cascade: bool) {
        let Some(id) = self.id(table) else { return };
        if is_cascade {
            self.open_uncertain(id);
        }
        self.open_foreign_keys(id, is_cascade);
        // No known column has this number.
        self.remove_parts(Dependency { id, column: Some(0) });
    }

    /// Reports a change of the type of a column that a view or generated column reads.
    pub(crate) fn check_type_change(
        &mut self,
        key: &Key,
        at: Node<'_>,
        column: Dependency,
        name: &str,
    ) {
        let views = self.catalog.relations_around(column.id).filter(|(_, _, it)| {
            matches!(it.kind, RelationKind::View | RelationKind::MaterializedView)
                && it.uses.has(column.id, column.column)
        });
        let Some((view, object, relation)) = views.into_iter().next() else { return };
        let message = "cannot alter type of a column used by a view or rule".to_owned();
        let note = format!(
            "{} {} reads column {name} of {}, created in {}",
            relation.kind.word(),
            view.shown(),
            key.shown(),
            self.line(object.made)
        );
        let help = format!(
            "drop {} {} first, and create it again after this statement",
            relation.kind.word(),
            view.shown()
        );
        self.say(
            at.range(),
            Said::new("dependent-objects", "0A000", message).note(note).help(help),
        );
    }
}
