//! What a statement creates, drops, renames and works on, by name. Whoever reads a name here reads
//! its last part: `users` of `public.users`.

use std::ops::Range;

use crate::lint::reader::{Name, Reader};

/// What has a name and can be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Column,
    Constraint,
    Extension,
    Index,
    Routine,
    Schema,
    Sequence,
    Table,
    Trigger,
    Type,
    View,
}

impl Kind {
    fn read(reader: &mut Reader<'_>) -> Option<Kind> {
        let kind = match reader.word()? {
            "extension" => Kind::Extension,
            "index" => Kind::Index,
            "function" | "procedure" | "routine" => Kind::Routine,
            "schema" => Kind::Schema,
            "sequence" => Kind::Sequence,
            "table" => Kind::Table,
            "trigger" => Kind::Trigger,
            "type" | "domain" => Kind::Type,
            "view" => Kind::View,
            _ => return None,
        };
        reader.next_word();
        Some(kind)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    /// As the script writes it, to be shown.
    pub(crate) written: String,
    pub(crate) name: String,
    /// With which it goes: the table of an index, the parent of a partition.
    pub(crate) owner: Option<String>,
    pub(crate) offset: usize,
    /// Whether this statement is what made it, for all that can be seen: not one that was there
    /// before (`OR REPLACE`), nor one that goes with the session.
    pub(crate) is_new: bool,
}

/// How far a `CASCADE` reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cascade {
    #[default]
    None,
    /// What depends on a table, a view or a routine: never another table.
    Dependents,
    /// Whatever there is.
    Everything,
}

/// What a statement does to the names of a schema.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effects {
    pub(crate) created: Vec<Object>,
    pub(crate) dropped: Vec<Object>,
    /// Names that mean something else afterwards.
    pub(crate) moved: Vec<String>,
    /// What it works on.
    pub(crate) targets: Vec<String>,
    pub(crate) cascade: Cascade,
    /// It runs code that can do anything.
    pub(crate) is_unclear: bool,
}

impl Effects {
    pub(crate) fn of(text: &str, statement: &Range<usize>) -> Effects {
        let mut reader = Reader::new(text, statement);
        let mut effects = Effects::default();
        match reader.next_word().as_str() {
            "create" => effects.create(&mut reader),
            "drop" => effects.drop(&mut reader),
            "alter" => effects.alter(&mut reader),
            "truncate" => {
                reader.skip(&["table", "only"]);
                effects.targets = reader.names().into_iter().map(|name| name.last).collect();
            }
            "reindex" => {
                reader.parentheses();
                reader.skip(&["table", "index", "concurrently"]);
                effects.targets = reader.names().into_iter().map(|name| name.last).collect();
            }
            "do" | "call" | "select" | "execute" | "with" => effects.is_unclear = true,
            _ => {}
        }
        effects
    }

    fn create(&mut self, reader: &mut Reader<'_>) {
        let replaces = reader.eat(&["or", "replace"]);
        reader.skip(&["global", "local"]);
        let is_temporary = reader.skip(&["temp", "temporary"]);
        let before = ["unlogged", "recursive", "unique", "constraint", "foreign", "materialized"];
        reader.skip(&before);
        let Some(kind) = Kind::read(reader) else { return };
        reader.eat(&["concurrently"]);
        let if_not_exists = reader.eat(&["if", "not", "exists"]);
        // An index without a name has one of the server's choice.
        let is_nameless = reader.is_at("on") || reader.is_at("authorization");
        let name = if is_nameless { None } else { reader.name() };
        let owner = match kind {
            Kind::Index | Kind::Trigger => reader.find(&["on"]),
            Kind::Table if reader.is_at("partition") => reader.find(&["partition", "of"]),
            Kind::Table => reader.find(&["inherits", "("]),
            Kind::Sequence => reader.find(&["owned", "by"]),
            _ => None,
        };
        // `OWNED BY table.column`
        let owner =
            owner.map(|it| if kind == Kind::Sequence { it.qualifier } else { Some(it.last) });
        let owner = owner.flatten();
        if kind == Kind::Index {
            self.targets.extend(owner.clone());
        }
        let is_shared = if_not_exists && matches!(kind, Kind::Schema | Kind::Extension);
        let is_new = !(replaces || is_temporary || is_shared);
        self.created.extend(name.map(|name| name.object(kind, owner, is_new)));
    }

