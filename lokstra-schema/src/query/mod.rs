//! Names in queries and expressions.

mod body;
mod calls;
mod expression;
mod from;
mod scope;
mod select;
mod types;
mod write;

use lokstra_grammar::Node;

use crate::apply::{Found, Replay};
use crate::catalog::{Class, Key, Output, Uses};
use crate::parse;
use scope::{Field, Scope, Source};

/// The columns of a query, as far as they are known.
#[derive(Clone, Debug, Default)]
struct Columns {
    fields: Vec<Field>,
    /// Whether there may be others, or some have another name.
    is_open: bool,
}

impl Columns {
    fn open() -> Columns {
        Columns { fields: Vec::new(), is_open: true }
    }
}

impl Replay<'_> {
    /// A statement that reads or writes rows.
    pub(crate) fn query_statement(&mut self, node: Node<'_>) {
        self.mentions(node.text());
        self.rows(node, &Scope::default(), &mut Uses::default());
        self.unknown_calls(node);
        for into in parse::within(node, "into_clause") {
            for name in parse::within(into, "qualified_name").filter_map(parse::name) {
                self.catalog.open_name(&name.name);
            }
        }
        for target in parse::within(node, "qualified_name") {
            let key = parse::name(target).map(|name| self.find(Class::Relation, &name));
            if let Some(Found::Known(key)) = key {
                self.fire(&key);
            }
        }
    }

    /// A statement in a scope: its columns.
    fn rows(&mut self, node: Node<'_>, scope: &Scope<'_>, uses: &mut Uses) -> Columns {
        match node.symbol() {
            "InsertStmt" => self.insert(node, scope, uses),
            "UpdateStmt" => self.update(node, scope, uses),
            "DeleteStmt" => self.delete(node, scope, uses),
            "CallStmt" => {
                self.walk(node, scope, uses);
                Columns::default()
            }
            "MergeStmt" | "CopyStmt" => {
                self.only_relations(node, scope);
                uses.is_open = true;
                Columns::open()
            }
            _ => self.select(node, scope, uses),
        }
    }

    /// The relations that a statement names, where its columns are not followed.
    fn only_relations(&mut self, node: Node<'_>, scope: &Scope<'_>) {
        for target in parse::all(node, "qualified_name") {
            self.relation(target);
        }
        for table in node.children() {
            match table.symbol() {
                "relation_expr_opt_alias" => _ = self.target(table),
                "table_ref" => _ = self.table_ref(table, scope, &[], &mut Uses::default()),
                _ => {}
            }
        }
    }

    /// A query: its columns, as far as they are known, and what it needs.
    pub(crate) fn query(&mut self, node: Node<'_>) -> Output {
        self.mentions(node.text());
        let mut uses = Uses::default();
        let columns = self.select(node, &Scope::default(), &mut uses);
        let is_known = !columns.is_open;
        let fields = columns.fields.into_iter().map(|field| (field.name, field.ty));
        Output { columns: is_known.then(|| fields.collect()), uses }
    }

    /// An expression about a table: the columns that it names must be there.
    pub(crate) fn expression(&mut self, node: Node<'_>, table: Option<&Key>) -> Uses {
        let mut uses = Uses::default();
        self.mentions(node.text());
        let scope = match table.and_then(|table| self.source_of(table)) {
            Some(source) => Scope { sources: vec![source], ..Scope::default() },
            None => Scope::open(),
        };
        self.walk(node, &scope, &mut uses);
        uses
    }

    /// The condition of a trigger or rule, which sees the row before and behind the change.
    pub(crate) fn row_expression(&mut self, node: Node<'_>, table: &Key) -> Uses {
        let mut uses = Uses::default();
        let Some(source) = self.source_of(table) else { return Uses::open() };
        let row = |name: &str| Source {
            name: Some(name.to_owned()),
            is_qualified: true,
            ..source.clone()
        };
        let scope = Scope { sources: vec![row("new"), row("old")], ..Scope::default() };
        self.walk(node, &scope, &mut uses);
        uses
    }

    /// The columns and indexes that a part of a definition names: `EXCLUDE`.
    pub(crate) fn within_table(&mut self, table: &Key, node: Node<'_>) {
        for element in parse::within(node, "index_elem") {
            if let Some(column) = element.child("ColId") {
                if let Some(name) = parse::ident(column) {
                    self.need_column(column.range(), table, &name);
                }
            } else {
                self.expression(element, Some(table));
            }
        }
    }
}
