//! Foreign keys: the columns, the key that they point at, and the types of both.

use std::ops::Range;

use lokstra_grammar::Node;

use crate::apply::{Followed, Replay, Said};
use crate::builtin;
use crate::catalog::{Base, Constraint, ConstraintKind, Key, Relation, RelationKind};
use crate::names::joined;
use crate::parse;

type Columns = Vec<(String, Range<usize>)>;

/// Whether a table has a key of these columns.
enum KeyOf {
    Unique,
    Deferrable,
    None,
    Unknown,
}

impl Replay<'_> {
    pub(crate) fn add_foreign_key(
        &mut self,
        key: &Key,
        node: Node<'_>,
        given: Option<String>,
        own: Option<Columns>,
        is_open: bool,
    ) -> Followed {
        let is_of_column = own.is_some();
        let columns = match own {
            Some(columns) => columns,
            None => parse::columns(node.child("columnList")?)?,
        };
        let relation = self.at(key)?;
        let mut numbers = Vec::new();
        for (column, at) in &columns {
            match relation.column(column) {
                Some(found) => numbers.push(found.number),
                None if relation.may_have(column) => {}
                None => {
                    let message = format!(
                        "column \"{column}\" referenced in foreign key constraint does not exist"
                    );
                    self.missing_column(at.clone(), key, column, message);
                    return Some(());
                }
            }
        }
        let node_of_target = node.child("qualified_name")?;
        let pointed = node
            .child("opt_column_list")
            .or_else(|| node.child("opt_column_and_period_list"))
            .and_then(|list| parse::within(list, "columnList").last());
        let has_period = parse::tokens(node).iter().any(|token| token == "period");
        let pointed = pointed.and_then(parse::columns);
        let target = self.relation(node_of_target);
        let target_numbers = match &target {
            Some(target) if !has_period && numbers.len() == columns.len() => self.check_key(
                key,
                &columns,
                target,
                pointed.as_ref(),
                node_of_target.range(),
                node,
                is_of_column,
            ),
            _ => None,
        };
        let text = joined(columns.iter().map(|(name, _)| name.as_str()));
        let name = match given {
            Some(name) => {
                self.new_constraint_name(key, node.range(), &name)?;
                Some(name)
            }
            None => self.choose_constraint(key, &text, "fkey").filter(|_| !is_open),
        };
        let constraint = Constraint {
            name: name.clone(),
            kind: ConstraintKind::Foreign,
            is_open: numbers.len() < columns.len() || target_numbers.is_none(),
            columns: numbers,
            target: target
                .and_then(|target| self.id(&target))
                .map(|id| (id, target_numbers.unwrap_or_default())),
            is_deferrable: false,
            made: self.place,
        };
        self.change(key, |relation| {
            relation.has_open_constraints |= name.is_none();
            relation.constraints.push(constraint);
        });
        Some(())
    }

    /// The numbers of the columns that a foreign key points at, if all is known and well.
    #[expect(clippy::too_many_arguments, reason = "both sides of a key")]
    fn check_key(
        &mut self,
        key: &Key,
        columns: &Columns,
        target: &Key,
        pointed: Option<&Columns>,
        at: Range<usize>,
        node: Node<'_>,
        is_of_column: bool,
    ) -> Option<Vec<u32>> {
        let relation = self.at(target)?;
        if !matches!(relation.kind, RelationKind::Table) {
            let message = format!("referenced relation \"{}\" is not a table", target.shown());
            let said = Said::new("wrong-object-type", "42809", message).note(self.origin(target));
            self.say(at, said);
            return None;
        }
        let numbers: Vec<u32> = if let Some(pointed) = pointed {
            let mut numbers = Vec::new();
            for (column, place) in pointed {
                match relation.column(column) {
                    Some(found) => numbers.push(found.number),
                    None if relation.may_have(column) => return None,
                    None => {
                        let message = format!(
                            "column \"{column}\" referenced in foreign key constraint does not exist"
                        );
                        self.missing_column(place.clone(), target, column, message);
                        return None;
                    }
                }
            }
            numbers
        } else {
            let primary = relation.constraints.iter().find(|it| it.kind == ConstraintKind::Primary);
            match primary {
                Some(primary) if !primary.is_open => primary.columns.clone(),
                Some(_) => return None,
                None if relation.has_open_constraints => return None,
                None => {
                    let message = format!(
                        "there is no primary key for referenced table \"{}\"",
                        target.shown()
                    );
                    let help = format!("ALTER TABLE {} ADD PRIMARY KEY (…);", target.shown());
                    let said = Said::new("undefined-object", "42704", message)
                        .note(self.origin(target))
                        .help(format!("name the columns, or {help}"));
                    self.say(at, said);
                    return None;
                }
            }
        };
        if numbers.len() != columns.len() {
            let message = "number of referencing and referenced columns for foreign key disagree";
            let said = Said::new("invalid-foreign-key", "42830", message.to_owned()).note(format!(
                "{} columns here, {} there",
                columns.len(),
                numbers.len()
            ));
            self.say(node.range(), said);
            return None;
        }
        let table = target.shown();
        match self.key_of(target, &numbers) {
            KeyOf::Unique => {}
            KeyOf::Unknown => return None,
            KeyOf::Deferrable => {
                let message = format!(
                    "cannot use a deferrable unique constraint for referenced table \"{table}\""
                );
                let said = Said::new("deferrable-key", "55000", message).note(self.origin(target));
                self.say(at, said);
                return None;
            }
            KeyOf::None => {
                let names: Vec<_> = numbers
                    .iter()
                    .filter_map(|number| self.at(target)?.number(*number))
                    .map(|column| column.name.clone())
                    .collect();
                let message = format!(
                    "there is no unique constraint matching given keys for referenced table \"{table}\""
                );
                let help = format!(
                    "write `ALTER TABLE {table} ADD UNIQUE ({});` before this statement",
                    names.join(", ")
                );
                let said = Said::new("invalid-foreign-key", "42830", message)
                    .note(self.origin(target))
                    .note(self.keys_of(target))
                    .help(help);
                let place = if is_of_column { node.range() } else { at };
                self.say(place, said);
                return None;
            }
        }
        self.compare_types(key, columns, target, &numbers, node);
        Some(numbers)
    }

    /// Whether some unique index has exactly these columns, in any order.
    fn key_of(&self, target: &Key, numbers: &[u32]) -> KeyOf {
        let Some(relation) = self.at(target) else { return KeyOf::Unknown };
        let is_same = |columns: &[u32]| {
            columns.len() == numbers.len() && numbers.iter().all(|it| columns.contains(it))
        };
        let keys = relation.constraints.iter().filter(|it| {
            matches!(it.kind, ConstraintKind::Primary | ConstraintKind::Unique)
                && is_same(&it.columns)
        });
        let mut is_deferrable = false;
        for constraint in keys {
            if !constraint.is_deferrable {
                return KeyOf::Unique;
            }
            is_deferrable = true;
        }
        let Some(id) = self.id(target) else { return KeyOf::Unknown };
        let mut is_open = relation.has_open_constraints || relation.has_open_columns;
        for (_, _, other) in self.catalog.relations_around(id) {
            let Some(index) = other.index.as_ref().filter(|it| it.table == id && it.is_unique)
            else {
                continue;
            };
            is_open |= index.is_open;
            let columns: Vec<_> = index.columns.iter().flatten().copied().collect();
            if !index.is_partial
                && !index.is_constraint
                && columns.len() == index.columns.len()
                && is_same(&columns)
            {
                return KeyOf::Unique;
            }
        }
        // An index whose name is open may be one of this table.
        if is_open || self.has_open_index(target) {
            return KeyOf::Unknown;
        }
        if is_deferrable { KeyOf::Deferrable } else { KeyOf::None }
    }

    /// The keys that a table has.
    fn keys_of(&self, target: &Key) -> String {
        let Some(relation) = self.at(target) else { return String::new() };
        let keys = relation
            .constraints
            .iter()
            .filter(|it| matches!(it.kind, ConstraintKind::Primary | ConstraintKind::Unique));
        let shown: Vec<_> = keys
            .map(|key| {
                let names: Vec<_> = key
                    .columns
                    .iter()
                    .filter_map(|number| relation.number(*number))
                    .map(|column| column.name.as_str())
                    .collect();
                let kind =
                    if key.kind == ConstraintKind::Primary { "PRIMARY KEY" } else { "UNIQUE" };
                format!("{kind} ({})", names.join(", "))
            })
            .collect();
        if shown.is_empty() {
            format!("{} has no key", target.shown())
        } else {
            format!("the keys of {}: {}", target.shown(), shown.join(", "))
        }
    }

    fn compare_types(
        &mut self,
        key: &Key,
        columns: &Columns,
        target: &Key,
        numbers: &[u32],
        node: Node<'_>,
    ) {
        let (Some(own), Some(other)) = (self.at(key), self.at(target)) else { return };
        for ((name, _), number) in columns.iter().zip(numbers) {
            let (Some(one), Some(two)) = (own.column(name), other.number(*number)) else { return };
            let is_array = one.ty.is_array || two.ty.is_array;
            let (Some(a), Some(b)) =
                (type_to_compare(own, name), type_to_compare(other, &two.name))
            else {
                continue;
            };
            if is_array || builtin::can_reference(b, a) != Some(false) {
                continue;
            }
            let message = format!(
                "foreign key cannot be implemented: column \"{name}\" is {a} and column \"{}\" of \"{}\" is {b}",
                two.name,
                target.shown()
            );
            let said = Said::new("incompatible-key-types", "42804", message)
                .note(self.origin(target))
                .help(format!("give both columns one type: `{name} {b}`"));
            self.say(node.range(), said);
            return;
        }
    }

    /// Whether something that is not followed may have made an index on a table.
    pub(crate) fn has_open_index(&self, table: &Key) -> bool {
        self.catalog.slots().any(|(key, slot)| {
            key.class == crate::catalog::Class::Relation
                && key.schema == table.schema
                && matches!(slot, crate::catalog::Slot::Open)
                && key.name != table.name
                && key.name.contains(table.name.as_str())
        }) || self.catalog.is_open_name(&table.name)
    }
}

fn type_to_compare(relation: &Relation, column: &str) -> Option<&'static str> {
    match relation.column(column)?.ty.base {
        Base::BuiltIn(name) => Some(name),
        _ => None,
    }
}
