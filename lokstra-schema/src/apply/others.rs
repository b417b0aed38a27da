//! Statements that change no name and need some: comments, privileges, settings.

use lokstra_grammar::Node;

use super::{Followed, Found, Replay};
use crate::catalog::{Class, Key};
use crate::names::{Name, fold};
use crate::parse;

impl Replay<'_> {
    pub(crate) fn comment(&mut self, node: Node<'_>) -> Followed {
        let words = parse::tokens(node);
        let target = node.child("any_name");
        match words[2].as_str() {
            "column" => {
                self.column_name(target?);
            }
            "constraint" => {
                if let Some(key) = target
                    .filter(|_| !parse::has(node, &["domain"]))
                    .and_then(|it| self.relation(it))
                {
                    self.need_constraint(&key, node.child("name")?);
                }
            }
            "table" | "view" | "materialized" | "index" | "sequence" | "foreign" | "trigger"
            | "policy" | "rule" => {
                self.relation(target?);
            }
            "function" | "procedure" => {
                if let Some(routine) = node.child("function_with_argtypes") {
                    self.routine(routine, false);
                }
            }
            "type" | "domain" => {
                if let Some(ty) = node.child("Typename") {
                    self.type_of(ty);
                }
            }
            _ => {}
        }
        Some(())
    }

    /// `a.b.c`: the known table, and the column that it must have.
    pub(crate) fn column_name(&mut self, node: Node<'_>) -> Option<(Key, Option<u32>)> {
        let tree = node.tree();
        let tokens: Vec<_> = node.tokens().collect();
        let parts: Vec<_> =
            tokens.iter().step_by(2).map(|nth| fold(tree.token(*nth))).collect::<Option<_>>()?;
        let (name, column) = match &parts[..] {
            [table, column] => (Name { schema: None, name: table.clone() }, column),
            [schema, table, column] => {
                (Name { schema: Some(schema.clone()), name: table.clone() }, column)
            }
            _ => return None,
        };
        let before = tokens[tokens.len() - 3];
        let table = tree.token_range(tokens[0]).start..tree.token_range(before).end;
        let key = match self.find(Class::Relation, &name) {
            Found::Known(key) => key,
            Found::Open => return None,
            Found::Missing(key, gone) => {
                self.missing_relation(table, "relation", "42P01", &key, &name, gone.as_deref());
                return None;
            }
        };
        let at = tree.token_range(tokens[tokens.len() - 1]);
        let number = self.need_column(at, &key, column);
        Some((key, number))
    }

    pub(crate) fn grant(&mut self, node: Node<'_>) -> Followed {
        let target = node.child("privilege_target")?;
        let words = parse::tokens(target);
        if words[0] == "all" {
            return Some(());
        }
        let relations: Vec<_> = parse::within(target, "qualified_name").collect();
        let is_tables = words[0] == "table"
            || target.child("qualified_name_list").is_some() && words[0] != "sequence";
        let mut tables = Vec::new();
        for relation in relations {
            tables.extend(self.relation(relation));
        }
        if is_tables && let [table] = &tables[..] {
            let table = table.clone();
            for element in
                node.child("privileges").into_iter().flat_map(|it| parse::within(it, "columnElem"))
            {
                let column = parse::ident(element)?;
                self.need_column(element.range(), &table, &column);
            }
        }
        for routine in parse::within(target, "function_with_argtypes") {
            self.routine(routine, false);
        }
        if words[0] == "schema" {
            for name in parse::within(target, "name") {
                let key = Key::new(Class::Relation, &parse::ident(name)?, "");
                self.need_schema(name, &key)?;
            }
        }
        Some(())
    }

    pub(crate) fn alter_owner(&mut self, node: Node<'_>) -> Followed {
        if let Some(routine) = node.child("function_with_argtypes") {
            self.routine(routine, false);
        }
        Some(())
    }

    /// `TRUNCATE`, `LOCK` and `REFRESH MATERIALIZED VIEW`.
    pub(crate) fn uses_relations(&mut self, node: Node<'_>) -> Followed {
        let names: Vec<_> = parse::within(node, "qualified_name").collect();
        for name in names {
            self.relation(name);
        }
        Some(())
    }

    /// A setting: `search_path` changes what unqualified names mean.
    pub(crate) fn set(&mut self, node: Node<'_>) -> Followed {
        let text = node.text().to_ascii_lowercase();
        if text.contains("check_function_bodies")
            || !text.contains("search_path")
                && !text.contains("role")
                && !text.contains("schema")
                && !text.starts_with("reset all")
        {
            return Some(());
        }
        if text.contains("role") || text.contains("authorization") {
            return Some(());
        }
        let values: Vec<_> = parse::within(node, "var_value").map(Node::text).collect();
        self.set_path(&values);
        Some(())
    }

    /// `SELECT set_config('search_path', 'a', false)`, as dumps have it.
    pub(crate) fn set_by_call(&mut self, node: Node<'_>) {
        let text = node.text().to_ascii_lowercase();
        if text.contains("set_config") && text.contains("search_path") {
            let mut values = text.split("'search_path'").nth(1).unwrap_or("").split(',').skip(1);
            // An empty path leaves only names with their schemas, which it does not change.
            match values.next().map(str::trim) {
                Some("''") => {}
                value => self.set_path(value.as_slice()),
            }
        }
    }

    fn set_path(&mut self, values: &[&str]) {
        let schemas = values.iter().map(|text| {
            match text.strip_prefix('\'').and_then(|it| it.strip_suffix('\'')) {
                Some(quoted)
                    if quoted
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit()) =>
                {
                    Some(quoted.to_owned())
                }
                Some(_) => None,
                None => fold(text),
            }
        });
        self.path = schemas.collect::<Option<Vec<_>>>().filter(|path| {
            !path.is_empty()
                && path.iter().all(|it| !it.is_empty() && !matches!(&**it, "$user" | "default"))
        });
    }
}
