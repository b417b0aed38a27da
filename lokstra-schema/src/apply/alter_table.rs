//! `ALTER TABLE` and its like for views, indexes and sequences.

use lokstra_grammar::Node;

use super::report::Said;
use super::{Followed, Found, Replay};
use crate::catalog::{
    Class, Column, ConstraintKind, Dependency, Gone, Key, Relation, RelationKind, Slot,
};
use crate::parse;

impl Replay<'_> {
    pub(crate) fn alter_table(&mut self, node: Node<'_>) -> Followed {
        let Some(target) =
            node.child("relation_expr").and_then(parse::target).or_else(|| parse::target(node))
        else {
            // ALL IN TABLESPACE.
            return Some(());
        };
        let name = parse::name(target)?;
        let is_lenient = parse::has(node, &["if", "exists"]);
        let key = match self.find(Class::Relation, &name) {
            Found::Known(key) => key,
            Found::Open => {
                if !is_lenient {
                    self.note_existing(&name);
                }
                self.alter_unknown(node);
                return Some(());
            }
            Found::Missing(..) if is_lenient => return Some(()),
            Found::Missing(key, gone) => {
                let word = "relation";
                self.missing_relation(target.range(), word, "42P01", &key, &name, gone.as_deref());
                return Some(());
            }
        };
        if !self.is_right_kind(node, target, &key) {
            return Some(());
        }
        self.is_only = node.child("relation_expr").is_some_and(|it| parse::starts(it, &["only"]));
        if let Some(command) =
            node.child("partition_cmd").or_else(|| node.child("index_partition_cmd"))
        {
            return self.partition(&key, command);
        }
        let mut commands = parse::all(node.child("alter_table_cmds")?, "alter_table_cmd");
        // These see the columns as they were.
        for using in commands.iter().filter_map(|command| command.child("alter_using")) {
            self.expression(using, Some(&key));
        }
        commands.sort_by_key(|command| pass(*command));
        for command in commands {
            if self.command(&key, command).is_none() {
                self.open_text(command.text());
                self.open_relation(&key);
            }
        }
        Some(())
    }

    /// What a table that is open gets: its names are open as well.
    fn alter_unknown(&mut self, node: Node<'_>) {
        let Some(list) = node.child("alter_table_cmds") else { return };
        for command in parse::all(list, "alter_table_cmd") {
            for name in parse::within(command, "name").filter_map(parse::ident) {
                self.catalog.open_name(&name);
            }
            // A table that a foreign key points at must be there.
            for element in parse::within(command, "ConstraintElem")
                .chain(parse::within(command, "ColConstraintElem"))
            {
                if let Some(target) = element.child("qualified_name") {
                    self.relation(target);
                }
            }
        }
    }

    /// `ALTER VIEW` of a table and the like.
    fn is_right_kind(&mut self, node: Node<'_>, target: Node<'_>, key: &Key) -> bool {
        let Some(kind) = self.at(key).map(|it| it.kind) else { return true };
        let is = |words: &[&str]| parse::starts(node, words);
        let (is_right, wanted) = if is(&["alter", "view"]) {
            (kind == RelationKind::View, "a view")
        } else if is(&["alter", "materialized"]) {
            (kind == RelationKind::MaterializedView, "a materialized view")
        } else if is(&["alter", "index"]) {
            (kind == RelationKind::Index, "an index")
        } else if is(&["alter", "sequence"]) {
            (kind == RelationKind::Sequence, "a sequence")
        } else {
            // ALTER TABLE renames and owns everything.
            let list = node.child("alter_table_cmds");
            let commands = list.map(|list| parse::all(list, "alter_table_cmd")).unwrap_or_default();
            let is_of_tables = commands.iter().any(|command| {
                let words = ["add", "drop"].iter().any(|word| parse::starts(*command, &[word]));
                words && !command.text().to_ascii_lowercase().contains("constraint")
            });
            let is_table = matches!(kind, RelationKind::Table | RelationKind::ForeignTable);
            (is_table || !is_of_tables, "a table")
        };
        if !is_right {
            let message = format!("\"{}\" is not {wanted}", key.shown());
            let note = format!("{} is a {}", key.shown(), kind.word());
            let said =
                Said::new("wrong-object-type", "42809", message).note(note).note(self.origin(key));
            self.say(target.range(), said);
        }
        is_right
    }

    fn command(&mut self, key: &Key, node: Node<'_>) -> Followed {
        let is = |words: &[&str]| parse::starts(node, words);
        if let Some(definition) = node.child("columnDef") {
            return self.add_column(key, node, definition);
        }
        if let Some(constraint) = node.child("TableConstraint") {
            let given = constraint.child("name").and_then(parse::ident);
            let element = constraint.child("ConstraintElem")?;
            return self.add_constraint(key, element, given, None, false);
        }
        if is(&["drop", "constraint"]) {
            return self.drop_constraint(key, node);
        }
        let column = node.child("ColId");
        if is(&["drop"]) {
            return self.drop_column(key, node, column?);
        }
        if is(&["alter"]) && !is(&["alter", "constraint"]) {
            let column = column?;
            let name = parse::ident(column)?;
            return self.alter_column(key, node, column, &name);
        }
        if is(&["validate", "constraint"]) || is(&["alter", "constraint"]) {
            let name = node.child("name")?;
            self.need_constraint(key, name);
            return Some(());
        }
        if is(&["enable"]) || is(&["disable"]) {
            if parse::has(node, &["trigger"])
                && let Some(name) = node.child("name")
            {
                let text = parse::ident(name)?;
                let relation = self.at(key)?;
                let is_there = relation.triggers.iter().any(|it| it.name == text);
                // The triggers of a partition are those of its parent.
                if !is_there && relation.parents.is_empty() && !relation.has_open_constraints {
                    let message =
                        format!("trigger \"{text}\" for table \"{}\" does not exist", key.shown());
                    let said =
                        Said::new("undefined-object", "42704", message).note(self.origin(key));
                    self.say(name.range(), said);
                }
            }
            return Some(());
        }
        if is(&["inherit"]) || is(&["no", "inherit"]) {
            let parent = self.relation(node.child("qualified_name")?);
            let parent = parent.and_then(|parent| self.id(&parent));
            let is_new = is(&["inherit"]);
            self.change(key, |relation| {
                (relation.has_open_columns, relation.has_open_constraints) = (true, true);
                relation.parents.retain(|it| Some(*it) != parent && parent.is_some());
                relation.parents.extend(parent.filter(|_| is_new));
                for column in &mut relation.columns {
                    column.is_inherited &= is_new;
                }
            });
            return Some(());
        }
        if is(&["of"]) || is(&["not", "of"]) {
            return None;
        }
        // SET …, RESET …, OWNER TO …, CLUSTER ON …, REPLICA IDENTITY …
        Some(())
    }

    fn add_column(&mut self, key: &Key, node: Node<'_>, definition: Node<'_>) -> Followed {
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

    /// The tables that inherit from one, at all levels.
    pub(crate) fn children(&self, key: &Key) -> Vec<Key> {
        let Some(id) = self.id(key) else { return Vec::new() };
        let (mut ids, mut keys) = (vec![id], Vec::new());
        while let Some(id) = ids.pop() {
            let children =
                self.catalog.relations_around(id).filter(|(_, _, it)| it.parents.contains(&id));
            for (key, object, _) in
                children.filter(|(key, ..)| !keys.contains(*key)).collect::<Vec<_>>()
            {
                ids.push(object.id);
                keys.push(key.clone());
            }
        }
        keys
    }

    fn drop_column(&mut self, key: &Key, node: Node<'_>, at: Node<'_>) -> Followed {
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

    fn drop_constraint(&mut self, key: &Key, node: Node<'_>) -> Followed {
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
        let note = match names.is_empty() {
            true => format!("{} has no constraint", key.shown()),
            false => format!("the constraints of {}: {}", key.shown(), names.join(", ")),
        };
        let message =
            format!("constraint \"{name}\" of relation \"{}\" does not exist", key.shown());
        let said = Said::new("undefined-object", "42704", message).note(note).help(help);
        self.say(at.range(), said);
        self.change(key, |relation| relation.has_open_constraints = true);
        Some(())
    }

    fn alter_column(&mut self, key: &Key, node: Node<'_>, at: Node<'_>, name: &str) -> Followed {
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
                        column.uses.certain.extend(super::columns::of_type(&ty));
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
                    let ty = super::columns::of_type(&column.ty);
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
                    column.uses.certain = super::columns::of_type(&column.ty).into_iter().collect();
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

    /// A partition gets the indexes of its parent, under names of its own.
    pub(crate) fn open_indexes_of(&mut self, parent: &Key, partition: &Key) {
        let (Some(id), Some(relation)) = (self.id(parent), self.at(parent)) else { return };
        let indexes = self.catalog.relations_around(id).filter_map(|(_, _, it)| it.index.as_ref());
        let names: Vec<_> = indexes
            .filter(|index| index.table == id)
            .map(|index| {
                let columns = index.columns.iter().flatten();
                let names = columns.filter_map(|it| Some(relation.number(*it)?.name.as_str()));
                crate::names::joined(names)
            })
            .collect();
        for name in names {
            self.open_invented(&partition.schema, (&partition.name, &name, "idx"));
        }
    }

    fn partition(&mut self, key: &Key, node: Node<'_>) -> Followed {
        let other = node.child("qualified_name")?;
        let Some(other) = self.relation(other) else { return Some(()) };
        let id = self.id(key)?;
        let is_attached = parse::starts(node, &["attach"]);
        if is_attached {
            self.open_indexes_of(key, &other);
        }
        self.change(&other, |relation| {
            relation.has_open_constraints = true;
            relation.has_open_columns = true;
            relation.is_partition = is_attached;
            if is_attached {
                relation.parents.push(id);
            } else {
                relation.parents.retain(|it| *it != id);
            }
        });
        Some(())
    }
}

/// Whether one of these words stands in a command.
fn has_any(node: Node<'_>, words: &[&str]) -> bool {
    parse::tokens(node).iter().any(|token| words.contains(&token.as_str()))
}

/// The order in which the server executes the commands of one statement.
fn pass(command: Node<'_>) -> u8 {
    let is = |words: &[&str]| parse::starts(command, words);
    let constraint = || {
        let element = command.child("TableConstraint")?.child("ConstraintElem")?;
        Some(element.tree().token(element.tokens().start).to_ascii_lowercase())
    };
    match () {
        () if is(&["drop"]) => 0,
        () if command.child("Typename").is_some() => 1,
        () if command.child("columnDef").is_some() => 2,
        () if is(&["alter"]) => 3,
        () => match constraint().as_deref() {
            Some("primary" | "unique" | "exclude") => 4,
            Some(_) => 5,
            None => 6,
        },
    }
}

pub(crate) fn cascades(node: Node<'_>) -> bool {
    node.child("opt_drop_behavior").is_some_and(|it| parse::starts(it, &["cascade"]))
}
