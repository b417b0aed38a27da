//! Checks, exclusions and the names of constraints.

use std::ops::Range;

use lokstra_grammar::Node;

use super::alter::cascades;
use crate::apply::{Followed, Replay, Said};
use crate::catalog::{Class, Constraint, ConstraintKind, Key, Slot, Uses};
use crate::parse;

impl Replay<'_> {
    /// Adds a `ConstraintElem`, or the `ColConstraintElem` of a column.
    pub(crate) fn add_constraint(
        &mut self,
        key: &Key,
        node: Node<'_>,
        given: Option<String>,
        column: Option<&str>,
        is_open: bool,
    ) -> Followed {
        let word = node.tree().token(node.tokens().start).to_ascii_lowercase();
        let own = || column.map(|column| vec![(column.to_owned(), node.range())]);
        match word.as_str() {
            "primary" | "unique" => {
                let kind = match word.as_str() {
                    "primary" => ConstraintKind::Primary,
                    _ => ConstraintKind::Unique,
                };
                if node.child("ExistingIndex").is_some() {
                    return self.adopt_index(key, node, given, kind);
                }
                let columns = match own() {
                    Some(columns) => columns,
                    None => parse::columns(node.child("columnList")?)?,
                };
                self.add_key(key, node, given, kind, &columns, is_open)
            }
            "references" | "foreign" => self.add_foreign_key(key, node, given, own(), is_open),
            "check" => {
                let uses = self.expression(node, Some(key));
                let id = self.id(key)?;
                let columns: Vec<_> = uses
                    .certain
                    .iter()
                    .filter(|it| it.id == id)
                    .filter_map(|it| it.column)
                    .collect();
                self.check_name(key, node, given, columns, &uses, is_open);
                Some(())
            }
            "exclude" => {
                self.within_table(key, node);
                self.change(key, |relation| relation.has_open_constraints = true);
                let made = self.place;
                let constraint = Constraint {
                    name: given.clone(),
                    kind: ConstraintKind::Exclude,
                    columns: Vec::new(),
                    is_open: true,
                    target: None,
                    is_deferrable: false,
                    made,
                };
                if let Some(name) = given {
                    self.new_constraint_name(key, node.range(), &name)?;
                    self.catalog.set(Key::new(Class::Relation, &key.schema, &name), Slot::Open);
                }
                self.change(key, |relation| relation.constraints.push(constraint));
                Some(())
            }
            "not" if given.is_some() || column.is_none() => {
                let made = self.place;
                let constraint = Constraint {
                    name: given,
                    kind: ConstraintKind::NotNull,
                    columns: Vec::new(),
                    is_open: true,
                    target: None,
                    is_deferrable: false,
                    made,
                };
                self.change(key, |relation| relation.constraints.push(constraint));
                Some(())
            }
            "default" | "generated" => {
                let uses = self.expression(node, Some(key));
                let column = column?;
                self.value_fits(key, column, node);
                self.change(key, |relation| {
                    if let Some(column) = relation.column_mut(column) {
                        column.uses.certain.extend(uses.certain);
                        column.uses.is_open |= uses.is_open;
                    }
                });
                Some(())
            }
            _ => Some(()),
        }
    }

    fn check_name(
        &mut self,
        key: &Key,
        node: Node<'_>,
        given: Option<String>,
        mut columns: Vec<u32>,
        uses: &Uses,
        is_open: bool,
    ) {
        if let Some(name) = &given
            && self.new_constraint_name(key, node.range(), name).is_none()
        {
            return;
        }
        columns.sort_unstable();
        columns.dedup();
        let column = match columns[..] {
            [one] => self.at(key).and_then(|it| it.number(one)).map(|it| it.name.clone()),
            _ => None,
        };
        let invent = || {
            let is_certain = !uses.is_open && !is_open;
            is_certain
                .then(|| self.choose_constraint(key, column.as_deref().unwrap_or(""), "check"))
        };
        let name = given.or_else(|| invent().flatten());
        let is_nameless = name.is_none();
        let made = self.place;
        let constraint = Constraint {
            name,
            kind: ConstraintKind::Check,
            columns,
            is_open: uses.is_open,
            target: None,
            is_deferrable: false,
            made,
        };
        self.change(key, |relation| {
            relation.has_open_constraints |= is_nameless;
            relation.constraints.push(constraint);
        });
    }

    /// A free name for a constraint without an index.
    pub(crate) fn choose_constraint(
        &self,
        key: &Key,
        columns: &str,
        label: &str,
    ) -> Option<String> {
        if self.at(key)?.has_open_constraints {
            return None;
        }
        let is_taken = |name: &str| self.catalog.has_constraint(&key.schema, name);
        (0..1_000)
            .map(|attempt| match attempt {
                0 => label.to_owned(),
                attempt => format!("{label}{attempt}"),
            })
            .map(|label| crate::names::invented(&key.name, columns, &label))
            .find(|name| !is_taken(name))
    }

    /// Reports the name of a constraint that the table has already.
    pub(crate) fn new_constraint_name(
        &mut self,
        key: &Key,
        at: Range<usize>,
        name: &str,
    ) -> Followed {
        let taken = self.at(key)?.constraint(name).filter(|it| it.kind != ConstraintKind::NotNull);
        let Some(taken) = taken else { return Some(()) };
        let line = self.line(taken.made);
        let message =
            format!("constraint \"{name}\" for relation \"{}\" already exists", key.shown());
        let said = Said::new("duplicate-object", "42710", message)
            .note(format!("{name} was created in {line}"));
        self.say(at, said);
        self.change(key, |relation| relation.has_open_constraints = true);
        None
    }

    pub(super) fn drop_constraint(&mut self, key: &Key, node: Node<'_>) -> Followed {
        let at = node.child("name")?;
        let name = parse::ident(at)?;
        let is_lenient = parse::has(node, &["if", "exists"]);
        let relation = self.at(key)?;
        let Some(constraint) = relation.constraint(&name).cloned() else {
            if !is_lenient {
                self.need_constraint(key, at);
            }
            self.change(key, |relation| relation.drop_nameless(&name));
            return Some(());
        };
        if constraint.kind == ConstraintKind::NotNull {
            return None;
        }
        if matches!(constraint.kind, ConstraintKind::Primary | ConstraintKind::Unique) {
            let id = self.id(key)?;
            if !self.release_key(key, id, &constraint, cascades(node), at) {
                return Some(());
            }
            let index = Key::new(Class::Relation, &key.schema, &name);
            self.forget(&index);
        }
        if constraint.kind == ConstraintKind::Exclude {
            self.forget(&Key::new(Class::Relation, &key.schema, &name));
        }
        self.change(key, |relation| {
            relation.constraints.retain(|it| it.name.as_deref() != Some(name.as_str()));
        });
        Some(())
    }

    /// Reports a constraint that the table does not have, for certain.
    pub(crate) fn need_constraint(&mut self, key: &Key, at: Node<'_>) -> Followed {
        let name = parse::ident(at)?;
        let relation = self.at(key)?;
        let is_open = relation.has_open_constraints
            || !relation.parents.is_empty()
            || relation.constraint(&name).is_some()
            // PostgreSQL 18 has constraints of these names.
            || name.contains("not_null");
        if is_open {
            return Some(());
        }
        let names: Vec<_> =
            relation.constraints.iter().filter_map(|it| it.name.as_deref()).collect();
        let near = crate::names::nearest(&name, names.iter().copied());
        let help = near.map(|near| format!("did you mean `{near}`?"));
        let note = if names.is_empty() {
            format!("{} has no constraint", key.shown())
        } else {
            format!("the constraints of {}: {}", key.shown(), names.join(", "))
        };
        let message =
            format!("constraint \"{name}\" of relation \"{}\" does not exist", key.shown());
        let said = Said::new("undefined-object", "42704", message).note(note).help(help);
        self.say(at.range(), said);
        self.change(key, |relation| relation.has_open_constraints = true);
        Some(())
    }
}
