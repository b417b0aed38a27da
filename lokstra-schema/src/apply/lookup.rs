//! From a name to what the model has for it.

use std::rc::Rc;

use lokstra_grammar::Node;

use super::Replay;
use crate::builtin;
use crate::catalog::Base;
use crate::catalog::{Class, Gone, Key, Relation, Slot, TEMPORARY, Type};
use crate::input::StartsFrom;
use crate::names::Name;
use crate::parse::{self, TypeName};

/// What a name leads to.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    Known(Key),
    /// It may be there or not.
    Open,
    /// It is not there, for certain: where it would be, and how it went.
    Missing(Key, Option<Rc<Gone>>),
}

impl Replay<'_> {
    pub(crate) fn find(&self, class: Class, name: &Name) -> Found {
        let schemas: Vec<&str> = match (&name.schema, &self.path) {
            (Some(schema), _) => vec![schema],
            (None, Some(path)) => {
                std::iter::once(TEMPORARY).chain(path.iter().map(String::as_str)).collect()
            }
            (None, None) => return Found::Open,
        };
        if name.schema.is_none()
            && class == Class::Relation
            && builtin::relation("pg_catalog", &name.name).is_some()
        {
            return Found::Open;
        }
        let (mut is_open, mut gone, mut missing) = (false, None, None);
        for schema in schemas {
            if schema == "information_schema" || schema.starts_with("pg_") && schema != TEMPORARY {
                return Found::Open;
            }
            let key = Key::new(class, schema, &name.name);
            match self.catalog.slot(&key) {
                Some(Slot::Known(_)) if is_open => return Found::Open,
                Some(Slot::Known(_)) => return Found::Known(key),
                Some(Slot::Open) => return Found::Open,
                Some(Slot::Gone(how)) => gone = gone.or_else(|| Some(Rc::clone(how))),
                // A temporary table that hides another one is taken for none.
                None => {
                    is_open |= schema != TEMPORARY
                        && (!self.is_empty_schema(schema) || self.catalog.is_open_name(&name.name));
                }
            }
            if schema != TEMPORARY || name.schema.is_some() {
                missing.get_or_insert(key);
            }
        }
        match missing {
            Some(key) if !is_open && !self.may_be_part(&key, gone.is_some()) => {
                Found::Missing(key, gone)
            }
            _ => Found::Open,
        }
    }

    /// Whether an index or sequence of a table that is not known in all its parts may have this name.
    fn may_be_part(&self, key: &Key, is_gone: bool) -> bool {
        key.class == Class::Relation
            && self.catalog.prefixes_of(&key.name, 28).any(|(table, slot)| {
                let is_open = match slot {
                    // An index that was dropped comes back with one of the parent.
                    Slot::Known(object) => object.relation().is_some_and(|it| {
                        it.has_open_constraints && (!is_gone || !it.parents.is_empty())
                    }),
                    Slot::Open => !is_gone,
                    Slot::Gone(_) => false,
                };
                // A long name loses its end.
                let name = &table.name[..table.name.floor_char_boundary(28)];
                let rest = key.name.strip_prefix(name).filter(|_| is_open);
                rest.is_some_and(|rest| match table.class {
                    Class::Relation => true,
                    // A word of a block may be the name of a table.
                    Class::Any => rest.starts_with('_'),
                    _ => false,
                })
            })
    }

    /// Whether a schema has nothing but what the set makes in it.
    pub(crate) fn is_empty_schema(&self, schema: &str) -> bool {
        schema == TEMPORARY
            || self.options.starts_from == StartsFrom::Empty
            || self.catalog.known(&Key::new(Class::Schema, "", schema)).is_some()
    }

    /// Where an object with this name would be made; `None` if that is not known.
    pub(crate) fn new_key(&self, class: Class, name: &Name, is_temporary: bool) -> Option<Key> {
        let schema = match (&name.schema, is_temporary) {
            (Some(schema), false) => schema,
            (_, true) => TEMPORARY,
            (None, false) => self.path.as_ref()?.first()?,
        };
        Some(Key::new(class, schema, &name.name))
    }

    /// The relation that a node names, which must be there: reports it if it is not.
    pub(crate) fn relation(&mut self, node: Node<'_>) -> Option<Key> {
        let name = parse::name(node)?;
        match self.find(Class::Relation, &name) {
            Found::Known(key) => Some(key),
            Found::Open => {
                self.note_existing(&name);
                None
            }
            Found::Missing(key, gone) => {
                self.missing_relation(
                    node.range(),
                    "relation",
                    "42P01",
                    &key,
                    &name,
                    gone.as_deref(),
                );
                None
            }
        }
    }

    /// Notes a table that nothing in the scripts can have made: the database was not empty.
    pub(crate) fn note_existing(&mut self, name: &Name) {
        let schema = name.schema.as_deref().unwrap_or("public");
        let is_unheard = |class| self.catalog.slot(&Key::new(class, schema, &name.name)).is_none();
        self.is_on_existing |= schema == "public"
            && self.path.is_some()
            && is_unheard(Class::Relation)
            && builtin::relation("pg_catalog", &name.name).is_none()
            && !self.catalog.is_open_name(&name.name)
            && !self.is_of_extension(&name.name)
            && !self.may_be_part(&Key::new(Class::Relation, schema, &name.name), false);
    }

    /// The known relation of a key.
    pub(crate) fn at(&self, key: &Key) -> Option<&Relation> {
        self.catalog.known(key)?.relation()
    }

    /// Its number.
    pub(crate) fn id(&self, key: &Key) -> Option<u32> {
        self.catalog.known(key).map(|object| object.id)
    }

    /// Changes a known relation.
    pub(crate) fn change<R>(
        &mut self,
        key: &Key,
        change: impl FnOnce(&mut Relation) -> R,
    ) -> Option<R> {
        self.catalog.change(key, |object| object.relation_mut().map(change)).flatten()
    }

    /// The type that a name means, as far as that is certain.
    pub(crate) fn resolve_type(&self, wanted: &TypeName) -> Type {
        let of = |base| Type { base, is_array: wanted.is_array };
        let is_system = wanted.name.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
        if is_system && let Some(found) = builtin_type(wanted) {
            // An array of the server, by the name that it has there.
            return match found.strip_prefix('_') {
                Some(_) => Type { base: Base::BuiltIn(&found[1..]), is_array: true },
                None => of(Base::BuiltIn(found)),
            };
        }
        for class in [Class::Type, Class::Relation] {
            if let Found::Known(key) = self.find(class, &wanted.name)
                && let Some(object) = self.catalog.known(&key)
            {
                return of(Base::Made(object.id, key.shown()));
            }
        }
        Type::OPEN
    }

    /// Whether no type has this name, for certain; and how it went, if there was one.
    #[expect(clippy::option_option, reason = "it is missing, and may have been there")]
    pub(crate) fn is_missing_type(&self, wanted: &TypeName) -> Option<Option<Rc<Gone>>> {
        let is_system = wanted.name.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
        if is_system && builtin_type(wanted).is_some() {
            return None;
        }
        let Found::Missing(key, gone) = self.find(Class::Type, &wanted.name) else { return None };
        let Found::Missing(..) = self.find(Class::Relation, &wanted.name) else { return None };
        // The array of a type that the set made.
        if wanted.name.name.starts_with('_') || self.is_of_extension(&key.name) {
            return None;
        }
        Some(gone)
    }

    /// Whether an extension of the set may have brought a type or routine of this name.
    pub(crate) fn is_of_extension(&self, name: &str) -> bool {
        let extensions = self.catalog.of_class(Class::Extension);
        extensions.filter(|(_, slot)| slot.is_known()).any(|(key, _)| {
            builtin::Extension::known(&key.name).is_none_or(|known| {
                known.data_type(name).is_some()
                    || known.function(name).is_some()
                    || known.relation(name).is_some()
            })
        })
    }
}

/// The catalog's name of a type of the server's own.
fn builtin_type(wanted: &TypeName) -> Option<&'static str> {
    let name = wanted.name.name.as_str();
    if wanted.is_quoted && name == "char" {
        return Some("char");
    }
    let found = builtin::data_type(name)?.name;
    (!wanted.is_quoted || found == name).then_some(found)
}
