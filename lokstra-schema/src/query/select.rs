//! `SELECT`, `VALUES`, `TABLE`, their unions, and `WITH`.

use lokstra_grammar::Node;

use super::Columns;
use super::scope::{Cte, Field, Meaning, Scope};
use crate::apply::Replay;
use crate::catalog::{Type, Uses};
use crate::parse;

/// What a query can be made of.
const QUERIES: [&str; 5] =
    ["SelectStmt", "select_no_parens", "select_with_parens", "simple_select", "values_clause"];

fn queries(node: Node<'_>) -> Vec<Node<'_>> {
    node.children().into_iter().filter(|child| QUERIES.contains(&child.symbol())).collect()
}

impl Replay<'_> {
    /// A query in the scope of what is around it.
    pub(super) fn select(&mut self, node: Node<'_>, outer: &Scope<'_>, uses: &mut Uses) -> Columns {
        self.select_with(node, outer, &[], uses)
    }

    /// A query and what stands behind it: `ORDER BY`, `LIMIT`.
    fn select_with(
        &mut self,
        node: Node<'_>,
        outer: &Scope<'_>,
        tail: &[Node<'_>],
        uses: &mut Uses,
    ) -> Columns {
        match node.symbol() {
            "simple_select" => self.simple_select(node, outer, tail, uses),
            "values_clause" => self.values(node, outer, uses),
            _ => {
                let mut scope = Scope::within(Some(outer));
                if let Some(with) = node.child("with_clause") {
                    self.with(with, &mut scope, uses);
                }
                let is_part = |child: &Node<'_>| {
                    !QUERIES.contains(&child.symbol()) && child.symbol() != "with_clause"
                };
                let own: Vec<_> = node.children().into_iter().filter(is_part).collect();
                let tail = if own.is_empty() { tail } else { &own };
                match queries(node).first() {
                    Some(query) => self.select_with(*query, &scope, tail, uses),
                    None => Columns::open(),
                }
            }
        }
    }

    pub(super) fn with(&mut self, node: Node<'_>, scope: &mut Scope<'_>, uses: &mut Uses) {
        let is_recursive = parse::has(node, &["recursive"]);
        if is_recursive {
            // Each sees those behind it as well.
            let names = parse::within(node, "common_table_expr").filter_map(|it| it.child("name"));
            for name in names.filter_map(parse::ident) {
                scope.ctes.push(Cte { name, fields: Vec::new(), is_open: true });
            }
        }
        for part in parse::within(node, "common_table_expr") {
            // Those of a query in one of these are its own.
            let is_own = parse::within(node, "common_table_expr")
                .all(|other| !strictly_contains(other, part));
            if !is_own {
                continue;
            }
            let Some(name) = part.child("name").and_then(parse::ident) else {
                scope.is_open = true;
                continue;
            };
            let names: Vec<_> = part
                .child("opt_name_list")
                .map(|list| parse::within(list, "name").filter_map(parse::ident).collect())
                .unwrap_or_default();
            let body = part.children().into_iter().find(|it| it.symbol().ends_with("Stmt"));
            let Some(body) = body else { continue };
            let mut columns = Columns::default();
            if is_recursive {
                let field =
                    |name: &String| Field { name: name.clone(), ty: Type::OPEN, needs: None };
                let fields = names.iter().map(field).collect();
                scope.ctes.push(Cte { name: name.clone(), fields, is_open: names.is_empty() });
            }
            let found = self.rows(body, scope, uses);
            columns.is_open = found.is_open;
            columns.fields = found.fields;
            for (nth, name) in names.into_iter().enumerate() {
                match columns.fields.get_mut(nth) {
                    Some(field) => field.name = name,
                    None => columns.fields.push(Field { name, ty: Type::OPEN, needs: None }),
                }
            }
            // Behind a recursive query the others see what it returns.
            scope.ctes.push(Cte { name, fields: columns.fields, is_open: columns.is_open });
        }
    }

    fn values(&mut self, node: Node<'_>, outer: &Scope<'_>, uses: &mut Uses) -> Columns {
        self.walk(node, outer, uses);
        let Some(row) = node.child("expr_list") else { return Columns::open() };
        let count = parse::all(row, "a_expr").len();
        let field =
            |nth: usize| Field { name: format!("column{nth}"), ty: Type::OPEN, needs: None };
        let is_open = row.text().contains(".*");
        Columns { fields: (1..=count).map(field).collect(), is_open }
    }

    fn simple_select(
        &mut self,
        node: Node<'_>,
        outer: &Scope<'_>,
        tail: &[Node<'_>],
        uses: &mut Uses,
    ) -> Columns {
        if let Some(values) = node.child("values_clause") {
            return self.values(values, outer, uses);
        }
        let branches = queries(node);
        if let Some((first, rest)) = branches.split_first() {
            let mut columns = self.select(*first, outer, uses);
            for branch in rest {
                self.select(*branch, outer, uses);
            }
            for field in &mut columns.fields {
                (field.ty, field.needs) = (Type::OPEN, None);
            }
            return columns;
        }
        let mut scope = Scope::within(Some(outer));
        if let Some(table) = node.child("relation_expr") {
            let source = self.named_source(table, outer);
            let columns = Columns { fields: source.fields.clone(), is_open: source.is_open };
            scope.sources.push(source);
            all_of(&scope, uses);
            return columns;
        }
        if let Some(from) = node.child("from_clause") {
            self.from(from, &mut scope, uses);
        }
        let columns = match node.child("target_list") {
            Some(list) => self.targets(list, &scope, uses),
            None => Columns::default(),
        };
        for part in node.children() {
            match part.symbol() {
                "from_clause" | "target_list" | "into_clause" => {}
                // `DISTINCT ON`.
                "expr_list" | "group_clause" => self.sort(part, &scope, &columns, uses),
                _ => self.walk(part, &scope, uses),
            }
        }
        for part in tail {
            self.sort(*part, &scope, &columns, uses);
        }
        columns
    }

    /// Expressions each of which may be the name of a column of the query.
    fn sort(&mut self, node: Node<'_>, scope: &Scope<'_>, columns: &Columns, uses: &mut Uses) {
        if node.symbol() == "for_locking_clause" {
            return;
        }
        if matches!(node.symbol(), "a_expr" | "columnref") {
            let is_bare = node.tokens().len() == 1;
            if is_bare && let Some(name) = parse::ident(node) {
                let is_output = columns.fields.iter().any(|field| field.name == name);
                if is_output || columns.is_open {
                    if let Meaning::Field(field) = scope.bare(&name) {
                        uses.certain.extend(field.needs);
                    }
                    return;
                }
            }
            return self.walk(node, scope, uses);
        }
        for child in node.children() {
            self.sort(child, scope, columns, uses);
        }
    }

    /// The columns of a list behind `SELECT` or `RETURNING`.
    pub(super) fn targets(
        &mut self,
        list: Node<'_>,
        scope: &Scope<'_>,
        uses: &mut Uses,
    ) -> Columns {
        let mut columns = Columns::default();
        for target in parse::all(list, "target_el") {
            let Some(expression) = target.child("a_expr") else {
                // `*`
                all_of(scope, uses);
                columns.is_open |= scope.is_open || !scope.merged.is_empty();
                for source in scope.sources.iter().filter(|source| !source.is_qualified) {
                    columns.is_open |= source.is_open;
                    columns.fields.extend(source.fields.iter().cloned());
                }
                continue;
            };
            self.walk(expression, scope, uses);
            if target.text().ends_with('*') && expression.text().ends_with(".*") {
                let parts = super::expression::parts(expression);
                match parts.as_deref() {
                    Some([table, _]) if let Meaning::Row(source) = scope.qualified(table, "*") => {
                        columns.is_open |= source.is_open;
                        columns.fields.extend(source.fields.iter().cloned());
                    }
                    _ => columns.is_open = true,
                }
                continue;
            }
            let ty = self.type_in(expression, scope);
            let last = target.tokens().end - 1;
            let name = match expression.tokens().end - 1 {
                end if end == last => output_name(expression),
                _ => crate::names::fold(target.tree().token(last)),
            };
            if let Some(name) = name {
                columns.fields.push(Field { name, ty, needs: None });
            } else {
                // A column whose name is not known is a column all the same.
                let name = format!("?{}", columns.fields.len());
                columns.is_open = true;
                columns.fields.push(Field { name, ty, needs: None });
            }
        }
        columns
    }
}

/// A query that reads all columns needs each of them.
fn all_of(scope: &Scope<'_>, uses: &mut Uses) {
    for source in &scope.sources {
        uses.is_open |= source.is_open;
        uses.certain.extend(source.needs);
        uses.certain.extend(source.fields.iter().filter_map(|field| field.needs));
    }
}

fn strictly_contains(outer: Node<'_>, inner: Node<'_>) -> bool {
    let (outer, inner) = (outer.range(), inner.range());
    outer != inner && outer.start <= inner.start && inner.end <= outer.end
}

/// What the server calls a column without a name of its own, where that is simple.
fn output_name(expression: Node<'_>) -> Option<String> {
    let mut node = expression;
    while node.symbol() != "columnref"
        && node.children().len() == 1
        && node.children()[0].range() == node.range()
    {
        node = node.children()[0];
    }
    match node.symbol() {
        "columnref" => super::expression::parts(node)?.pop(),
        "func_application" => Some(parse::name(node.child("func_name")?)?.name),
        _ => None,
    }
}
