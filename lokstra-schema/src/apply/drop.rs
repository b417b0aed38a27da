//! `DROP` of everything but routines.

use lokstra_grammar::Node;

use super::alter_table::cascades;
use super::report::Said;
use super::{Followed, Found, Replay};
use crate::catalog::{Class, Dependency, Key, ObjectKind, Relation, RelationKind, Slot};
use crate::names::Name;
use crate::parse;

/// What `DROP` calls each kind, and the code of one that is not there.
const KINDS: [(&str, RelationKind, &str); 6] = [
    ("table", RelationKind::Table, "42P01"),
    ("foreign table", RelationKind::ForeignTable, "42P01"),
    ("view", RelationKind::View, "42P01"),
    ("materialized view", RelationKind::MaterializedView, "42P01"),
    ("index", RelationKind::Index, "42704"),
    ("sequence", RelationKind::Sequence, "42P01"),
];

impl Replay<'_> {
    pub(crate) fn drop_statement(&mut self, node: Node<'_>) -> Followed {
        let words = parse::tokens(node);
        let behind = &words[1..];
        let starts = |text: &str| text.split(' ').zip(behind).all(|(one, other)| one == other);
        if let Some((word, kind, code)) = KINDS.iter().find(|(word, ..)| starts(word)) {
            return self.drop_relations(node, word, *kind, code);
        }
        if starts("type") || starts("domain") {
            return self.drop_types(node, behind[0].as_str());
        }
        if starts("schema") {
            return self.drop_schemas(node);
        }
        if starts("extension") {
            // What it brought is gone or not, as far as the model knows.
            for name in parse::within(node.child("name_list")?, "name").filter_map(parse::ident) {
                self.catalog.set(Key::new(Class::Extension, "", &name), Slot::Open);
            }
            if cascades(node) {
                self.open_users_of_extensions();
                // The functions of a language go with it.
                self.open_routines();
            }
            return Some(());
        }
        if ["trigger", "policy", "rule"].iter().any(|word| starts(word)) {
            return self.drop_part(node, behind[0].as_str());
        }
        let others = [
            "statistics",
            "publication",
            "collation",
            "conversion",
            "text",
            "access",
            "event",
            "server",
            "language",
            "procedural",
            "foreign",
        ];
        others.iter().any(|word| starts(word)).then_some(())
    }

    /// All routines may be gone.
    fn open_routines(&mut self) {
        let keys = self.catalog.of_class(Class::Routine);
        let keys: Vec<_> =
            keys.filter(|(_, slot)| slot.is_known()).map(|(key, _)| key.clone()).collect();
        for key in keys {
            self.catalog.open(key);
        }
    }

    fn drop_relations(
        &mut self,
        node: Node<'_>,
        word: &str,
        kind: RelationKind,
        code: &'static str,
    ) -> Followed {
        let is_lenient = parse::has(node, &["if", "exists"]);
        let names: Vec<_> = parse::within(node, "any_name").collect();
        let (mut found, mut open): (Vec<(Key, Node<'_>)>, Vec<Name>) = (Vec::new(), Vec::new());
        for at in names {
            let name = parse::name(at)?;
            match self.find(Class::Relation, &name) {
                // Named twice, it goes once.
                Found::Known(key) if found.iter().any(|(other, _)| *other == key) => {}
                Found::Known(key) => found.push((key, at)),
                Found::Open => open.push(name),
                Found::Missing(..) if is_lenient => {}
                Found::Missing(key, gone) => {
                    self.missing_relation(at.range(), word, code, &key, &name, gone.as_deref());
                }
            }
        }
        // Whether it was there or not, it is not there behind this.
        for name in open {
            self.drop_open(&name, cascades(node));
        }
        found.retain(|(key, at)| {
            let other = self.at(key).map_or(kind, |it| it.kind);
            if other != kind {
                let an = if word == "index" { "an" } else { "a" };
                let message = format!("\"{}\" is not {an} {word}", key.shown());
                let help = format!("write DROP {} {}", other.word().to_uppercase(), key.shown());
                let said = Said::new("wrong-object-type", "42809", message)
                    .note(self.origin(key))
                    .help(help);
                self.say(at.range(), said);
            }
            other == kind
        });
        if kind == RelationKind::Index {
            found.retain(|(key, at)| self.is_free_index(key, *at));
        }
        let gone: Vec<_> = found
            .iter()
            .filter_map(|(key, _)| Some(Dependency { id: self.id(key)?, column: None }))
            .collect();
        let Some((first, at)) = found.first().cloned() else { return Some(()) };
        let what = format!("{word} {}", first.shown());
        if self.release_all(&gone, &what, cascades(node), at) {
            for (key, _) in &found {
                self.forget(key);
            }
        }
        Some(())
    }

    /// A name that may have been there is gone.
    fn drop_open(&mut self, name: &Name, is_cascade: bool) {
        let Some(key) = self.new_key(Class::Relation, name, false) else { return };
        let gone = crate::catalog::Gone { place: self.place, renamed: None };
        // A temporary table of this name may have gone in its place.
        let is_certain = name.schema.is_some()
            || self
                .catalog
                .slot(&Key::new(Class::Relation, crate::catalog::TEMPORARY, &name.name))
                .is_none()
                && self.path.as_ref().is_some_and(|path| path.len() == 1);
        let is_open = self.catalog.is_open_name(&name.name);
        if is_certain && !is_open {
            self.catalog.set(key, Slot::Gone(gone.into()));
        } else if self.catalog.known(&key).is_some() {
            self.catalog.open(key);
        }
        if is_cascade {
            self.open_all_dependents();
        }
    }

    /// What may need an object that is not followed.
    fn open_all_dependents(&mut self) {
        let keys = self.catalog.objects().filter(|(_, object)| match &object.kind {
            ObjectKind::Relation(relation) => {
                relation.uses.is_open || !relation.uses.certain.is_empty()
            }
            ObjectKind::Routines(routines) => routines.iter().any(|it| it.uses.is_open),
            _ => false,
        });
        let keys: Vec<_> = keys.map(|(key, _)| key.clone()).collect();
        for key in keys {
            self.catalog.open(key);
        }
        let may_need = |relation: &Relation| {
            relation.has_open_columns
                || relation.has_open_constraints
                || relation.constraints.iter().any(|it| it.is_open)
        };
        let keys = self.catalog.relations().filter(|(_, _, it)| may_need(it));
        let keys: Vec<_> = keys.map(|(key, ..)| key.clone()).collect();
        for key in keys {
            self.catalog.open(key);
        }
    }

    /// Reports an index that a constraint has.
    fn is_free_index(&mut self, key: &Key, at: Node<'_>) -> bool {
        let Some(index) = self.at(key).and_then(|it| it.index.clone()) else { return true };
        if !index.is_constraint {
            return true;
        }
        let Some((table, _)) = self.catalog.by_id(index.table) else { return true };
        let table = table.clone();
        if self.at(&table).and_then(|it| it.constraint(&key.name)).is_none() {
            return true;
        }
        let message = format!(
            "cannot drop index {} because constraint {} on table {} requires it",
            key.shown(),
            key.name,
            table.shown()
        );
        let help = format!("ALTER TABLE {} DROP CONSTRAINT {};", table.shown(), key.name);
        self.say(
            at.range(),
            Said::new("dependent-objects", "2BP01", message).note(self.origin(&table)).help(help),
        );
        false
    }

    fn drop_schemas(&mut self, node: Node<'_>) -> Followed {
        let is_lenient = parse::has(node, &["if", "exists"]);
        let is_cascade = cascades(node);
        for at in parse::within(node.child("name_list")?, "name") {
            let name = parse::ident(at)?;
            let key = Key::new(Class::Schema, "", &name);
            match self.catalog.slot(&key) {
                Some(Slot::Gone(gone)) if !is_lenient => {
                    let gone = gone.clone();
                    let said = Said::new(
                        "undefined-schema",
                        "3F000",
                        format!("schema \"{name}\" does not exist"),
                    )
                    .note(self.fate(&name, &gone));
                    self.say(at.range(), said);
                }
                Some(Slot::Gone(_)) => {}
                _ => {
                    let inside: Vec<_> = self
                        .catalog
                        .objects()
                        .filter(|(key, _)| key.schema == name && key.class != Class::Any)
                        .map(|(key, object)| (key.clone(), object.made))
                        .collect();
                    if let Some((first, made)) = inside.first()
                        && !is_cascade
                    {
                        let message =
                            format!("cannot drop schema {name} because other objects depend on it");
                        let note =
                            format!("{} is in it, created in {}", first.shown(), self.line(*made));
                        let said =
                            Said::new("dependent-objects", "2BP01", message).note(note).help(
                                "drop what is in it first, or write CASCADE, which drops it too"
                                    .to_owned(),
                            );
                        self.say(at.range(), said);
                        continue;
                    }
                    for (key, _) in inside {
                        if let Some(id) = self.id(&key) {
                            self.release(Dependency { id, column: None }, "", true, at);
                        }
                        self.forget(&key);
                    }
                    let open: Vec<_> = self
                        .catalog
                        .slots()
                        .filter(|(key, slot)| key.schema == name && matches!(slot, Slot::Open))
                        .map(|(key, _)| key.clone())
                        .collect();
                    let gone = crate::catalog::Gone { place: self.place, renamed: None };
                    let gone = std::rc::Rc::new(gone);
                    for key in open {
                        self.catalog.set(key, Slot::Gone(gone.clone()));
                    }
                    self.catalog.set(key, Slot::Gone(gone));
                }
            }
        }
        Some(())
    }

    /// `DROP TRIGGER a ON b`, and the same for policies and rules.
    fn drop_part(&mut self, node: Node<'_>, word: &str) -> Followed {
        let is_lenient = parse::has(node, &["if", "exists"]);
        let (at, table) = (node.child("name")?, node.child("any_name")?);
        let name = parse::ident(at)?;
        let table_name = parse::name(table)?;
        let key = match self.find(Class::Relation, &table_name) {
            Found::Known(key) => key,
            Found::Missing(key, gone) if !is_lenient => {
                self.missing_relation(
                    table.range(),
                    "relation",
                    "42P01",
                    &key,
                    &table_name,
                    gone.as_deref(),
                );
                return Some(());
            }
            _ => return Some(()),
        };
        let relation = self.at(&key)?;
        let parts = match word {
            "trigger" => &relation.triggers,
            "policy" => &relation.policies,
            _ => &relation.rules,
        };
        let is_there = parts.iter().any(|it| it.name == name);
        let is_open = relation.has_open_constraints || !relation.parents.is_empty();
        if !is_there && !is_open && !is_lenient {
            let preposition = if word == "trigger" { "table" } else { "relation" };
            let message =
                format!("{word} \"{name}\" for {preposition} \"{}\" does not exist", key.shown());
            let near = crate::names::nearest(&name, parts.iter().map(|it| it.name.as_str()));
            let help = near.map(|near| format!("did you mean `{near}`?"));
            self.say(
                at.range(),
                Said::new("undefined-object", "42704", message).note(self.origin(&key)).help(help),
            );
        }
        self.change(&key, |relation| {
            let parts = match word {
                "trigger" => &mut relation.triggers,
                "policy" => &mut relation.policies,
                _ => &mut relation.rules,
            };
            parts.retain(|it| it.name != name);
        });
        Some(())
    }
}
