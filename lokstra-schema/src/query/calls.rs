//! Calls of functions.

use lokstra_grammar::Node;

use super::scope::Scope;
use crate::apply::{Found, Replay, Said};
use crate::builtin;
use crate::catalog::{Class, Dependency, Key, Slot, Uses};
use crate::names::{Name, nearest};
use crate::parse;

impl Replay<'_> {
    /// A call: the function must be there and take so many arguments.
    pub(super) fn call(&mut self, node: Node<'_>, scope: &Scope<'_>, uses: &mut Uses) {
        let Some(at) = node.child("func_name") else { return };
        let Some(name) = parse::name(at) else {
            uses.is_open = true;
            return;
        };
        // `unnest(a, b)` in FROM is one call for each.
        let count = arguments(node).filter(|_| name.name != "unnest");
        let is_system = name.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
        let builtin = builtin::function(&name.name).filter(|_| is_system);
        match self.find(Class::Routine, &name) {
            Found::Known(key) => {
                let Some(object) = self.catalog.known(&key) else { return };
                let (id, fits) = (object.id, |count| {
                    object.routines().iter().any(|it| {
                        // A procedure is called with its output arguments.
                        it.kind == "procedure" || (it.least..=it.most).contains(&count)
                    })
                });
                let is_taken = count.is_none_or(fits)
                    || builtin.is_some_and(|it| count.is_none_or(|count| it.accepts(count)))
                    || self.is_of_extension(&name.name)
                    || !self.is_empty_schema(&key.schema);
                // Which of several is meant depends on types.
                match builtin {
                    None => uses.certain.push(Dependency { id, column: None }),
                    Some(_) => uses.is_open = true,
                }
                if !is_taken && !self.may_be_cast(&name, count, scope) {
                    let made = self.catalog.known(&key).map(|it| it.made);
                    let said = self.no_function(&name);
                    let note =
                        made.map(|made| format!("{name} was created in {}", self.line(made)));
                    self.say(at.range(), note.into_iter().fold(said, Said::note));
                }
            }
            Found::Open => {
                uses.is_open |= builtin.is_none();
            }
            Found::Missing(..) if self.is_of_extension(&name.name) => uses.is_open = true,
            Found::Missing(key, Some(_))
                if count != Some(0) && !self.is_empty_schema(&key.schema) =>
            {
                uses.is_open = true;
            }
            Found::Missing(key, gone) => {
                let is_taken = match (builtin, count) {
                    (Some(function), Some(count)) => function.accepts(count),
                    (Some(_), None) => true,
                    (None, _) => false,
                };
                if is_taken || self.may_be_cast(&name, count, scope) {
                    return;
                }
                uses.is_open = true;
                let mut said = self.no_function(&name);
                if let Some(gone) = gone {
                    said = said.note(self.fate(&name.name, &gone));
                } else if builtin.is_none() {
                    let names = self.catalog.objects().map(|(other, _)| other);
                    let names = names.filter(|other| other.class == Class::Routine);
                    let near = nearest(&name.name, names.map(|other| other.name.as_str()));
                    let near = near.or_else(|| nearest(&name.name, builtin::function_names()));
                    said = said.help(near.map(|near| format!("did you mean `{near}`?")));
                }
                self.say(at.range(), said);
                if builtin.is_none() {
                    self.catalog.set(key, Slot::Open);
                }
            }
        }
    }

    fn no_function(&self, name: &Name) -> Said {
        let is_there = builtin::function(&name.name).is_some()
            || matches!(self.find(Class::Routine, name), Found::Known(_));
        let message = if is_there {
            format!("function {name} with this number of arguments does not exist")
        } else {
            format!("function {name} does not exist")
        };
        Said::new("undefined-function", "42883", message)
    }

    /// With one argument, a type or a column is written as a function is.
    fn may_be_cast(&self, name: &Name, count: Option<usize>, scope: &Scope<'_>) -> bool {
        if count.is_some_and(|count| count != 1) {
            return false;
        }
        let is_column = |scope: &Scope<'_>| {
            scope.is_open
                || scope.sources.iter().any(|it| it.is_open || it.field(&name.name).is_some())
        };
        let mut levels = std::iter::successors(Some(scope), |scope| scope.outer);
        builtin::data_type(&name.name).is_some()
            || !matches!(self.find(Class::Type, name), Found::Missing(..))
            || !matches!(self.find(Class::Relation, name), Found::Missing(..))
            || levels.any(is_column)
            || self.catalog.relations().any(|(_, _, it)| it.column(&name.name).is_some())
    }

    /// Whether a function of this name may be there.
    pub(super) fn may_be_function(&self, name: &str) -> bool {
        let name = Name { schema: None, name: name.to_owned() };
        builtin::function(&name.name).is_some_and(|it| it.accepts(1))
            || builtin::data_type(&name.name).is_some()
            || !matches!(self.find(Class::Routine, &name), Found::Missing(..))
            || self.is_of_extension(&name.name)
    }

    /// A routine of an extension may change what its arguments name.
    pub(super) fn unknown_calls(&mut self, node: Node<'_>) {
        let calls = parse::within(node, "func_application")
            .filter_map(|call| parse::name(call.child("func_name")?))
            .filter(|name| builtin::function(&name.name).is_none());
        let calls: Vec<_> = calls.collect();
        self.runs_code |= !calls.is_empty();
        let is_unknown = calls.iter().any(|name| {
            let key =
                Key::new(Class::Routine, name.schema.as_deref().unwrap_or("public"), &name.name);
            !matches!(self.catalog.slot(&key), Some(Slot::Known(_)))
                && !self.is_of_known_extension(&name.name)
        });
        if is_unknown {
            self.calls_unknown = true;
            self.open_text(node.text());
        }
    }

    fn is_of_known_extension(&self, name: &str) -> bool {
        let mut extensions =
            self.catalog.of_class(Class::Extension).filter(|(_, slot)| slot.is_known());
        extensions.any(|(key, _)| {
            builtin::Extension::known(&key.name).is_some_and(|it| it.function(name).is_some())
        })
    }
}

/// How many arguments a call has; `None` if that cannot be said.
fn arguments(node: Node<'_>) -> Option<usize> {
    let tree = node.tree();
    let end = node.tokens().end;
    let is_within_group = parse::is(node, end, "within");
    if parse::has(node, &["variadic"]) || is_within_group {
        return None;
    }
    let (mut count, mut depth) = (0, 0_usize);
    let start = node.child("func_name").map_or(end, |name| name.tokens().end);
    for nth in start..end {
        match tree.token(nth) {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            "," if depth == 1 => count += 1,
            // `ORDER BY` may have commas as well.
            word if depth == 1 && word.eq_ignore_ascii_case("order") => break,
            _ => {}
        }
    }
    let inner = tree.token(start + 1);
    match inner {
        ")" | "*" => Some(0),
        _ => Some(count + 1),
    }
}
