//! Primary keys and unique constraints, with their indexes.

use std::ops::Range;

use lokstra_grammar::Node;

use crate::apply::{Followed, Replay, Said};
use crate::catalog::{
    Class, Constraint, ConstraintKind, Index, Key, ObjectKind, Relation, RelationKind, Slot,
};
use crate::names::joined;
use crate::parse;

impl Replay<'_> {
    /// A primary key or unique constraint with an index of its own.
    pub(super) fn add_key(
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
        let name = match given {
            Some(name) => {
                self.new_constraint_name(key, node.range(), &name)?;
                self.new_index_name(key, node.range(), &name)?;
                Some(name)
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
    pub(super) fn adopt_index(
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
