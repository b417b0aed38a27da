//! `CREATE TABLE`, with partitions, parents and `LIKE`.

use lokstra_grammar::Node;

use crate::apply::{Followed, Found, Replay, Said, needed_type};
use crate::catalog::{Class, Column, Key, ObjectKind, Relation, RelationKind, Slot, Uses};
use crate::finding::Level;
use crate::input::StartsFrom;
use crate::parse;

impl Replay<'_> {
    pub(crate) fn create_table(&mut self, node: Node<'_>) -> Followed {
        let target = parse::target(node)?;
        let name = parse::name(target)?;
        let is_temporary = is_temporary(node);
        let key = self.new_key(Class::Relation, &name, is_temporary)?;
        self.need_schema(target, &key)?;
        let is_lenient = parse::has(node, &["if", "not", "exists"]);
        let is_partition = parse::has(node, &["partition", "of"]);
        let before = self.catalog.slot(&key).cloned();
        match &before {
            Some(Slot::Known(_)) if is_lenient => {
                self.compare_existing(node, &key);
                return Some(());
            }
            Some(Slot::Known(_)) => {
                self.duplicate(target.range(), &key, "relation", ("duplicate-table", "42P07"));
                return Some(());
            }
            _ => {}
        }
        // Whether what is there may be another table than this one says.
        let is_open = is_lenient
            && match before {
                Some(Slot::Open) => true,
                Some(_) => false,
                None => !self.is_certain_to_be_free(&key),
            };
        self.is_muted |= is_open;
        let kind = match node.symbol() {
            "CreateForeignTableStmt" => RelationKind::ForeignTable,
            _ => RelationKind::Table,
        };
        let mut relation = Relation::new(kind);
        relation.is_partition = is_partition;
        relation.is_partitioned = node.child("PartitionSpec").is_some();
        let object = self.object(ObjectKind::Relation(relation));
        self.catalog.set(key.clone(), Slot::Known(object.into()));
        self.inherit(node, &key, is_partition);
        // Renamed, a table that is not followed keeps the names of its keys.
        let has_taken_names = matches!(before, Some(Slot::Open));
        self.elements(node, &key, is_open || has_taken_names)?;
        // It may go with its type, with a parent that is not followed, or at the end of a transaction.
        let is_typed = parse::has(node, &["of"]) && !is_partition;
        let is_dropped = node
            .child("OnCommitOption")
            .is_some_and(|it| parse::tokens(it).iter().any(|token| token == "drop"));
        let is_orphan = is_partition && self.at(&key)?.parents.is_empty();
        if is_typed || is_dropped || is_orphan || is_open {
            self.catalog.open(key);
        }
        Some(())
    }

    fn is_certain_to_be_free(&self, key: &Key) -> bool {
        // What no script has made before is made here, unless the settings say otherwise.
        (self.options.starts_from != StartsFrom::Existing
            || self.catalog.known(&Key::new(Class::Schema, "", &key.schema)).is_some())
            && !self.catalog.is_open_name(&key.name)
            // A composite type has the name of a relation.
            && self.catalog.slot(&Key::new(Class::Type, &key.schema, &key.name)).is_none()
    }

    /// The columns of the tables that this one inherits from or is a partition of.
    fn inherit(&mut self, node: Node<'_>, key: &Key, is_partition: bool) {
        let parents = match node.child("OptInherit") {
            Some(list) => parse::within(list, "qualified_name").collect(),
            None if is_partition => {
                parse::all(node, "qualified_name").into_iter().skip(1).collect::<Vec<_>>()
            }
            None => return,
        };
        for parent in parents {
            let parent = self.relation(parent);
            if let Some(parent) = parent.as_ref().filter(|_| is_partition) {
                self.open_indexes_of(parent, key);
            }
            let found = parent.and_then(|parent| {
                let id = self.id(&parent)?;
                Some((id, self.at(&parent)?.clone()))
            });
            let made = self.place;
            self.change(key, |relation| {
                let Some((id, parent)) = found else {
                    (relation.has_open_columns, relation.has_open_constraints) = (true, true);
                    return;
                };
                relation.parents.push(id);
                relation.has_open_columns |= parent.has_open_columns;
                // Keys and checks of its own, under names that depend on what is there.
                relation.has_open_constraints |= is_partition || !parent.constraints.is_empty();
                for column in &parent.columns {
                    if relation.column(&column.name).is_none() {
                        let number = relation.next_column;
                        relation.next_column += 1;
                        let certain = needed_type(&column.ty).into_iter().collect();
                        let uses = Uses { certain, is_open: column.uses.is_open };
                        let own =
                            Column { number, is_inherited: true, made, uses, ..column.clone() };
                        relation.columns.push(own);
                    }
                }
            });
        }
    }

    /// Columns first, then keys, then the rest, as the server does.
    fn elements(&mut self, node: Node<'_>, key: &Key, is_open: bool) -> Followed {
        let mut later = Vec::new();
        let mut sequences = Vec::new();
        for element in node.children() {
            match element.symbol() {
                "columnDef" | "columnOptions" => {
                    let defined = self.column(element)?;
                    let name = defined.column.name.clone();
                    let column = defined.column;
                    let number = self.change(key, |relation| {
                        // Of a parent, it is merged.
                        if let Some(known) = relation.column_mut(&column.name) {
                            known.is_inherited = false;
                            known.has_default |= column.has_default;
                            known.is_not_null |= column.is_not_null;
                            return known.number;
                        }
                        let number = relation.next_column;
                        relation.next_column += 1;
                        relation.columns.push(Column { number, ..column });
                        number
                    })?;
                    if defined.has_sequence {
                        sequences.push((number, name.clone(), defined.is_sequence_open));
                    }
                    for (given, constraint) in defined.constraints {
                        later.push((given, constraint, Some(name.clone())));
                    }
                }
                "TableLikeClause" => self.like(element, key),
                "TableConstraint" => {
                    let given = element.child("name").and_then(parse::ident);
                    later.push((given, element.child("ConstraintElem")?, None));
                }
                _ => {}
            }
        }
        for (number, name, is_sequence_open) in sequences {
            self.make_sequence(key, number, &name, is_open || is_sequence_open);
        }
        // Primary keys, other keys, checks, foreign keys.
        let rank = |node: Node<'_>| match node.tree().token(node.tokens().start) {
            word if word.eq_ignore_ascii_case("primary") => 0,
            word if word.eq_ignore_ascii_case("unique") => 1,
            word if word.eq_ignore_ascii_case("exclude") => 1,
            word if word.eq_ignore_ascii_case("foreign") => 3,
            word if word.eq_ignore_ascii_case("references") => 3,
            _ => 2,
        };
        later.sort_by_key(|(_, constraint, _)| rank(*constraint));
        for (given, constraint, column) in later {
            self.add_constraint(key, constraint, given, column.as_deref(), is_open)?;
        }
        Some(())
    }

    /// `LIKE other INCLUDING …`.
    fn like(&mut self, node: Node<'_>, key: &Key) {
        let name = parse::target(node).and_then(parse::name);
        let is_type = name.is_some_and(|name| {
            !matches!(self.find(Class::Type, &name), Found::Missing(..))
                && !matches!(self.find(Class::Relation, &name), Found::Known(_))
        });
        let target = parse::target(node).filter(|_| !is_type);
        let other = target.and_then(|target| self.relation(target));
        let other = other.and_then(|other| self.at(&other).cloned());
        let made = self.place;
        let has_options = parse::tokens(node).iter().any(|token| token == "including");
        self.change(key, |relation| {
            relation.has_open_constraints |= has_options || other.is_none();
            let Some(other) = other else {
                relation.has_open_columns = true;
                return;
            };
            relation.has_open_columns |= other.has_open_columns;
            for column in other.columns {
                let number = relation.next_column;
                relation.next_column += 1;
                // Whether it has a default depends on the options.
                let certain = needed_type(&column.ty).into_iter().collect();
                let uses = Uses { certain, is_open: true };
                relation.columns.push(Column { number, made, has_default: true, uses, ..column });
            }
        });
    }

    /// Reports the table that `IF NOT EXISTS` finds, if it is another one than the statement says.
    fn compare_existing(&mut self, node: Node<'_>, key: &Key) {
        let Some(relation) = self.at(key) else { return };
        let Some(target) = parse::target(node) else { return };
        let definitions = parse::all(node, "columnDef");
        let names: Vec<_> =
            definitions.iter().filter_map(|it| parse::ident(it.child("ColId")?)).collect();
        let is_plain = definitions.len() == names.len()
            && node.child("TableLikeClause").is_none()
            && node.child("OptInherit").is_none()
            && !names.is_empty()
            && !relation.has_open_columns;
        let missing: Vec<_> =
            names.iter().filter(|name| relation.column(name).is_none()).cloned().collect();
        if !is_plain || missing.is_empty() {
            return;
        }
        let word = relation.kind.word();
        let message = format!(
            "{word} \"{}\" already exists without {}, so this statement does nothing",
            key.shown(),
            missing.join(", ")
        );
        let help = format!("write ALTER TABLE {} ADD COLUMN … for what is new", key.shown());
        let said = Said::new("different-table", "", message).note(self.origin(key)).help(help);
        self.say_at(target.range(), said, Level::Warning);
    }
}

/// `TEMP`, `LOCAL TEMPORARY`; not `UNLOGGED`.
pub(crate) fn is_temporary(node: Node<'_>) -> bool {
    let option = node.child("OptTemp").or_else(|| node.child("OptTempTableName"));
    option.is_some_and(|it| parse::tokens(it).iter().any(|token| token.starts_with("temp")))
}
