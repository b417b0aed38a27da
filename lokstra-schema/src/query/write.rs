//! `INSERT`, `UPDATE` and `DELETE`.

use lokstra_grammar::Node;

use super::Columns;
use super::scope::{Scope, Source};
use crate::apply::{Found, Replay, Said};
use crate::catalog::{Class, ConstraintKind, Key, Uses};
use crate::parse;

impl Replay<'_> {
    pub(super) fn insert(&mut self, node: Node<'_>, outer: &Scope<'_>, uses: &mut Uses) -> Columns {
        let mut scope = Scope::within(Some(outer));
        if let Some(with) = node.child("with_clause") {
            self.with(with, &mut scope, uses);
        }
        let Some(target) = node.child("insert_target") else { return Columns::open() };
        let key = target.child("qualified_name").and_then(|it| self.relation(it));
        let mut source = self.target_source(target, key.as_ref());
        if let Some(alias) = target.child("ColId").and_then(parse::ident) {
            source = source.renamed(alias, Vec::new());
        }
        if let Some(rest) = node.child("insert_rest") {
            let items = rest.child("insert_column_list");
            let items =
                items.map(|list| parse::all(list, "insert_column_item")).unwrap_or_default();
            for item in &items {
                self.target_column(*item, key.as_ref(), uses);
                for index in parse::all(*item, "a_expr") {
                    self.walk(index, &scope, uses);
                }
            }
            if let Some(query) = rest.child("SelectStmt") {
                self.select(query, &scope, uses);
                if let Some(key) = &key {
                    self.inserted(key, &items, query);
                }
            }
        }
        if let Some(conflict) = node.child("opt_on_conflict") {
            self.conflict(conflict, key.as_ref(), &source, &scope, uses);
        }
        scope.sources.push(source);
        self.returning(node, &scope, uses)
    }

    /// What `ON CONFLICT` names, and what it does.
    fn conflict(
        &mut self,
        node: Node<'_>,
        key: Option<&Key>,
        source: &Source,
        outer: &Scope<'_>,
        uses: &mut Uses,
    ) {
        let table = Scope { sources: vec![source.clone()], ..Scope::within(Some(outer)) };
        if let Some(arbiter) = node.child("opt_conf_expr") {
            if let Some(params) = arbiter.child("index_params") {
                let mut columns = Vec::new();
                for element in parse::all(params, "index_elem") {
                    if let Some(at) = element.child("ColId") {
                        let number = parse::ident(at).and_then(|column| {
                            let key = key?;
                            let message = format!("column \"{column}\" does not exist");
                            self.need(at, key, &column, message)
                        });
                        columns.push(number);
                    } else {
                        self.walk(element, &table, uses);
                        columns.push(None);
                    }
                }
                if let Some(condition) = arbiter.child("where_clause") {
                    self.walk(condition, &table, uses);
                }
                if let Some(key) = key
                    && let Some(columns) = columns.into_iter().collect::<Option<Vec<_>>>()
                {
                    self.arbiter(arbiter, key, &columns);
                }
            } else if let (Some(name), Some(key)) = (arbiter.child("name"), key) {
                self.need_constraint(key, name);
            }
        }
        let excluded = Source {
            name: Some("excluded".to_owned()),
            schema: None,
            is_qualified: true,
            ..source.clone()
        };
        let scope = Scope { sources: vec![source.clone(), excluded], ..Scope::within(Some(outer)) };
        self.assignments(node, key, &scope, uses);
        if let Some(condition) = node.child("where_clause") {
            self.walk(condition, &scope, uses);
        }
    }

    /// A unique index or constraint of exactly these columns must be there.
    fn arbiter(&mut self, at: Node<'_>, key: &Key, columns: &[u32]) {
        let (Some(relation), Some(id)) = (self.at(key), self.id(key)) else { return };
        if relation.has_open_constraints
            || relation.has_open_columns
            || !relation.parents.is_empty()
            || !relation.rules.is_empty()
            || relation.kind != crate::catalog::RelationKind::Table
        {
            return;
        }
        let is_same = |other: &[u32]| {
            columns.iter().all(|column| other.contains(column))
                && other.iter().all(|column| columns.contains(column))
        };
        let has_key = relation.constraints.iter().any(|it| {
            let is_key = matches!(
                it.kind,
                ConstraintKind::Primary | ConstraintKind::Unique | ConstraintKind::Exclude
            );
            is_key && (it.is_open || is_same(&it.columns))
        });
        let has_index = self.catalog.relations_around(id).any(|(_, _, other)| {
            other.index.as_ref().is_some_and(|index| {
                let columns: Option<Vec<_>> = index.columns.iter().copied().collect();
                index.table == id
                    && index.is_unique
                    && (index.is_open || columns.is_some_and(|columns| is_same(&columns)))
            })
        });
        if has_key || has_index || self.has_open_index(key) {
            return;
        }
        let message = "there is no unique or exclusion constraint matching the ON CONFLICT \
             specification"
            .to_owned();
        let said = Said::new("no-unique-constraint", "42P10", message)
            .note(self.origin(key))
            .help(format!("add a unique constraint on these columns of {}", key.shown()));
        self.say(at.range(), said);
    }

    pub(super) fn update(&mut self, node: Node<'_>, outer: &Scope<'_>, uses: &mut Uses) -> Columns {
        let mut scope = Scope::within(Some(outer));
        if let Some(with) = node.child("with_clause") {
            self.with(with, &mut scope, uses);
        }
        let Some(target) = node.child("relation_expr_opt_alias") else { return Columns::open() };
        let (key, source) = self.target(target);
        let mut level = Scope::within(Some(&scope));
        level.sources.push(source);
        if let Some(from) = node.child("from_clause") {
            self.from(from, &mut level, uses);
        }
        self.assignments(node, key.as_ref(), &level, uses);
        if let Some(condition) = node.child("where_or_current_clause") {
            self.walk(condition, &level, uses);
        }
        self.returning(node, &level, uses)
    }

    pub(super) fn delete(&mut self, node: Node<'_>, outer: &Scope<'_>, uses: &mut Uses) -> Columns {
        let mut scope = Scope::within(Some(outer));
        if let Some(with) = node.child("with_clause") {
            self.with(with, &mut scope, uses);
        }
        let Some(target) = node.child("relation_expr_opt_alias") else { return Columns::open() };
        let (_, source) = self.target(target);
        let mut level = Scope::within(Some(&scope));
        level.sources.push(source);
        if let Some(from) = node.child("using_clause") {
            self.from(from, &mut level, uses);
        }
        if let Some(condition) = node.child("where_or_current_clause") {
            self.walk(condition, &level, uses);
        }
        self.returning(node, &level, uses)
    }

    fn returning(&mut self, node: Node<'_>, scope: &Scope<'_>, uses: &mut Uses) -> Columns {
        let Some(clause) = node.child("returning_clause") else { return Columns::default() };
        // `old` and `new` are there since 18.
        let row = |name: &str| Source { is_qualified: true, ..Source::open(Some(name.to_owned())) };
        let sources = [row("old"), row("new")].into_iter().chain(scope.sources.iter().cloned());
        let scope = Scope { sources: sources.collect(), ..scope.clone() };
        match clause.child("target_list") {
            Some(list) => self.targets(list, &scope, uses),
            None => Columns::open(),
        }
    }

    /// The table of `UPDATE` or `DELETE`.
    pub(super) fn target(&mut self, node: Node<'_>) -> (Option<Key>, Source) {
        let relation = node.child("relation_expr");
        let name = relation.and_then(|it| it.child("qualified_name"));
        let key = name.and_then(|it| self.relation(it));
        let mut source = relation.map_or_else(
            || Source::open(None),
            |relation| self.target_source(relation, key.as_ref()),
        );
        if let Some(alias) = node.child("ColId").and_then(parse::ident) {
            source = source.renamed(alias, Vec::new());
        }
        (key, source)
    }

    fn target_source(&mut self, node: Node<'_>, key: Option<&Key>) -> Source {
        let name = node.child("qualified_name").and_then(parse::name);
        let schema = name.as_ref().and_then(|name| name.schema.clone());
        match key.and_then(|key| self.source_of(key)) {
            Some(source) => Source { schema, ..source },
            None => Source { schema, ..Source::open(name.map(|name| name.name)) },
        }
    }

    /// `SET a = 1, (b, c) = (…)`.
    fn assignments(
        &mut self,
        node: Node<'_>,
        key: Option<&Key>,
        scope: &Scope<'_>,
        uses: &mut Uses,
    ) {
        let Some(list) = node.child("set_clause_list") else { return };
        for clause in parse::all(list, "set_clause") {
            self.check_assignment(clause, key, scope);
            for part in clause.children() {
                match part.symbol() {
                    "set_target" => self.target_column(part, key, uses),
                    "set_target_list" => {
                        for target in parse::all(part, "set_target") {
                            self.target_column(target, key, uses);
                        }
                    }
                    _ => self.walk(part, scope, uses),
                }
            }
        }
    }

    /// `SET a = 1`: the value must fit the column.
    fn check_assignment(&mut self, clause: Node<'_>, key: Option<&Key>, scope: &Scope<'_>) {
        let target = clause.child("set_target").filter(|it| it.tokens().len() == 1);
        let name = target.and_then(parse::ident);
        let column = name.and_then(|name| self.at(key?)?.column(&name).cloned());
        if let (Some(column), Some(value)) = (column, clause.child("a_expr")) {
            self.must_fit_in(value, &column.name, &column.ty, scope, "expression");
        }
    }

    /// A column that a statement writes.
    fn target_column(&mut self, node: Node<'_>, key: Option<&Key>, uses: &mut Uses) {
        let (Some(at), Some(key)) = (node.child("ColId"), key) else { return };
        let Some(column) = parse::ident(at) else { return };
        let message = format!("column \"{column}\" of relation \"{}\" does not exist", key.shown());
        if let Some(number) = self.need(at, key, &column, message)
            && let Some(id) = self.id(key)
        {
            uses.certain.push(crate::catalog::Dependency { id, column: Some(number) });
        }
    }

    /// The number of a column that must be there.
    fn need(&mut self, at: Node<'_>, key: &Key, column: &str, message: String) -> Option<u32> {
        let found = self.at(key)?.column(column).map(|it| it.number);
        if found.is_none() {
            self.no_column(at.range(), std::slice::from_ref(key), column, message);
        }
        found
    }

    /// The values of each row must fit the columns.
    fn check_values(&mut self, key: &Key, items: &[Node<'_>], values: Node<'_>) {
        let Some(relation) = self.at(key).filter(|it| !it.has_open_columns) else { return };
        let column = |item: &Node<'_>| relation.column(&parse::ident(*item)?).cloned();
        let columns: Vec<_> = match items {
            [] => relation.columns.clone(),
            _ => items.iter().map_while(column).collect(),
        };
        for row in parse::all(values, "expr_list") {
            for (column, value) in columns.iter().zip(row.children()) {
                self.must_fit_in(value, &column.name, &column.ty, &Scope::open(), "expression");
            }
        }
    }

    /// Rows that are certainly there from here on, and columns that must have a value.
    fn inserted(&mut self, key: &Key, items: &[Node<'_>], query: Node<'_>) {
        let Some(values) = single_values(query) else { return };
        self.check_values(key, items, values);
        let Some(relation) = self.at(key) else { return };
        let is_plain = relation.kind == crate::catalog::RelationKind::Table
            && relation.triggers.is_empty()
            && relation.rules.is_empty()
            && !relation.has_open_constraints
            && !relation.has_open_columns;
        if !is_plain || matches!(self.find(Class::Relation, &key.shown()), Found::Open) {
            return;
        }
        let names: Vec<_> =
            items.iter().filter_map(|it| parse::ident(it.child("ColId")?)).collect();
        let are_known = names.iter().all(|name| relation.column(name).is_some());
        if are_known && names.len() == items.len() && !items.is_empty() {
            let missing = relation.columns.iter().find(|column| {
                column.is_not_null && !column.has_default && !names.contains(&column.name)
            });
            if let Some(column) = missing {
                let message = format!(
                    "null value in column \"{}\" of relation \"{}\" violates not-null constraint",
                    column.name,
                    key.shown()
                );
                let said = Said::new("not-null-violation", "23502", message)
                    .note(self.origin(key))
                    .help(format!("give a value for {}", column.name));
                self.say(values.range(), said);
                return;
            }
        }
        self.put_row(key);
    }
}

/// `VALUES (…)` without anything around it.
fn single_values(node: Node<'_>) -> Option<Node<'_>> {
    let mut node = node;
    while node.symbol() != "values_clause" {
        match node.children()[..] {
            [only] if only.range() == node.range() => node = only,
            _ => return None,
        }
    }
    Some(node)
}
