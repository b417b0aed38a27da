//! Enums, domains, composite types, sequences, schemas and extensions.

use lokstra_grammar::Node;

use super::alter_table::cascades;
use super::report::Said;
use super::{Followed, Found, Replay};
use crate::builtin;
use crate::catalog::{
    Class, Dependency, Gone, Key, ObjectKind, Relation, RelationKind, Slot, TypeKind,
};
use crate::input::StartsFrom;
use crate::parse::{self, TypeName};

impl Replay<'_> {
    /// `CREATE TYPE`; what else `DefineStmt` is has a name of its own class.
    pub(crate) fn define(&mut self, node: Node<'_>) -> Followed {
        if !parse::starts(node, &["create", "type"]) {
            // Aggregates and operators are called like routines; collations and the like by their names.
            let name =
                node.child("func_name").or_else(|| node.child("any_name")).and_then(parse::name);
            if let Some(name) = name {
                self.catalog.open_name(&name.name);
            }
            return Some(());
        }
        let target = node.child("any_name")?;
        let labels = node.child("enum_val_list").map(|list| {
            let labels = parse::all(list, "Sconst").into_iter().map(label);
            labels.collect::<Option<Vec<_>>>()
        });
        let is_enum = parse::has(node, &["as", "enum"]);
        let is_composite = parse::has(node, &["as", "("])
            || parse::has(node, &["as"])
                && !is_enum
                && node.child("opt_definition").is_none()
                && node.child("definition").is_none()
                && !parse::has(node, &["range"]);
        let kind = match (is_enum, labels) {
            (true, Some(labels)) => TypeKind::Enum(labels),
            (true, None) => TypeKind::Enum(Some(Vec::new())),
            _ => TypeKind::Other,
        };
        let is_shell =
            node.child("definition").is_some() && !is_enum && !parse::has(node, &["range"])
                || parse::tokens(node).len() <= 5;
        if parse::has(node, &["range"]) {
            self.open_range(target)?;
        }
        self.make_type(target, kind, is_composite, is_shell)?;
        if is_composite {
            for ty in parse::within(node, "Typename") {
                self.type_of(ty);
            }
        }
        Some(())
    }

    /// The multirange of a range, and the functions that make values of both.
    fn open_range(&mut self, target: Node<'_>) -> Followed {
        let key = self.new_key(Class::Type, &parse::name(target)?, false)?;
        let multirange = match key.name.contains("range") {
            true => key.name.replacen("range", "multirange", 1),
            false => format!("{}_multirange", key.name),
        };
        for name in [&multirange, &key.name] {
            self.catalog.open(Key::new(Class::Routine, &key.schema, name));
        }
        self.catalog.open(Key::new(Class::Type, &key.schema, &multirange));
        let parent = crate::apply::open::words(target.tree().text());
        for name in parent.iter().filter(|name| name.contains("range")) {
            self.catalog.open(Key::new(Class::Type, &key.schema, name));
            self.catalog.open(Key::new(Class::Routine, &key.schema, name));
        }
        Some(())
    }

    fn make_type(
        &mut self,
        target: Node<'_>,
        kind: TypeKind,
        is_composite: bool,
        is_shell: bool,
    ) -> Followed {
        let name = parse::name(target)?;
        let key = self.new_key(Class::Type, &name, false)?;
        self.need_schema(target, &key)?;
        let table = Key::new(Class::Relation, &key.schema, &key.name);
        if is_shell {
            // Defined in two steps.
            self.catalog.open(key);
            return Some(());
        }
        for other in [&key, &table] {
            if self.catalog.known(other).is_some_and(|it| {
                !is_kind(it, RelationKind::Index) && !is_kind(it, RelationKind::Sequence)
            }) {
                let other = other.clone();
                let what = if other.class == Class::Type { "type" } else { "relation" };
                let codes = match is_composite && other.class == Class::Relation {
                    true => ("duplicate-table", "42P07"),
                    false => ("duplicate-object", "42710"),
                };
                self.duplicate(target.range(), &other, what, codes);
                return Some(());
            }
        }
        if is_composite {
            // It has the name of a relation as well.
            self.catalog.open(table);
        }
        let object = self.object(ObjectKind::Type(kind));
        self.catalog.set(key, Slot::Known(object.into()));
        Some(())
    }

    pub(crate) fn create_domain(&mut self, node: Node<'_>) -> Followed {
        let ty = self.type_of(node.child("Typename")?);
        self.make_type(node.child("any_name")?, TypeKind::Domain(ty), false, false)
    }

    pub(crate) fn alter_enum(&mut self, node: Node<'_>) -> Followed {
        let target = node.child("any_name")?;
        let name = parse::name(target)?;
        let labels = parse::all(node, "Sconst");
        match self.find(Class::Type, &name) {
            Found::Known(key) => self.change_labels(node, &key, &labels),
            Found::Open => Some(()),
            Found::Missing(key, gone) => {
                let said = Said::new(
                    "undefined-object",
                    "42704",
                    format!("type \"{name}\" does not exist"),
                );
                let said = match gone {
                    Some(gone) => said.note(self.fate(&name.name, &gone)),
                    None => said,
                };
                self.say(target.range(), said);
                self.catalog.open(key);
                Some(())
            }
        }
    }

    fn change_labels(&mut self, node: Node<'_>, key: &Key, labels: &[Node<'_>]) -> Followed {
        let object = self.catalog.known(key)?;
        let (made, ObjectKind::Type(TypeKind::Enum(Some(known)))) = (object.made, &object.kind)
        else {
            return Some(());
        };
        let known = known.clone();
        let line = self.line(made);
        let is_rename = parse::has(node, &["rename", "value"]);
        let is_lenient = node.child("opt_if_not_exists").is_some();
        let texts: Vec<_> = labels.iter().map(|it| label(*it)).collect::<Option<_>>()?;
        let (new, near) = match (&texts[..], is_rename) {
            ([old, new], true) => (Some(new), Some(old)),
            ([new, near], false) => (Some(new), Some(near)),
            ([new], false) => (Some(new), None),
            _ => return None,
        };
        let (new_at, near_at) = if is_rename {
            (labels.get(1), labels.first())
        } else {
            (labels.first(), labels.get(1))
        };
        let shown = known.join(", ");
        if let (Some(near), Some(at)) = (near, near_at)
            && !known.contains(near)
        {
            let message = format!("\"{near}\" is not an existing enum label");
            let said = Said::new("undefined-label", "22023", message)
                .note(format!("{} was created in {line}, its labels: {shown}", key.shown()))
                .help(
                    crate::names::nearest(near, known.iter().map(String::as_str))
                        .map(|it| format!("did you mean `{it}`?")),
                );
            self.say(at.range(), said);
            self.set_labels(key, None);
            return Some(());
        }
        let (Some(new), Some(at)) = (new, new_at) else { return None };
        if known.contains(new) {
            if !is_lenient {
                let message = format!("enum label \"{new}\" already exists");
                let said = Said::new("duplicate-object", "42710", message)
                    .note(format!("{} was created in {line}, its labels: {shown}", key.shown()));
                self.say(at.range(), said);
            }
            return Some(());
        }
        let mut changed: Vec<_> =
            known.into_iter().filter(|it| !is_rename || Some(it) != near).collect();
        changed.push(new.clone());
        self.set_labels(key, Some(changed));
        Some(())
    }

    fn set_labels(&mut self, key: &Key, labels: Option<Vec<String>>) {
        self.catalog.change(key, |object| object.kind = ObjectKind::Type(TypeKind::Enum(labels)));
    }

    pub(crate) fn drop_types(&mut self, node: Node<'_>, word: &str) -> Followed {
        let is_lenient = parse::has(node, &["if", "exists"]);
        let (mut found, mut first) = (Vec::new(), None);
        for at in parse::within(node, "Typename") {
            let Some(wanted) = parse::type_name(at) else { continue };
            match self.find(Class::Type, &wanted.name) {
                Found::Known(key) => {
                    found.push(key);
                    first.get_or_insert(at);
                }
                Found::Open => {
                    if let Some(key) = self.new_key(Class::Type, &wanted.name, false)
                        && !self.catalog.is_open_name(&wanted.name.name)
                    {
                        let gone = Gone { place: self.place, renamed: None };
                        self.catalog.set(key, Slot::Gone(gone.into()));
                    }
                }
                Found::Missing(..) => {
                    if !is_lenient && let Some(gone) = self.is_missing_type(&wanted) {
                        self.missing_type(at, &wanted, gone.as_deref());
                    }
                }
            }
        }
        let Some(at) = first else { return Some(()) };
        let gone: Vec<_> = found
            .iter()
            .filter_map(|key| Some(Dependency { id: self.id(key)?, column: None }))
            .collect();
        let what = format!("{word} {}", found[0].shown());
        if self.release_all(&gone, &what, cascades(node), at) {
            for key in &found {
                self.forget(key);
            }
        }
        Some(())
    }

    /// Reports a type that is not there; from here on its name is open.
    pub(crate) fn missing_type(&mut self, at: Node<'_>, wanted: &TypeName, gone: Option<&Gone>) {
        let name = &wanted.name;
        let mut said =
            Said::new("undefined-object", "42704", format!("type \"{name}\" does not exist"));
        if let Some(gone) = gone {
            said = said.note(self.fate(&name.name, gone));
        }
        let own = self.catalog.objects().filter(|(key, _)| key.class == Class::Type);
        let near = crate::names::nearest(&name.name, own.map(|(key, _)| key.name.as_str()));
        let near = near.or_else(|| crate::names::nearest(&name.name, COMMON));
        said = said.help(near.map(|near| format!("did you mean `{near}`?")));
        self.say(at.range(), said);
        if let Some(key) = self.new_key(Class::Type, name, false) {
            self.catalog.open(key);
        }
    }

    pub(crate) fn create_sequence(&mut self, node: Node<'_>) -> Followed {
        let target = node.child("qualified_name")?;
        let name = parse::name(target)?;
        let key = self.new_key(Class::Relation, &name, super::create_table::is_temporary(node))?;
        self.need_schema(target, &key)?;
        let is_lenient = parse::has(node, &["if", "not", "exists"]);
        match self.catalog.slot(&key) {
            Some(Slot::Known(_) | Slot::Open) if is_lenient => return Some(()),
            Some(Slot::Known(_)) => {
                self.duplicate(target.range(), &key, "relation", ("duplicate-table", "42P07"));
                return Some(());
            }
            // It may be a table.
            None if is_lenient && !self.is_free(&key) => {
                self.catalog.open(key);
                return Some(());
            }
            _ => {}
        }
        let owner = self.owner(node);
        let mut sequence = Relation::new(RelationKind::Sequence);
        sequence.owner = owner;
        let object = self.object(ObjectKind::Relation(sequence));
        self.catalog.set(key, Slot::Known(object.into()));
        Some(())
    }

    /// `OWNED BY a.b`.
    fn owner(&mut self, node: Node<'_>) -> Option<Dependency> {
        let owned =
            parse::within(node, "SeqOptElem").find(|it| parse::starts(*it, &["owned", "by"]))?;
        let (table, column) = self.column_name(owned.child("any_name")?)?;
        let id = self.id(&table)?;
        Some(Dependency { id, column })
    }

    pub(crate) fn alter_sequence(&mut self, node: Node<'_>) -> Followed {
        let target = node.child("qualified_name")?;
        let name = parse::name(target)?;
        match self.find(Class::Relation, &name) {
            Found::Known(key) => {
                let kind = self.at(&key)?.kind;
                if kind != RelationKind::Sequence {
                    let message = format!("\"{}\" is not a sequence", key.shown());
                    self.say(
                        target.range(),
                        Said::new("wrong-object-type", "42809", message).note(self.origin(&key)),
                    );
                    return Some(());
                }
                if parse::within(node, "SeqOptElem").any(|it| parse::starts(it, &["owned"])) {
                    let owner = self.owner(node);
                    self.change(&key, |relation| relation.owner = owner);
                }
            }
            Found::Missing(key, gone) if !parse::has(node, &["if", "exists"]) => {
                self.missing_relation(
                    target.range(),
                    "relation",
                    "42P01",
                    &key,
                    &name,
                    gone.as_deref(),
                );
            }
            _ => {}
        }
        Some(())
    }

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

fn is_kind(object: &crate::catalog::Object, kind: RelationKind) -> bool {
    object.relation().is_some_and(|it| it.kind == kind)
}

/// The types that are misspelt most.
const COMMON: [&str; 16] = [
    "bigint",
    "boolean",
    "bytea",
    "date",
    "double precision",
    "integer",
    "interval",
    "jsonb",
    "numeric",
    "smallint",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "uuid",
    "varchar",
];

/// The text of a label in plain quotes.
fn label(node: Node<'_>) -> Option<String> {
    Some(node.text().strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'"))
}
