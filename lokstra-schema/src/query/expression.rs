//! Expressions: the columns, functions and types that they name.

use std::ops::Range;

use lokstra_grammar::Node;

use super::scope::{Meaning, Scope};
use crate::apply::{Replay, Said, needed_type};
use crate::builtin;
use crate::catalog::{Key, Type, Uses};
use crate::names::fold;
use crate::parse;

impl Replay<'_> {
    /// All names in a part of a statement that has no sources of its own.
    pub(super) fn walk(&mut self, node: Node<'_>, scope: &Scope<'_>, uses: &mut Uses) {
        match node.symbol() {
            "columnref" => self.reference(node, scope, uses),
            "select_with_parens" | "SelectStmt" => {
                self.select(node, scope, uses);
                return;
            }
            "func_application" => self.call(node, scope, uses),
            "a_expr" | "b_expr" => self.check_operator(node, scope),
            // `interval '1 day'`: a call has its own.
            "func_name" => return self.constant_type(node),
            "Typename" => {
                let ty = self.type_of(node);
                uses.certain.extend(needed_type(&ty));
                return;
            }
            _ => {}
        }
        let is_call = node.symbol() == "func_application";
        for child in node.children() {
            if !(is_call && child.symbol() == "func_name") {
                self.walk(child, scope, uses);
            }
        }
    }

    /// The type in front of a text in quotes.
    fn constant_type(&mut self, node: Node<'_>) {
        if node.tree().is_string(node.tokens().end)
            && let Some(wanted) = parse::type_name(node)
            && let Some(gone) = self.is_missing_type(&wanted)
        {
            self.missing_type(node, &wanted, gone.as_deref());
        }
    }

    fn reference(&mut self, node: Node<'_>, scope: &Scope<'_>, uses: &mut Uses) {
        let Some(parts) = parts(node) else {
            uses.is_open = true;
            return;
        };
        let (meaning, message, table) = match &parts[..] {
            [name] => (scope.bare(name), format!("column \"{name}\" does not exist"), None),
            [table, name] => {
                let message = format!("column {table}.{name} does not exist");
                (scope.qualified(table, name), message, Some(table))
            }
            [schema, table, name] => {
                let source = scope.source(table).filter(|it| it.schema.as_ref() == Some(schema));
                if source.is_none() {
                    uses.is_open = true;
                    return;
                }
                let message = format!("column {schema}.{table}.{name} does not exist");
                (scope.qualified(table, name), message, Some(table))
            }
            _ => {
                uses.is_open = true;
                return;
            }
        };
        let name = parts.last().map_or("", String::as_str);
        match meaning {
            Meaning::Field(field) => uses.certain.extend(field.needs),
            Meaning::Row(source) => {
                uses.is_open |= source.is_open;
                uses.certain.extend(source.needs);
                if name == "*" {
                    uses.certain.extend(source.fields.iter().filter_map(|field| field.needs));
                }
            }
            Meaning::Open => uses.is_open = true,
            Meaning::NoColumn => {
                uses.is_open = true;
                // `row.function` calls a function.
                let may_be_call = table.is_some() && self.may_be_function(name);
                if may_be_call || builtin::is_known(builtin::Kind::SystemColumn, name) {
                    return;
                }
                let keys: Vec<_> = match table {
                    Some(table) => {
                        scope.source(table).and_then(|it| it.key.clone()).into_iter().collect()
                    }
                    None => scope.sources.iter().filter_map(|it| it.key.clone()).collect(),
                };
                self.no_column(node.range(), &keys, name, message);
            }
            Meaning::NoSource => {
                uses.is_open = true;
                let table = table.map_or("", String::as_str);
                let message = format!("missing FROM-clause entry for table \"{table}\"");
                self.say(node.range(), Said::new("undefined-table", "42P01", message));
            }
        }
    }

    /// A column that none of these tables has.
    pub(super) fn no_column(
        &mut self,
        at: Range<usize>,
        keys: &[Key],
        name: &str,
        message: String,
    ) {
        let may_have = |key: &Key| self.at(key).is_none_or(|relation| relation.may_have(name));
        if keys.iter().any(may_have) {
            return;
        }
        match keys.split_first() {
            Some((first, rest)) => {
                for key in rest {
                    let name = name.to_owned();
                    self.change(key, |relation| relation.reported.push(name));
                }
                self.missing_column(at, first, name, message);
            }
            None => self.say(at, Said::new("undefined-column", "42703", message)),
        }
    }

    /// The type of an expression, where it is simple.
    pub(super) fn type_in(&mut self, node: Node<'_>, scope: &Scope<'_>) -> Type {
        let mut node = node;
        while node.symbol() != "columnref" {
            let children = node.children();
            if let [_, ty] = children[..]
                && ty.symbol() == "Typename"
                && node.symbol() == "a_expr"
            {
                return self.type_of(ty);
            }
            match children[..] {
                [only] if only.range() == node.range() => node = only,
                _ => break,
            }
        }
        let parts = if node.symbol() == "columnref" { parts(node) } else { None };
        let meaning = match parts.as_deref() {
            Some([name]) => scope.bare(name),
            Some([table, name]) => scope.qualified(table, name),
            _ => return Type::OPEN,
        };
        match meaning {
            Meaning::Field(field) => field.ty.clone(),
            _ => Type::OPEN,
        }
    }
}

/// The names of `a.b.c`, without what follows in brackets; `None` for one with escapes.
pub(super) fn parts(node: Node<'_>) -> Option<Vec<String>> {
    let tree = node.tree();
    let mut parts = Vec::new();
    for nth in node.tokens() {
        match tree.token(nth) {
            "." => {}
            "[" => break,
            "*" => parts.push("*".to_owned()),
            token => parts.push(fold(token)?),
        }
    }
    Some(parts)
}
