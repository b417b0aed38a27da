//! `FROM`: tables, subqueries, functions and joins.

use lokstra_grammar::Node;

use super::scope::{Field, Scope, Source};
use crate::apply::Replay;
use crate::catalog::{Dependency, Key, RelationKind, Uses};
use crate::parse;

impl Replay<'_> {
    /// The sources of `FROM` or `USING`.
    pub(super) fn from(&mut self, node: Node<'_>, scope: &mut Scope<'_>, uses: &mut Uses) {
        for table in parse::all(node, "table_ref") {
            let before = std::mem::take(&mut scope.sources);
            let outer = Scope { ctes: Vec::new(), sources: Vec::new(), ..scope.clone() };
            let (found, merged) = self.table_ref(table, &outer, &before, uses);
            scope.sources = before;
            scope.sources.extend(found);
            scope.merged.extend(merged);
        }
    }

    /// One element, and the columns that its joins merge; `before` is what `LATERAL` sees besides.
    pub(super) fn table_ref(
        &mut self,
        node: Node<'_>,
        outer: &Scope<'_>,
        before: &[Source],
        uses: &mut Uses,
    ) -> (Vec<Source>, Vec<String>) {
        let is_lateral = parse::has(node, &["lateral"]);
        let lateral = Scope { sources: before.to_vec(), ..Scope::within(Some(outer)) };
        let (alias, columns) = alias_of(node);
        if let Some(join) = node.child("joined_table") {
            let (sources, merged) = self.join(join, outer, before, uses);
            return match alias {
                None => (sources, merged),
                Some(alias) => {
                    let is_open = !merged.is_empty() || sources.iter().any(|it| it.is_open);
                    let fields = sources.into_iter().flat_map(|it| it.fields).collect();
                    let source = Source::new(None, fields, is_open).renamed(alias, columns);
                    (vec![source], Vec::new())
                }
            };
        }
        let source = if let Some(relation) = node.child("relation_expr") {
            let source = self.named_source(relation, outer);
            uses.certain.extend(source.needs);
            uses.is_open |= source.is_open;
            source
        } else if let Some(query) = node.child("select_with_parens") {
            let seen = if is_lateral { &lateral } else { outer };
            let found = self.select(query, seen, uses);
            Source::new(None, found.fields, found.is_open)
        } else {
            // A function sees what stands before it, with or without LATERAL.
            self.walk(node, &lateral, uses);
            let name =
                node.child("func_table").and_then(|it| parse::within(it, "func_name").next());
            // `XMLTABLE` and `JSON_TABLE` are no functions of the catalog.
            let first = node.tokens().start + usize::from(is_lateral);
            let name = match name.and_then(parse::name) {
                Some(name) => Some(name.name),
                None => crate::names::fold(node.tree().token(first)),
            };
            return (vec![function_source(node, name, alias.as_deref(), columns)], Vec::new());
        };
        match alias {
            Some(alias) => (vec![source.renamed(alias, columns)], Vec::new()),
            None => (vec![source], Vec::new()),
        }
    }

    fn join(
        &mut self,
        node: Node<'_>,
        outer: &Scope<'_>,
        before: &[Source],
        uses: &mut Uses,
    ) -> (Vec<Source>, Vec<String>) {
        // `(a JOIN b)`
        if let Some(inner) = node.child("joined_table") {
            return self.join(inner, outer, before, uses);
        }
        let tables = parse::all(node, "table_ref");
        let [left, right] = tables[..] else {
            return (vec![Source::open(None)], Vec::new());
        };
        let (mut sources, mut merged) = self.table_ref(left, outer, before, uses);
        let seen: Vec<_> = before.iter().chain(&sources).cloned().collect();
        let (right, more) = self.table_ref(right, outer, &seen, uses);
        merged.extend(more);
        if parse::has(node, &["natural"]) {
            // Which columns it merges depends on all of both.
            uses.is_open = true;
            merged.extend(right.iter().flat_map(|it| &it.fields).map(|it| it.name.clone()));
        }
        if let Some(condition) = node.child("join_qual") {
            if let Some(list) = condition.child("name_list") {
                for name in parse::all(list, "name") {
                    let Some(column) = parse::ident(name) else { continue };
                    for (side, sources) in [("left", &sources), ("right", &right)] {
                        self.merged_column(name, &column, side, sources, uses);
                    }
                    merged.push(column);
                }
                // `USING (a) AS x`
                if let Some(name) = condition.child("ColId").and_then(parse::ident) {
                    let merged = Source::open(Some(name));
                    sources.push(Source { is_qualified: true, ..merged });
                }
            } else {
                let sources = sources.iter().chain(&right).cloned().collect();
                let scope = Scope { sources, merged: merged.clone(), ..Scope::within(Some(outer)) };
                self.walk(condition, &scope, uses);
            }
        }
        sources.extend(right);
        (sources, merged)
    }

    fn merged_column(
        &mut self,
        at: Node<'_>,
        column: &str,
        side: &str,
        sources: &[Source],
        uses: &mut Uses,
    ) {
        let found: Vec<_> = sources.iter().filter_map(|it| it.field(column)).collect();
        uses.certain.extend(found.iter().filter_map(|field| field.needs));
        if found.is_empty() && !sources.iter().any(|it| it.is_open) {
            let message = format!(
                "column \"{column}\" specified in USING clause does not exist in {side} table"
            );
            let keys: Vec<_> = sources.iter().filter_map(|it| it.key.clone()).collect();
            self.no_column(at.range(), &keys, column, message);
        }
    }

    /// A relation by its name, or a query of `WITH`.
    pub(super) fn named_source(&mut self, node: Node<'_>, scope: &Scope<'_>) -> Source {
        let Some(target) = parse::target(node) else { return Source::open(None) };
        let Some(name) = parse::name(target) else { return Source::open(None) };
        if name.schema.is_none()
            && let Some(cte) = scope.cte(&name.name)
        {
            return Source::new(Some(name.name), cte.fields.clone(), cte.is_open);
        }
        let source = self.relation(target).and_then(|key| self.source_of(&key));
        match source {
            Some(source) => Source { schema: name.schema, ..source },
            None => Source { schema: name.schema, ..Source::open(Some(name.name)) },
        }
    }

    /// A known relation as a query sees it.
    pub(super) fn source_of(&self, key: &Key) -> Option<Source> {
        let (relation, id) = (self.at(key)?, self.id(key)?);
        let fields = relation.columns.iter().map(|column| Field {
            name: column.name.clone(),
            ty: column.ty.clone(),
            needs: Some(Dependency { id, column: Some(column.number) }),
        });
        let fields = fields.collect();
        let is_open = relation.has_open_columns
            || matches!(relation.kind, RelationKind::Sequence | RelationKind::Index);
        Some(Source {
            key: Some(key.clone()),
            needs: Some(Dependency { id, column: None }),
            ..Source::new(Some(key.name.clone()), fields, is_open)
        })
    }
}

