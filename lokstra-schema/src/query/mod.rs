//! Names in queries and expressions.

use lokstra_grammar::Node;

use crate::apply::Replay;
use crate::builtin;
use crate::catalog::{Class, Dependency, Key, Slot, Type, Uses};
use crate::names::fold;
use crate::parse;

/// What a query returns and needs.
pub(crate) struct Output {
    /// `None` if some column is not known.
    pub(crate) columns: Option<Vec<(String, Type)>>,
    pub(crate) uses: Uses,
}

impl Output {
    pub(crate) fn open() -> Output {
        Output { columns: None, uses: Uses::open() }
    }
}

impl Replay<'_> {
    /// A statement that reads or writes rows.
    pub(crate) fn query_statement(&mut self, node: Node<'_>) {
        self.mentions(node.text());
        self.unknown_calls(node);
        for target in parse::within(node, "qualified_name") {
            let key = parse::name(target).map(|name| self.find(Class::Relation, &name));
            if let Some(crate::apply::Found::Known(key)) = key {
                self.fire(&key);
            }
        }
    }

    /// A routine of an extension may change what its arguments name.
    fn unknown_calls(&mut self, node: Node<'_>) {
        let mut calls = parse::within(node, "func_name").filter_map(parse::name);
        let is_unknown = calls.any(|name| {
            let key =
                Key::new(Class::Routine, name.schema.as_deref().unwrap_or("public"), &name.name);
            !matches!(self.catalog.slot(&key), Some(Slot::Known(_)))
                && builtin::function(&name.name).is_none()
                && !self.is_of_extension_known(&name.name)
        });
        if is_unknown {
            self.open_text(node.text());
        }
    }

    fn is_of_extension_known(&self, name: &str) -> bool {
        let mut extensions =
            self.catalog.objects().filter(|(key, _)| key.class == Class::Extension);
        extensions.any(|(key, _)| {
            builtin::Extension::known(&key.name).is_some_and(|it| it.function(name).is_some())
        })
    }

    /// A query: its columns, as far as they are known, and what it needs.
    pub(crate) fn query(&mut self, node: Node<'_>) -> Output {
        self.mentions(node.text());
        let mut uses = Uses::open();
        let names: Vec<_> = parse::within(node, "common_table_expr")
            .filter_map(|it| parse::ident(it.child("name")?))
            .collect();
        for target in parse::within(node, "table_ref").filter_map(|it| it.child("relation_expr")) {
            let Some(target) = parse::target(target) else { continue };
            let Some(name) = parse::name(target) else { continue };
            if name.schema.is_none() && names.contains(&name.name) {
                continue;
            }
            if let Some(key) = self.relation(target)
                && let Some(id) = self.id(&key)
            {
                uses.certain.push(Dependency { id, column: None });
            }
        }
        Output { columns: None, uses }
    }

    /// An expression about a table: the columns that it names must be there.
    pub(crate) fn expression(&mut self, node: Node<'_>, table: Option<&Key>) -> Uses {
        let mut uses = Uses::default();
        self.mentions(node.text());
        if parse::within(node, "select_with_parens").next().is_some() {
            return Uses::open();
        }
        let Some(table) = table else { return Uses::open() };
        let Some(id) = self.id(table) else { return Uses::open() };
        for reference in parse::within(node, "columnref") {
            let tokens: Vec<_> =
                reference.tokens().map(|nth| reference.tree().token(nth)).collect();
            let column = match tokens[..] {
                [column] => column,
                [name, ".", column] if fold(name).as_deref() == Some(&*table.name) => column,
                _ => {
                    uses.is_open = true;
                    continue;
                }
            };
            let Some(column) = fold(column) else {
                uses.is_open = true;
                continue;
            };
            let Some(relation) = self.at(table) else { return Uses::open() };
            if let Some(found) = relation.column(&column) {
                uses.certain.push(Dependency { id, column: Some(found.number) });
            } else if relation.may_have(&column)
                || column == table.name
                || tokens.len() > 1
                || builtin::is_known(builtin::Kind::SystemColumn, &column)
            {
                uses.is_open = true;
            } else {
                let message = format!("column \"{column}\" does not exist");
                self.missing_column(reference.range(), table, &column, message);
                uses.is_open = true;
            }
        }
        for call in parse::within(node, "func_name") {
            let Some(name) = parse::name(call) else { continue };
            if let crate::apply::Found::Known(key) = self.find(Class::Routine, &name) {
                uses.certain.extend(self.id(&key).map(|id| Dependency { id, column: None }));
            }
        }
        for ty in parse::within(node, "Typename") {
            let ty = self.type_of(ty);
            uses.certain.extend(crate::apply::needed_type(&ty));
        }
        uses
    }

    /// The columns and indexes that a part of a definition names: `EXCLUDE`.
    pub(crate) fn within_table(&mut self, table: &Key, node: Node<'_>) {
        for element in parse::within(node, "index_elem") {
            let Some(column) = element.child("ColId") else { continue };
            if let Some(name) = parse::ident(column) {
                self.need_column(column.range(), table, &name);
            }
        }
    }
}
