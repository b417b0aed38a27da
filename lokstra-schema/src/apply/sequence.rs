//! Sequences, and the columns that own them.

use lokstra_grammar::Node;

use super::table::is_temporary;
use super::{Followed, Found, Replay, Said};
use crate::catalog::{Class, Dependency, ObjectKind, Relation, RelationKind, Slot};
use crate::parse;

impl Replay<'_> {
    pub(crate) fn create_sequence(&mut self, node: Node<'_>) -> Followed {
        let target = node.child("qualified_name")?;
        let name = parse::name(target)?;
        let key = self.new_key(Class::Relation, &name, is_temporary(node))?;
        self.need_schema(target, &key)?;
        let is_lenient = parse::has(node, &["if", "not", "exists"]);
        match self.catalog.slot(&key) {
            Some(Slot::Known(_) | Slot::Open) if is_lenient => return Some(()),
            Some(Slot::Known(_)) => {
                self.duplicate(target.range(), &key, "relation", ("duplicate-table", "42P07"));
                return Some(());
            }
            // It may be a table.
            None if is_lenient && !self.is_free(&key) => {
                self.catalog.open(key);
                return Some(());
            }
            _ => {}
        }
        let owner = self.owner(node);
        let mut sequence = Relation::new(RelationKind::Sequence);
        sequence.owner = owner;
        let object = self.object(ObjectKind::Relation(sequence));
        self.catalog.set(key, Slot::Known(object.into()));
        Some(())
    }

    /// `OWNED BY a.b`.
    fn owner(&mut self, node: Node<'_>) -> Option<Dependency> {
        let owned =
            parse::within(node, "SeqOptElem").find(|it| parse::starts(*it, &["owned", "by"]))?;
        let (table, column) = self.column_name(owned.child("any_name")?)?;
        let id = self.id(&table)?;
        Some(Dependency { id, column })
    }

    pub(crate) fn alter_sequence(&mut self, node: Node<'_>) -> Followed {
        let target = node.child("qualified_name")?;
        let name = parse::name(target)?;
        match self.find(Class::Relation, &name) {
            Found::Known(key) => {
                let kind = self.at(&key)?.kind;
                if kind != RelationKind::Sequence {
                    let message = format!("\"{}\" is not a sequence", key.shown());
                    self.say(
                        target.range(),
                        Said::new("wrong-object-type", "42809", message).note(self.origin(&key)),
                    );
                    return Some(());
                }
                if parse::within(node, "SeqOptElem").any(|it| parse::starts(it, &["owned"])) {
                    let owner = self.owner(node);
                    self.change(&key, |relation| relation.owner = owner);
                }
            }
            Found::Missing(key, gone) if !parse::has(node, &["if", "exists"]) => {
                self.missing_relation(
                    target.range(),
                    "relation",
                    "42P01",
                    &key,
                    &name,
                    gone.as_deref(),
                );
            }
            _ => {}
        }
        Some(())
    }
}