    fn drop(&mut self, reader: &mut Reader<'_>) {
        reader.skip(&["foreign", "materialized"]);
        let cascades = reader.ends_with("cascade");
        let Some(kind) = Kind::read(reader) else {
            // DROP OWNED BY
            self.is_unclear |= reader.is_at("owned");
            return;
        };
        reader.eat(&["concurrently"]);
        reader.eat(&["if", "exists"]);
        for name in reader.names() {
            self.targets.push(name.last.clone());
            let owner = if kind == Kind::Trigger { reader.find(&["on"]) } else { None };
            self.dropped.push(name.object(kind, owner.map(|it| it.last), true));
        }
        if cascades {
            self.cascade = match kind {
                Kind::Schema | Kind::Extension | Kind::Type => Cascade::Everything,
                _ => Cascade::Dependents,
            };
        }
    }

    fn alter(&mut self, reader: &mut Reader<'_>) {
        reader.skip(&["foreign", "materialized"]);
        let Some(kind) = Kind::read(reader) else { return };
        reader.eat(&["if", "exists"]);
        reader.eat(&["only"]);
        let Some(table) = reader.name() else { return };
        reader.eat(&["*"]);
        self.targets.push(table.last.clone());
        if kind != Kind::Table {
            if reader.go_to("rename") {
                self.rename(reader, &table.last);
            }
            return;
        }
        loop {
            match reader.next_word().as_str() {
                "add" => self.add(reader, &table.last),
                "drop" => self.remove(reader, &table.last),
                "rename" => self.rename(reader, &table.last),
                _ => {}
            }
            let action = reader.rest_of_action();
            if action.iter().any(|token| token.word == "cascade") {
                self.cascade = self.cascade.max(Cascade::Dependents);
            }
            // The constraint takes the index over, name and all.
            if let Some(using) =
                action.windows(3).find(|three| three[0].word == "using" && three[1].word == "index")
            {
                self.moved.push(using[2].name());
            }
            if !reader.eat(&[","]) {
                break;
            }
        }
    }

    fn add(&mut self, reader: &mut Reader<'_>, table: &str) {
        let kind = if reader.eat(&["constraint"]) {
            Kind::Constraint
        } else if ["primary", "unique", "check", "foreign", "exclude", "not"]
            .iter()
            .any(|word| reader.is_at(word))
        {
            return;
        } else {
            reader.eat(&["column"]);
            reader.eat(&["if", "not", "exists"]);
            Kind::Column
        };
        let object = reader.name().map(|name| name.object(kind, Some(table.to_owned()), true));
        self.created.extend(object);
    }

    fn remove(&mut self, reader: &mut Reader<'_>, table: &str) {
        let kind = if reader.eat(&["constraint"]) { Kind::Constraint } else { Kind::Column };
        reader.eat(&["column"]);
        reader.eat(&["if", "exists"]);
        let object = reader.name().map(|name| name.object(kind, Some(table.to_owned()), true));
        self.dropped.extend(object);
    }

    fn rename(&mut self, reader: &mut Reader<'_>, table: &str) {
        reader.skip(&["column", "constraint"]);
        if reader.is_at("to") {
            self.moved.push(table.to_owned());
        } else {
            self.moved.extend(reader.name().map(|name| name.last));
        }
        reader.eat(&["to"]);
        self.moved.extend(reader.name().map(|name| name.last));
    }
}

impl Name {
    fn object(self, kind: Kind, owner: Option<String>, is_new: bool) -> Object {
        let Name { written, last, offset, .. } = self;
        Object { kind, written, name: last, owner, offset, is_new }
    }
}
