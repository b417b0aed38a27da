//! Columns that `ALTER TABLE` adds, drops and changes.

use lokstra_grammar::Node;

use super::alter::cascades;
use super::columns::of_type;
use crate::apply::{Followed, Replay, Said};
use crate::catalog::{Class, Column, Dependency, Gone, Key, Relation, Slot};
use crate::parse;

impl Replay<'_> {
    pub(super) fn add_column(
        &mut self,
        key: &Key,
        node: Node<'_>,
        definition: Node<'_>,
    ) -> Followed {
        let defined = self.column(definition)?;
        let is_lenient = parse::has(node, &["if", "not", "exists"]);
        let name = defined.column.name.clone();
        let at = definition.child("ColId")?.range();
        let relation = self.at(key)?;
        let (has_open, has_rows, is_partition) =
            (relation.has_open_columns, relation.has_rows, relation.is_partition);
        if let Some(known) = relation.column(&name) {
            if is_lenient {
                return Some(());
            }
            let line = self.line(known.made);
            let message =
                format!("column \"{name}\" of relation \"{}\" already exists", key.shown());
            let said = Said::new("duplicate-column", "42701", message)
                .note(format!("{name} was added in {line}"));
            self.say(at, said);
            return Some(());
        }
        // There may be a column of this name, and then nothing happens.
        let is_open = is_lenient && has_open;
        let was_muted = self.is_muted;
        self.is_muted |= is_open;
        if is_partition {
            let message = "cannot add column to a partition".to_owned();
            self.say(at, Said::new("wrong-object-type", "42809", message).note(self.origin(key)));
            return Some(());
        }
        let column = defined.column;
        if column.is_not_null
            && !column.has_default
            && !has_open
            && let Some(rows) = has_rows
        {
            let message =
                format!("column \"{name}\" of relation \"{}\" contains null values", key.shown());
            let said = Said::new("not-null-violation", "23502", message)
                .note(format!("{} has rows since {}", key.shown(), self.line(rows)))
                .help("give the column a DEFAULT, or add it without NOT NULL, fill it, and then SET NOT NULL".to_owned());
            self.say(definition.range(), said);
        }
        let children = self.children(key);
        let ty = column.ty.clone();
        let number = self.change(key, |relation| {
            let number = relation.next_column;
            relation.next_column += 1;
            relation.columns.push(Column { number, ..column.clone() });
            number
        })?;
        for child in children {
            self.change(&child, |relation| {
                if relation.column(&name).is_none() {
                    let number = relation.next_column;
                    relation.next_column += 1;
                    relation.columns.push(Column {
                        number,
                        ty: ty.clone(),
                        is_inherited: true,
                        ..column.clone()
                    });
                }
            });
        }
        if defined.has_sequence {
            self.make_sequence(key, number, &name, is_open || defined.is_sequence_open);
        }
        for (given, constraint) in defined.constraints {
            self.add_constraint(key, constraint, given, Some(&name), is_open)?;
        }
        self.is_muted = was_muted;
        Some(())
    }

    pub(super) fn drop_column(&mut self, key: &Key, node: Node<'_>, at: Node<'_>) -> Followed {
        let name = parse::ident(at)?;
        let is_lenient = parse::has(node, &["if", "exists"]);
        let relation = self.at(key)?;
        let Some(column) = relation.column(&name) else {
            if relation.may_have(&name) {
                self.release_open_column(key, cascades(node));
            } else if !is_lenient {
                self.need_column(at.range(), key, &name);
            }
            return Some(());
        };
        if column.is_inherited && !relation.parents.is_empty() {
            let message = format!("cannot drop inherited column \"{name}\"");
            self.say(
                at.range(),
                Said::new("invalid-table-definition", "42P16", message).note(self.origin(key)),
            );
            return Some(());
        }
        let number = column.number;
        let id = self.id(key)?;
        let is_cascade = cascades(node);
        let dependency = Dependency { id, column: Some(number) };
        let what = format!("column {name} of table {}", key.shown());
        if !self.release(dependency, &what, is_cascade, at) {
            return Some(());
        }
        self.remove_column(key, number, &name);
        let is_only = self.is_only;
        for child in self.children(key) {
            let parents = self.at(&child).map_or(0, |it| it.parents.len());
            if is_only || parents > 1 {
                // The column stays, as its own or as another parent's.
                self.change(&child, |relation| {
                    relation.has_open_columns = true;
                    if let Some(column) = relation.column_mut(&name) {
                        column.is_inherited = false;
                    }
                });
                continue;
            }
            let inherited =
                self.at(&child).and_then(|it| it.column(&name)).filter(|it| it.is_inherited);
            if let Some(number) = inherited.map(|it| it.number) {
                self.remove_column(&child, number, &name);
            }
        }
        Some(())
    }

    pub(crate) fn remove_column(&mut self, key: &Key, number: u32, name: &str) {
        let gone = Gone { place: self.place, renamed: None };
        self.catalog.set(Key::new(Class::Any, &key.name, name), Slot::Gone(gone.into()));
        self.change(key, |relation| {
            relation.columns.retain(|column| column.number != number);
            relation.constraints.retain(|it| !it.columns.contains(&number));
            // A constraint that may be about the column may be gone.
            relation.has_open_constraints |= relation.constraints.iter().any(|it| it.is_open);
        });
    }

    pub(super) fn alter_column(
        &mut self,
        key: &Key,
        node: Node<'_>,
        at: Node<'_>,
        name: &str,
    ) -> Followed {
        let number = self.need_column(at.range(), key, name);
        if let Some(ty) = node.child("Typename") {
            let ty = self.type_of(ty);
            let number = number?;
            let id = self.id(key)?;
            self.check_type_change(key, at, Dependency { id, column: Some(number) }, name);
            if node.child("alter_using").is_none() {
                self.type_converts(node, key, name, &ty);
            }
            let mut keys = self.children(key);
            keys.push(key.clone());
            for key in keys {
                self.change(&key, |relation| {
                    if let Some(column) = relation.column_mut(name) {
                        column.uses.certain.retain(|it| it.column.is_some());
                        column.uses.certain.extend(of_type(&ty));
                        column.ty = ty.clone();
                    }
                });
            }
            return Some(());
        }
        let is_set = parse::has(node, &["set", "not", "null"]);
        let is_unset = parse::has(node, &["drop", "not", "null"]);
        let default = node.child("alter_column_default");
        if let Some(default) = default.filter(|it| parse::starts(*it, &["set"])) {
            let uses = self.expression(default, Some(key));
            self.value_fits(key, name, default);
            self.change(key, |relation| {
                if let Some(column) = relation.column_mut(name) {
                    column.has_default = true;
                    column.uses.certain.extend(uses.certain);
                }
            });
        } else if default.is_some() {
            self.change(key, |relation| {
                if let Some(column) = relation.column_mut(name) {
                    column.has_default = false;
                    let ty = of_type(&column.ty);
                    column.uses.certain.clear();
                    column.uses.certain.extend(ty);
                }
            });
        } else if is_set || is_unset {
            self.change(key, |relation| {
                if let Some(column) = relation.column_mut(name) {
                    column.is_not_null = is_set;
                }
            });
        } else if parse::has(node, &["identity"]) || has_any(node, &["generated", "expression"]) {
            return self.alter_identity(key, node, name, number);
        }
        Some(())
    }

    fn alter_identity(
        &mut self,
        key: &Key,
        node: Node<'_>,
        name: &str,
        number: Option<u32>,
    ) -> Followed {
        let is_added = parse::has(node, &["add"]);
        let is_dropped =
            parse::has(node, &["drop", "identity"]) || parse::has(node, &["drop", "expression"]);
        self.change(key, |relation| {
            if let Some(column) = relation.column_mut(name) {
                column.is_identity = is_added;
                column.has_default = !is_dropped;
                column.is_generated &= !is_dropped;
                if is_dropped {
                    column.uses.certain = of_type(&column.ty).into_iter().collect();
                }
            }
        });
        if is_added {
            self.make_sequence(
                key,
                number?,
                name,
                node.text().to_ascii_lowercase().contains("name"),
            );
        } else if is_dropped {
            // Its sequence goes.
            let owner = Dependency { id: self.id(key)?, column: number };
            let owned = |relation: &Relation| relation.owner == Some(owner);
            let keys: Vec<_> = self
                .catalog
                .relations_around(owner.id)
                .filter(|(_, _, it)| owned(it))
                .map(|(key, ..)| key.clone())
                .collect();
            for key in keys {
                self.catalog.open(key);
            }
        }
        Some(())
    }
}

/// Whether one of these words stands in a command.
fn has_any(node: Node<'_>, words: &[&str]) -> bool {
    parse::tokens(node).iter().any(|token| words.contains(&token.as_str()))
}
