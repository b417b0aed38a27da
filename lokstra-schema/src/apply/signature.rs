//! The parameters and the result of a routine: what `CREATE OR REPLACE` must keep, and which routine a name alone
//! means.

use lokstra_grammar::Node;

use super::report::Said;
use super::{Replay, needed_type};
use crate::catalog::{Base, Key, Outcome, Routine, Signature, TEMPORARY, Type, Uses};
use crate::parse;

/// Whether an argument is for output alone.
pub(crate) fn is_output(argument: Node<'_>) -> bool {
    argument.child("arg_class").is_some_and(|it| parse::tokens(it) == ["out"])
}

impl Replay<'_> {
    /// The type of an argument or of a column; open for `float(10)`, which is another type than `float`.
    pub(crate) fn parameter_type(&mut self, node: Node<'_>) -> Type {
        let Some(ty) = parse::within(node, "Typename").last() else { return Type::OPEN };
        let is_cut =
            parse::starts(ty, &["float", "("]) || parse::starts(ty, &["setof", "float", "("]);
        if is_cut { Type::OPEN } else { self.type_of(ty) }
    }

    /// What a replacement must keep, and the types that it needs.
    pub(crate) fn signature(&mut self, node: Node<'_>, uses: &mut Uses) -> Signature {
        let mut signature = Signature::default();
        let mut outputs = Vec::new();
        let parts = node.child("func_args_with_defaults");
        for part in parts.iter().flat_map(|it| parse::within(*it, "func_arg_with_default")) {
            let Some(argument) = part.child("func_arg") else { continue };
            let name = argument.child("param_name").map(parse::ident);
            if !is_output(argument) {
                signature.names.push(name.clone().map(Option::unwrap_or_default));
            }
            if argument
                .child("arg_class")
                .is_some_and(|it| parse::tokens(it).join("").ends_with("out"))
            {
                outputs.push((name.flatten(), self.parameter_type(argument)));
            }
            if let Some(default) = part.child("a_expr") {
                signature.defaults += 1;
                // It may need a function or type that goes.
                uses.is_open |= ["func_application", "Typename"]
                    .iter()
                    .any(|symbol| parse::within(default, symbol).next().is_some());
            }
        }
        let returned = node.child("func_return");
        let columns: Vec<_> = parse::within(node, "table_func_column").collect();
        let mut is_set = returned.is_some_and(|it| parse::starts(it, &["setof"]));
        for column in columns {
            is_set = true;
            let name = column.child("param_name").and_then(parse::ident);
            outputs.push((name, self.parameter_type(column)));
        }
        uses.certain.extend(outputs.iter().filter_map(|(_, ty)| needed_type(ty)));
        if let (true, Some(returned)) = (outputs.is_empty(), returned) {
            outputs.push((None, self.parameter_type(returned)));
        }
        let is_one = outputs.len() == 1;
        let columns = outputs.into_iter().map(|(name, ty)| {
            let name = if is_one { String::new() } else { name? };
            (ty != Type::OPEN).then_some((name, ty))
        });
        let columns: Option<Vec<_>> = columns.collect();
        let columns = columns.filter(|it| !it.is_empty() && !parse::has(node, &["procedure"]));
        signature.outcome = columns.map(|columns| Outcome { is_set, columns });
        signature
    }

    /// What a replacement changes that it must keep.
    pub(crate) fn replaced(&self, key: &Key, old: &Routine, new: &Routine) -> Option<Said> {
        if old.kind != new.kind {
            return None;
        }
        let (was, now) = (&old.signature, &new.signature);
        let is_renamed = |(old, new): &(&Option<String>, &Option<String>)| {
            let is_known = |name: &Option<String>| name.as_ref().is_none_or(|it| !it.is_empty());
            old.is_some() && old != new && is_known(old) && is_known(new)
        };
        let renamed = was.names.iter().zip(&now.names).find(is_renamed);
        let message = if let (Some(was), Some(now)) = (&was.outcome, &now.outcome)
            && was != now
        {
            "cannot change return type of existing function".to_owned()
        } else if let Some((Some(name), _)) = renamed {
            format!("cannot change name of input parameter \"{name}\"")
        } else if was.defaults > now.defaults {
            "cannot remove parameter defaults from existing function".to_owned()
        } else {
            return None;
        };
        let note = format!("{} was created in {}", key.shown(), self.line(old.made));
        let said = Said::new("invalid-function", "42P13", message).note(note);
        let kind = old.kind.to_uppercase();
        Some(
            said.help(format!("write `DROP {kind} {};` in front of it", self.with_types(key, old))),
        )
    }

    /// A name without arguments that several routines of the set have.
    pub(crate) fn ambiguous(&self, node: Node<'_>, key: &Key) -> Option<Said> {
        let tree = node.tree();
        let words = (0..tree.token_count()).map(|nth| tree.token(nth).to_ascii_lowercase());
        let mut words = words.filter(|it| ["function", "procedure", "routine"].contains(&&**it));
        let word = words.next()?;
        let is_certain = |ty: &Type| match ty.base {
            Base::BuiltIn(_) => true,
            Base::Made(id, _) => {
                self.catalog.by_id(id).is_some_and(|(key, _)| key.schema != TEMPORARY)
            }
            Base::Open => false,
        };
        let known = self.catalog.known(key)?;
        let meant = known.routines().iter().filter(|it| {
            (word == "routine" || it.kind == word)
                && it.arguments.as_ref().is_some_and(|types| types.iter().all(is_certain))
        });
        let meant: Vec<_> = meant.collect();
        if meant.len() < 2 || key.schema == TEMPORARY {
            return None;
        }
        let message = format!("{word} name \"{}\" is not unique", key.shown());
        let mut said = Said::new("ambiguous-function", "42725", message);
        for routine in &meant {
            let routine_name = self.with_types(key, routine);
            said = said.note(format!("{routine_name} was created in {}", self.line(routine.made)));
        }
        Some(
            said.help(format!(
                "name one with its arguments, as `{}`",
                self.with_types(key, meant[0])
            )),
        )
    }

    /// `add(int4, mood[])`.
    fn with_types(&self, key: &Key, routine: &Routine) -> String {
        let types = routine.arguments.iter().flatten().map(|ty| {
            let name = match &ty.base {
                Base::BuiltIn("char") => "\"char\"".to_owned(),
                Base::BuiltIn(name) => (*name).to_owned(),
                Base::Made(id, name) => {
                    let found = self.catalog.by_id(*id);
                    found.map_or_else(|| name.to_string(), |(key, _)| key.shown().to_string())
                }
                Base::Open => String::new(),
            };
            if ty.is_array { name + "[]" } else { name }
        });
        format!("{}({})", key.shown(), types.collect::<Vec<_>>().join(", "))
    }
}
