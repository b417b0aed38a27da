//! `CREATE INDEX`.

use lokstra_grammar::Node;

use crate::apply::{Followed, Replay, Said};
use crate::builtin;
use crate::catalog::{Class, Index, Key, RelationKind, Slot};
use crate::names::joined;
use crate::parse;

impl Replay<'_> {
    #[expect(clippy::too_many_lines, reason = "the parts of one statement, in their order")]
    pub(crate) fn create_index(&mut self, node: Node<'_>) -> Followed {
        let table = self.relation(parse::target(node.child("relation_expr")?)?);
        let is_lenient = parse::has(node, &["if", "not", "exists"]);
        let given_at = node.child("name").or_else(|| node.child("ColId"));
        let given = match given_at {
            Some(name) => Some(parse::ident(name)?),
            None => None,
        };
        let Some(table) = table else {
            // An index of a table that is not followed.
            let schema = parse::name(parse::target(node.child("relation_expr")?)?)?.schema;
            let schema = schema.or_else(|| self.path.as_ref()?.first().cloned())?;
            if let Some(name) = given {
                self.catalog.set(Key::new(Class::Relation, &schema, &name), Slot::Open);
            }
            return Some(());
        };
        let kind = self.at(&table)?.kind;
        if !matches!(kind, RelationKind::Table | RelationKind::MaterializedView) {
            let message = format!("cannot create index on relation \"{}\"", table.shown());
            let note = format!("{} is a {}", table.shown(), kind.word());
            let said = Said::new("wrong-object-type", "42809", message)
                .note(note)
                .note(self.origin(&table));
            self.say(node.child("relation_expr")?.range(), said);
            return Some(());
        }
        if let Some(name) = &given {
            let key = Key::new(Class::Relation, &table.schema, name);
            match self.catalog.slot(&key) {
                Some(Slot::Known(_) | Slot::Open) if is_lenient => return Some(()),
                Some(Slot::Known(_)) => {
                    let at = given_at?.range();
                    self.duplicate(at, &key, "relation", ("duplicate-table", "42P07"));
                    return Some(());
                }
                None if is_lenient && !self.is_free(&key) => self.is_muted = true,
                _ => {}
            }
        }
        let method =
            node.child("access_method_clause").and_then(|it| parse::ident(it.child("name")?));
        if let Some(method) = &method
            && !builtin::is_known(builtin::Kind::AccessMethod, method)
            && !self.has_unknown_extension()
            && !self.is_method_of_extension(method)
        {
            return None;
        }
        let (mut columns, mut texts, mut needs, mut is_open) =
            (Vec::new(), Vec::new(), Vec::new(), false);
        let id = self.id(&table)?;
        for params in ["index_params", "index_including_params"] {
            let list = node
                .child(params)
                .or_else(|| node.child("opt_include").and_then(|it| it.child(params)));
            for element in list.map(|list| parse::all(list, "index_elem")).unwrap_or_default() {
                let is_key = params == "index_params";
                let mut column = None;
                if let Some(name) = element.child("ColId") {
                    let text = parse::ident(name)?;
                    column = self.index_column(&table, name, &text);
                    is_open |= column.is_none();
                    needs.extend(column);
                    texts.push(text);
                } else {
                    let uses = self.expression(element, Some(&table));
                    is_open |= uses.is_open;
                    needs.extend(
                        uses.certain.iter().filter(|it| it.id == id).filter_map(|it| it.column),
                    );
                    let function = element.child("func_application").or_else(|| {
                        element.children().into_iter().find(|it| it.symbol() == "func_application")
                    });
                    let name = function.and_then(|it| parse::name(it.child("func_name")?));
                    texts.push(name.map_or_else(|| "expr".to_owned(), |name| name.name));
                }
                if is_key {
                    columns.push(column);
                }
            }
        }
        let has_expression = columns.iter().any(Option::is_none);
        if let Some(condition) = node.child("where_clause") {
            let uses = self.expression(condition, Some(&table));
            is_open |= uses.is_open;
            needs.extend(uses.certain.iter().filter(|it| it.id == id).filter_map(|it| it.column));
        }
        let index = Index {
            table: id,
            columns,
            needs,
            is_unique: node.child("opt_unique").is_some(),
            is_partial: node.child("where_clause").is_some(),
            is_constraint: false,
            is_open: is_open || self.is_muted,
        };
        let text = joined(distinct(&texts).iter().map(String::as_str));
        let name = given.or_else(|| {
            // The server names an expression after what it is.
            let is_certain = !has_expression && !is_open;
            is_certain.then(|| self.choose(&table.schema, (&table.name, &text, "idx"))).flatten()
        });
        // Partitions get one as well.
        for child in self.children(&table) {
            self.open_invented(&child.schema, (&child.name, &text, "idx"));
        }
        if let Some(name) = name {
            let key = Key::new(Class::Relation, &table.schema, &name);
            self.make_index(&key, index, self.is_muted);
        } else {
            self.open_invented(&table.schema, (&table.name, &text, "idx"));
            self.change(&table, |relation| relation.has_open_constraints = true);
        }
        Some(())
    }

    /// Whether a name in a schema is free for certain.
    pub(crate) fn is_free(&self, key: &Key) -> bool {
        match self.catalog.slot(key) {
            Some(Slot::Gone(_)) => true,
            Some(_) => false,
            None => {
                (self.options.starts_from != crate::input::StartsFrom::Existing
                    || self.catalog.known(&Key::new(Class::Schema, "", &key.schema)).is_some())
                    && !self.catalog.is_open_name(&key.name)
            }
        }
    }

    fn index_column(&mut self, table: &Key, node: Node<'_>, column: &str) -> Option<u32> {
        let relation = self.at(table)?;
        if let Some(found) = relation.column(column) {
            return Some(found.number);
        }
        if !relation.may_have(column) && !builtin::is_known(builtin::Kind::SystemColumn, column) {
            let message = format!(
                "column \"{column}\" of {} \"{}\" does not exist",
                relation.kind.word(),
                table.shown()
            );
            self.missing_column(node.range(), table, column, message);
        }
        None
    }

    pub(crate) fn has_unknown_extension(&self) -> bool {
        let mut extensions = self.catalog.of_class(Class::Extension);
        extensions.any(|(key, slot)| {
            !matches!(slot, Slot::Known(_)) || builtin::Extension::known(&key.name).is_none()
        })
    }

    fn is_method_of_extension(&self, method: &str) -> bool {
        let mut extensions =
            self.catalog.of_class(Class::Extension).filter(|(_, slot)| slot.is_known());
        extensions.any(|(key, _)| {
            builtin::Extension::known(&key.name)
                .is_some_and(|known| known.access_methods().any(|it| it == method))
        })
    }
}

/// The names of an index's columns: a second `id` is `id1`.
fn distinct(texts: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for text in texts {
        let numbered = (1..1_000).map(|nth| format!("{text}{nth}"));
        let free = std::iter::once(text.clone()).chain(numbered).find(|name| !names.contains(name));
        names.push(free.unwrap_or_else(|| text.clone()));
    }
    names
}
