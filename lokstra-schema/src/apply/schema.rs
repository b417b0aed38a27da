//! Schemas and extensions.

use lokstra_grammar::Node;

use super::{Followed, Replay, Said};
use crate::builtin;
use crate::catalog::{Class, Key, ObjectKind, Slot};
use crate::input::StartsFrom;
use crate::parse;

impl Replay<'_> {
    pub(crate) fn create_schema(&mut self, node: Node<'_>) -> Followed {
        let tokens = parse::tokens(node);
        let is_lenient = parse::has(node, &["if", "not", "exists"]);
        let at = node.child("ColId").or_else(|| {
            node.children()
                .into_iter()
                .find(|it| it.tokens().len() == 1 && it.symbol() != "OptSchemaEltList")
        });
        // CREATE SCHEMA AUTHORIZATION a.
        let at = at.filter(|_| tokens.len() > 2)?;
        let name = parse::ident(at)?;
        let key = Key::new(Class::Schema, "", &name);
        if let Some(known) = self.catalog.known(&key).cloned()
            && !is_lenient
        {
            let message = format!("schema \"{name}\" already exists");
            let note = format!("{name} was created in {}", self.line(known.made));
            self.say(at.range(), Said::new("duplicate-schema", "42P06", message).note(note));
            return Some(());
        }
        // A schema that was there may have anything in it.
        let is_new = !is_lenient
            || self.options.starts_from == StartsFrom::Empty && self.catalog.slot(&key).is_none()
            || matches!(self.catalog.slot(&key), Some(Slot::Gone(_)));
        if self.catalog.known(&key).is_none() {
            let object = self.object(ObjectKind::Other);
            let slot = if is_new { Slot::Known(object.into()) } else { Slot::Open };
            self.catalog.set(key, slot);
        }
        node.child("OptSchemaEltList").is_none().then_some(())
    }

    /// Reports a schema that is not there for certain; `None` then.
    pub(crate) fn need_schema(&mut self, at: Node<'_>, key: &Key) -> Followed {
        let schema = key.schema.as_str();
        if schema == "public" || schema.starts_with("pg_") || schema == "information_schema" {
            return Some(());
        }
        let found = Key::new(Class::Schema, "", schema);
        let note = match self.catalog.slot(&found) {
            Some(Slot::Known(_) | Slot::Open) => return Some(()),
            Some(Slot::Gone(gone)) => Some(self.fate(schema, &gone.clone())),
            None if self.options.starts_from != StartsFrom::Empty
                || self.catalog.is_open_name(schema)
                || self.has_unknown_extension() =>
            {
                return Some(());
            }
            None => None,
        };
        let mut said =
            Said::new("undefined-schema", "3F000", format!("schema \"{schema}\" does not exist"));
        said.notes.extend(note);
        self.say(at.range(), said);
        self.catalog.open(found);
        Some(())
    }

    pub(crate) fn create_extension(&mut self, node: Node<'_>) -> Followed {
        let name = parse::ident(node.child("name")?)?;
        let mut names = vec![name];
        while let Some(name) = names.pop() {
            let key = Key::new(Class::Extension, "", &name);
            let object = self.object(ObjectKind::Other);
            if self.catalog.known(&key).is_none() {
                self.catalog.set(key, Slot::Known(object.into()));
            }
            match builtin::Extension::known(&name) {
                Some(known) => {
                    names.extend(known.requires().map(str::to_owned));
                    for schema in known.schemas() {
                        self.catalog.set(Key::new(Class::Schema, "", schema), Slot::Open);
                    }
                }
                // What the set never made may be of the extension.
                None => self.catalog.set(Key::new(Class::Everything, "", ""), Slot::Open),
            }
        }
        Some(())
    }
}
