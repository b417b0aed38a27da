//! Keys, checks and exclusions of a table.

use std::ops::Range;

use lokstra_grammar::Node;

use super::report::Said;
use super::{Followed, Replay};
use crate::catalog::{
    Class, Constraint, ConstraintKind, Index, Key, ObjectKind, Relation, RelationKind, Slot, Uses,
};
use crate::names::joined;
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
        columns: Vec<u32>,
        uses: &Uses,
        is_open: bool,
    ) {
        if let Some(name) = &given
            && self.new_constraint_name(key, node.range(), name).is_none()
        {
            return;
        }
        let mut distinct = columns.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let column = match distinct[..] {
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
            columns: distinct,
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

    /// A primary key or unique constraint with an index of its own.
    fn add_key(
        &mut self,
        key: &Key,
        node: Node<'_>,
        given: Option<String>,
        kind: ConstraintKind,
        columns: &[(String, Range<usize>)],
        is_open: bool,
    ) -> Followed {
        let relation = self.at(key)?;
        let mut numbers = Vec::new();
        for (column, at) in columns {
            match relation.column(column) {
                Some(found) => numbers.push(found.number),
                None if relation.may_have(column) => {}
                None => {
                    let message = format!("column \"{column}\" named in key does not exist");
                    self.missing_column(at.clone(), key, column, message);
                    return Some(());
                }
            }
        }
        let is_complete = numbers.len() == columns.len();
        if kind == ConstraintKind::Primary {
            let first = relation.constraints.iter().find(|it| it.kind == ConstraintKind::Primary);
            if let Some(first) = first.map(|it| it.made).filter(|_| !is_open) {
                let message =
                    format!("multiple primary keys for table \"{}\" are not allowed", key.shown());
                let note = format!("{} has a primary key since {}", key.shown(), self.line(first));
                self.say(
                    node.range(),
                    Said::new("invalid-table-definition", "42P16", message).note(note),
                );
                return Some(());
            }
        }
        // A key of the same columns that the same statement has made is this one.
        let place = self.place;
        let is_again = given.is_none()
            && relation.constraints.iter().any(|it| {
                it.made == place
                    && matches!(it.kind, ConstraintKind::Primary | ConstraintKind::Unique)
                    && it.columns == numbers
            });
        if is_again && is_complete {
            return Some(());
        }
        let label = kind.label();
        let text = match kind {
            ConstraintKind::Primary => String::new(),
            _ => joined(columns.iter().map(|(name, _)| name.as_str())),
        };
        let name = match &given {
            Some(name) => {
                self.new_constraint_name(key, node.range(), name)?;
                self.new_index_name(key, node.range(), name)?;
                Some(name.clone())
            }
            None => self.choose(&key.schema, (&key.name, &text, label)).filter(|_| !is_open),
        };
        let index = Index {
            table: self.id(key)?,
            columns: numbers.iter().copied().map(Some).collect(),
            needs: numbers.clone(),
            is_unique: true,
            is_partial: false,
            is_constraint: true,
            is_open: !is_complete,
        };
        match &name {
            Some(name) => {
                self.make_index(&Key::new(Class::Relation, &key.schema, name), index, is_open);
            }
            None => self.open_invented(&key.schema, (&key.name, &text, label)),
        }
        let is_deferrable = parse::has(node, &["deferrable"])
            || node.child("ConstraintAttributeSpec").is_some_and(|spec| {
                let tokens = parse::tokens(spec);
                tokens.iter().any(|it| it == "deferrable") && tokens[0] != "not"
                    || tokens.iter().any(|it| it == "deferred")
            });
        let constraint = Constraint {
            name: name.clone(),
            kind,
            columns: numbers.clone(),
            is_open: !is_complete,
            target: None,
            is_deferrable,
            made: self.place,
        };
        self.change(key, |relation| {
            if kind == ConstraintKind::Primary {
                for column in &mut relation.columns {
                    column.is_not_null |= numbers.contains(&column.number);
                }
            }
            relation.has_open_constraints |= name.is_none();
            relation.constraints.push(constraint);
        });
        Some(())
    }

    /// Reports the name of an index that another relation has.
    pub(crate) fn new_index_name(&mut self, table: &Key, at: Range<usize>, name: &str) -> Followed {
        let key = Key::new(Class::Relation, &table.schema, name);
        if self.catalog.known(&key).is_none() {
            return Some(());
        }
        self.duplicate(at, &key, "relation", ("duplicate-table", "42P07"));
        None
    }

    pub(crate) fn make_index(&mut self, key: &Key, index: Index, is_open: bool) {
        let mut relation = Relation::new(RelationKind::Index);
        relation.index = Some(index);
        let object = self.object(ObjectKind::Relation(relation));
        let slot = if is_open { Slot::Open } else { Slot::Known(object.into()) };
        self.catalog.set(key.clone(), slot);
    }

    /// Opens the name that the server tries first.
    pub(crate) fn open_invented(
        &mut self,
        schema: &str,
        (table, columns, label): (&str, &str, &str),
    ) {
        let name = crate::names::invented(table, columns, label);
        self.catalog.set(Key::new(Class::Relation, schema, &name), Slot::Open);
    }

    /// `ADD CONSTRAINT a PRIMARY KEY USING INDEX b`: the index takes the name of the constraint.
    fn adopt_index(
        &mut self,
        table: &Key,
        node: Node<'_>,
        given: Option<String>,
        kind: ConstraintKind,
    ) -> Followed {
        let index = parse::ident(node.child("ExistingIndex")?.child("name")?)?;
        let old = Key::new(Class::Relation, &table.schema, &index);
        let name = given.unwrap_or_else(|| index.clone());
        let Some(found) = self.at(&old).and_then(|it| it.index.clone()) else {
            self.change(table, |relation| relation.has_open_constraints = true);
            self.catalog.open(old);
            self.catalog.set(Key::new(Class::Relation, &table.schema, &name), Slot::Open);
            return Some(());
        };
        let columns: Vec<_> = found.columns.iter().flatten().copied().collect();
        self.change(&old, |relation| {
            if let Some(index) = &mut relation.index {
                index.is_constraint = true;
            }
        });
        if name != index {
            self.move_key(&old, &Key::new(Class::Relation, &table.schema, &name));
        }
        let constraint = Constraint {
            name: Some(name),
            kind,
            columns,
            is_open: found.is_open,
            target: None,
            is_deferrable: node.child("ConstraintAttributeSpec").is_some(),
            made: self.place,
        };
        self.change(table, |relation| relation.constraints.push(constraint));
        Some(())
    }
}