/// A function that returns one column, by all that is known, or any.
fn function_source(
    node: Node<'_>,
    name: Option<String>,
    alias: Option<&str>,
    columns: Vec<String>,
) -> Source {
    /// Of one column, which has the name of the function or alias.
    const SIMPLE: [&str; 5] = [
        "generate_series",
        "regexp_split_to_table",
        "string_to_table",
        "generate_subscripts",
        "jsonb_object_keys",
    ];
    let shown = alias.map(str::to_owned).or_else(|| name.clone());
    let is_simple = name.is_some_and(|name| SIMPLE.contains(&name.as_str()))
        && !node.text().to_ascii_lowercase().contains("ordinality")
        && parse::within(node, "func_application").next().is_some_and(|call| {
            node.child("func_table").is_some_and(|table| table.range() == call.range())
        });
    if !is_simple {
        return Source::open(None).renamed(shown.unwrap_or_default(), columns);
    }
    let column = columns.into_iter().next().or_else(|| shown.clone()).unwrap_or_default();
    let field = Field { name: column, ty: crate::catalog::Type::OPEN, needs: None };
    Source::new(shown, vec![field], false)
}

/// The alias of an element and the names that it gives to its columns.
fn alias_of(node: Node<'_>) -> (Option<String>, Vec<String>) {
    let function = node.child("func_alias_clause");
    let Some(clause) =
        function.map_or_else(|| node.child("alias_clause"), |it| it.child("alias_clause"))
    else {
        // `AS x (a int)`
        let name = function.and_then(|it| it.child("ColId")).and_then(parse::ident);
        return (name, Vec::new());
    };
    let names = clause.child("name_list").map(|list| parse::all(list, "name")).unwrap_or_default();
    let columns = names.into_iter().filter_map(parse::ident).collect();
    (clause.child("ColId").and_then(parse::ident), columns)
}
