//! `ALTER TABLE` and its like for views, indexes and sequences.

use lokstra_grammar::Node;

use crate::apply::{Followed, Found, Replay, Said};
use crate::catalog::{Class, Key, RelationKind};
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
