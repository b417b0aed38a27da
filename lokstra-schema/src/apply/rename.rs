//! `RENAME` and `SET SCHEMA`.

use lokstra_grammar::Node;

use super::report::Said;
use super::{Followed, Found, Replay};
use crate::catalog::{Class, ConstraintKind, Gone, Key, Object, ObjectKind, RelationKind, Slot};
use crate::parse;

impl Replay<'_> {
    pub(crate) fn rename(&mut self, node: Node<'_>) -> Followed {
        let words = parse::tokens(node);
        let is = |text: &str| text.split(' ').zip(&words).all(|(one, other)| one == other);
        let is_lenient = parse::has(node, &["if", "exists"]);
        let names = parse::all(node, "name");
        let new = names.last().copied();
        if is("alter schema") {
            // All names in it have another schema.
            self.catalog.open_all();
            return Some(());
        }
        if is("alter type") || is("alter domain") {
            return self.rename_type(node);
        }
        let kinds = ["table", "foreign table", "view", "materialized view", "index", "sequence"];
        if ["trigger", "policy", "rule"].iter().any(|word| is(&format!("alter {word}"))) {
            return self.rename_part(node, &words[1]);
        }
        if !kinds.iter().any(|kind| is(&format!("alter {kind}"))) {
            return None;
        }
        let target = node
            .child("relation_expr")
            .and_then(parse::target)
            .or_else(|| node.child("qualified_name"))?;
        let name = parse::name(target)?;
        let key = match self.find(Class::Relation, &name) {
            Found::Known(key) => key,
            Found::Open => {
                // The name is free, and the other one is open.
                self.catalog.open_name(&parse::ident(new?)?);
                if let Some(key) = self.new_key(Class::Relation, &name, false) {
                    self.catalog.open(key);
                }
                return Some(());
            }
            Found::Missing(..) if is_lenient => return Some(()),
            Found::Missing(key, gone) => {
                self.missing_relation(
                    target.range(),
                    "relation",
                    "42P01",
                    &key,
                    &name,
                    gone.as_deref(),
                );
                if let Some(new) = new.and_then(parse::ident) {
                    self.catalog.open_name(&new);
                }
                return Some(());
            }
        };
        let new_name = parse::ident(new?)?;
        if parse::has(node, &["constraint"]) {
            return self.rename_constraint(&key, names[0], &new_name, new?);
        }
        if names.len() == 2 {
            return self.rename_column(&key, names[0], &new_name, new?);
        }
        let to = Key::new(Class::Relation, &key.schema, &new_name);
        if self.catalog.known(&to).is_some() {
            self.duplicate(new?.range(), &to, "relation", ("duplicate-table", "42P07"));
            return Some(());
        }
        self.move_key(&key, &to);
        // The constraint of an index has its name.
        if let Some(index) = self.at(&to).and_then(|it| it.index.clone()) {
            let table = self.catalog.by_id(index.table).map(|(key, _)| key.clone());
            if let Some(table) = table {
                self.change(&table, |relation| {
                    let constraints = relation.constraints.iter_mut().filter(|it| {
                        matches!(it.kind, ConstraintKind::Primary | ConstraintKind::Unique)
                            && it.name.as_deref() == Some(key.name.as_str())
                    });
                    for constraint in constraints {
                        constraint.name = Some(new_name.clone());
                    }
                });
            }
        }
        Some(())
    }

    /// Gives a known object another name or schema.
    pub(crate) fn move_key(&mut self, from: &Key, to: &Key) {
        let Some(slot) = self.catalog.slot(from).cloned() else { return };
        let renamed =
            if from.schema == to.schema { to.name.clone() } else { to.shown().to_string() };
        let gone = Gone { place: self.place, renamed: Some(renamed) };
        self.catalog.set(from.clone(), Slot::Gone(gone.into()));
        self.catalog.set(to.clone(), slot);
    }

    fn rename_column(&mut self, key: &Key, old: Node<'_>, new: &str, at: Node<'_>) -> Followed {
        let name = parse::ident(old)?;
        let kind = self.at(key)?.kind;
        if kind == RelationKind::Index {
            return Some(());
        }
        let Some(_) = self.need_column(old.range(), key, &name) else {
            self.change(key, |relation| relation.has_open_columns = true);
            return Some(());
        };
        if let Some(taken) = self.at(key)?.column(new) {
            let line = self.line(taken.made);
            let message =
                format!("column \"{new}\" of relation \"{}\" already exists", key.shown());
            let said = Said::new("duplicate-column", "42701", message)
                .note(format!("{new} was added in {line}"));
            self.say(at.range(), said);
            return Some(());
        }
        let gone = Gone { place: self.place, renamed: Some(new.to_owned()) };
        self.catalog.set(Key::new(Class::Any, &key.name, &name), Slot::Gone(gone.into()));
        let mut keys = self.children(key);
        keys.push(key.clone());
        for key in keys {
            self.change(&key, |relation| {
                if let Some(column) = relation.column_mut(&name) {
                    new.clone_into(&mut column.name);
                }
            });
        }
        Some(())
    }

    fn rename_constraint(&mut self, key: &Key, old: Node<'_>, new: &str, at: Node<'_>) -> Followed {
        let name = parse::ident(old)?;
        let Some(constraint) = self.at(key)?.constraint(&name).cloned() else {
            self.need_constraint(key, old);
            self.change(key, |relation| {
                relation.has_open_constraints = true;
                relation.drop_nameless(&name);
            });
            return Some(());
        };
        self.new_constraint_name(key, at.range(), new)?;
        if matches!(constraint.kind, ConstraintKind::Primary | ConstraintKind::Unique) {
            let (from, to) = (
                Key::new(Class::Relation, &key.schema, &name),
                Key::new(Class::Relation, &key.schema, new),
            );
            if self.catalog.known(&to).is_some() {
                self.duplicate(at.range(), &to, "relation", ("duplicate-table", "42P07"));
                return Some(());
            }
            self.move_key(&from, &to);
        }
        self.change(key, |relation| {
            for constraint in &mut relation.constraints {
                if constraint.name.as_deref() == Some(name.as_str()) {
                    constraint.name = Some(new.to_owned());
                }
            }
        });
        Some(())
    }

    fn rename_part(&mut self, node: Node<'_>, word: &str) -> Followed {
        let names = parse::all(node, "name");
        let [old, new] = names[..] else { return None };
        let (old_name, new_name) = (parse::ident(old)?, parse::ident(new)?);
        let Some(key) = self.relation(node.child("qualified_name")?) else { return Some(()) };
        let is_open = self.at(&key)?.has_open_constraints || !self.at(&key)?.parents.is_empty();
        let is_found = self.change(&key, |relation| {
            let parts = match word {
                "trigger" => &mut relation.triggers,
                "policy" => &mut relation.policies,
                _ => &mut relation.rules,
            };
            let found = parts.iter_mut().find(|it| it.name == old_name);
            found.map(|found| found.name = new_name).is_some()
        })?;
        if !is_found && !is_open {
            let message =
                format!("{word} \"{old_name}\" for table \"{}\" does not exist", key.shown());
            self.say(
                old.range(),
                Said::new("undefined-object", "42704", message).note(self.origin(&key)),
            );
        }
        Some(())
    }

    fn rename_type(&mut self, node: Node<'_>) -> Followed {
        // Attributes, values and constraints are not followed.
        if parse::has(node, &["attribute"])
            || parse::has(node, &["constraint"])
            || parse::has(node, &["value"])
        {
            return None;
        }
        let target = node.child("any_name")?;
        let name = parse::name(target)?;
        let new = parse::ident(node.child("name")?)?;
        match self.find(Class::Type, &name) {
            Found::Known(key) => {
                let to = Key::new(Class::Type, &key.schema, &new);
                if self.catalog.known(&to).is_some() {
                    self.duplicate(
                        node.child("name")?.range(),
                        &to,
                        "type",
                        ("duplicate-object", "42710"),
                    );
                    return Some(());
                }
                self.move_key(&key, &to);
            }
            Found::Open => self.catalog.open_name(&new),
            Found::Missing(..) => return None,
        }
        Some(())
    }

    /// `ALTER … SET SCHEMA`.
    pub(crate) fn set_schema(&mut self, node: Node<'_>) -> Followed {
        let words = parse::tokens(node);
        let is_relation =
            matches!(words[1].as_str(), "table" | "view" | "materialized" | "sequence" | "foreign")
                && words[2] != "data";
        if !is_relation {
            return None;
        }
        let target = node
            .child("relation_expr")
            .and_then(parse::target)
            .or_else(|| node.child("qualified_name"))?;
        let name = parse::name(target)?;
        let schema = parse::ident(*parse::all(node, "name").last()?)?;
        if schema.starts_with("pg_") {
            self.catalog.open_name(&name.name);
            return Some(());
        }
        match self.find(Class::Relation, &name) {
            Found::Known(key) => {
                let to = Key::new(Class::Relation, &schema, &key.name);
                let id = self.id(&key)?;
                // Its indexes and sequences go with it.
                let belongs = |object: &Object| match &object.kind {
                    ObjectKind::Relation(relation) => {
                        relation.index.as_ref().is_some_and(|it| it.table == id)
                            || relation.owner.is_some_and(|it| it.id == id)
                    }
                    _ => false,
                };
                let parts = self.catalog.around(id).filter(|(_, object)| belongs(object));
                let parts: Vec<_> = parts.map(|(key, _)| key.clone()).collect();
                for part in parts {
                    let to = Key::new(Class::Relation, &schema, &part.name);
                    self.move_key(&part, &to);
                }
                self.move_key(&key, &to);
            }
            Found::Open => self.catalog.open_name(&name.name),
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
            Found::Missing(..) => {}
        }
        Some(())
    }
}
