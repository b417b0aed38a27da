//! The names that a statement creates, drops, renames and works on. A name is its last part: `users` of
//! `public.users`.

use std::ops::Range;

use super::reader::{Name, Reader, Token};
use crate::parse::script::Script;

/// A kind of object that has a name and can be dropped.
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
    /// The name as the script writes it.
    pub(crate) written: String,
    pub(crate) name: String,
    /// What it is dropped with: the table of an index, the parent of a partition.
    pub(crate) owner: Option<String>,
    pub(crate) offset: usize,
    /// Whether this statement certainly creates it: it did not exist before (`OR REPLACE`), and does not
    /// end with the session.
    pub(crate) is_new: bool,
    pub(crate) if_not_exists: bool,
}

/// An index or a constraint by its definition: one of the same definition on a partitioned table reuses
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) kind: Kind,
    /// None if the server chooses the name.
    pub(crate) name: Option<String>,
    pub(crate) table: String,
    pub(crate) words: Vec<String>,
}

/// An object that is now dropped with another one, or no longer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attachment {
    pub(crate) name: String,
    pub(crate) owner: Option<String>,
}

/// What a `CASCADE` may drop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cascade {
    #[default]
    None,
    /// What depends on a table, a view or a routine, but no table.
    Dependents,
    /// Any object.
    Everything,
}

/// The changes that a statement makes to the names of a schema.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effects {
    pub(crate) created: Vec<Object>,
    pub(crate) dropped: Vec<Object>,
    pub(crate) definitions: Vec<Definition>,
    pub(crate) attached: Vec<Attachment>,
    /// Names that refer to something else afterwards.
    pub(crate) moved: Vec<String>,
    /// The old and the new name of a table, view or index.
    pub(crate) renamed: Option<(String, String)>,
    /// What it works on.
    pub(crate) targets: Vec<String>,
    /// Whether `ONLY` excludes the partitions.
    pub(crate) is_only: bool,
    /// The table that it creates with `PARTITION BY`.
    pub(crate) partitioned: Option<String>,
    pub(crate) cascade: Cascade,
    /// Whether it runs code that can do anything.
    pub(crate) runs_code: bool,
    /// Whether a rule is about such statements.
    pub(crate) may_be_hazard: bool,
}

impl Effects {
    pub(crate) fn of_script(script: &Script) -> Vec<Effects> {
        script.statements.iter().map(|range| Effects::of(&script.text, range)).collect()
    }

    pub(crate) fn of(text: &str, statement: &Range<usize>) -> Effects {
        let mut effects = Effects::default();
        let bytes = text.as_bytes()[statement.clone()].iter();
        let verb = bytes.take_while(|byte| byte.is_ascii_alphabetic()).count();
        let verb = text[statement.start..statement.start + verb].to_ascii_lowercase();
        // Most of a large script is rows.
        if matches!(verb.as_str(), "do" | "call" | "select" | "execute" | "with") {
            effects.runs_code = true;
        }
        if !matches!(verb.as_str(), "create" | "drop" | "alter" | "truncate" | "reindex") {
            return effects;
        }
        let mut reader = Reader::new(text, statement);
        effects.may_be_hazard = verb != "create";
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
        self.may_be_hazard = kind == Kind::Index;
        reader.eat(&["concurrently"]);
        let if_not_exists = reader.eat(&["if", "not", "exists"]);
        // The server names an index that has no name.
        let is_nameless = reader.is_at("on") || reader.is_at("authorization");
        let name = if is_nameless { None } else { reader.name() };
        self.is_only = kind == Kind::Index && reader.has(&["on", "only"]);
        let is_partitioned = kind == Kind::Table && reader.has(&["partition", "by"]);
        self.partitioned = name.as_ref().filter(|_| is_partitioned).map(|name| name.last.clone());
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
        if let (Kind::Index, Some(table)) = (kind, owner.clone()) {
            self.targets.push(table.clone());
            let name = name.as_ref().map(|name| name.last.clone());
            self.define(kind, name, &table, reader.peek_action());
        }
        let is_shared = if_not_exists && matches!(kind, Kind::Schema | Kind::Extension);
        let is_of_session =
            name.as_ref().is_some_and(|name| name.qualifier.as_deref() == Some("pg_temp"));
        let is_new = !(replaces || is_temporary || is_of_session || is_shared);
        let object = name.map(|name| name.object(kind, owner, is_new));
        self.created.extend(object.map(|object| Object { if_not_exists, ..object }));
    }

    fn drop(&mut self, reader: &mut Reader<'_>) {
        reader.skip(&["foreign", "materialized"]);
        let cascades = reader.ends_with("cascade");
        let Some(kind) = Kind::read(reader) else {
            // DROP OWNED BY
            self.runs_code |= reader.is_at("owned");
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
        self.is_only = reader.eat(&["only"]);
        let Some(table) = reader.name() else { return };
        reader.eat(&["*"]);
        self.targets.push(table.last.clone());
        if kind != Kind::Table {
            self.attach(reader, kind, &table.last);
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
                "attach" if reader.eat(&["partition"]) => {
                    let owner = Some(table.last.clone());
                    let part = reader.name().map(|part| Attachment { name: part.last, owner });
                    self.attached.extend(part);
                }
                "inherit" => {
                    let name = table.last.clone();
                    let owner = reader.name().map(|parent| parent.last);
                    self.attached.push(Attachment { name, owner });
                }
                _ => {}
            }
            let action = reader.rest_of_action();
            if action.iter().any(|token| token.word == "cascade") {
                self.cascade = self.cascade.max(Cascade::Dependents);
            }
            // The constraint absorbs the index and renames it.
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

    /// Records what is dropped with something else from now on.
    fn attach(&mut self, reader: &mut Reader<'_>, kind: Kind, name: &str) {
        let own = || Some(name.to_owned());
        let attachment = |name: &str, owner| Attachment { name: name.to_owned(), owner };
        if kind == Kind::Extension {
            if reader.eat(&["add"]) {
                reader.skip(&["foreign", "materialized"]);
                let member = Kind::read(reader).and_then(|_| reader.name());
                self.attached.extend(member.map(|it| attachment(&it.last, own())));
            }
            return;
        }
        // `OWNED BY table.column`, or `NONE`
        let table = reader.peek_name(&["owned", "by"]).filter(|_| kind == Kind::Sequence);
        self.attached.extend(table.map(|it| attachment(name, it.qualifier)));
        let part = reader.peek_name(&["attach", "partition"]).filter(|_| kind == Kind::Index);
        self.attached.extend(part.map(|it| attachment(&it.last, own())));
        let extension = reader.peek_name(&["depends", "on", "extension"]);
        self.attached.extend(extension.map(|it| attachment(name, Some(it.last))));
    }

    fn define(&mut self, kind: Kind, name: Option<String>, table: &str, rest: &[Token<'_>]) {
        const SPELLING: [&str; 10] =
            ["using", "btree", "asc", "nulls", "last", "not", "valid", "key", "constraint", "only"];
        let is_end = |token: &&Token<'_>| !["with", "tablespace"].contains(&token.word.as_str());
        let words = rest.iter().take_while(is_end).filter(|token| token.is_name());
        let words = words.map(Token::name);
        let words = words.filter(|word| !SPELLING.contains(&word.as_str())).collect();
        self.definitions.push(Definition { kind, name, table: table.to_owned(), words });
    }

    fn add(&mut self, reader: &mut Reader<'_>, table: &str) {
        let kind = if reader.eat(&["constraint"]) {
            Kind::Constraint
        } else if ["primary", "unique", "check", "foreign", "exclude", "not"]
            .iter()
            .any(|word| reader.is_at(word))
        {
            self.define(Kind::Constraint, None, table, reader.peek_action());
            return;
        } else {
            reader.eat(&["column"]);
            reader.eat(&["if", "not", "exists"]);
            Kind::Column
        };
        let object = reader.name().map(|name| name.object(kind, Some(table.to_owned()), true));
        if let (Kind::Constraint, Some(object)) = (kind, &object) {
            self.define(kind, Some(object.name.clone()), table, reader.peek_action());
        }
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
        let part = if reader.is_at("to") { None } else { reader.name() };
        reader.eat(&["to"]);
        let new = reader.name().map(|name| name.last);
        if part.is_none() {
            self.renamed = new.clone().map(|new| (table.to_owned(), new));
        }
        self.moved.push(part.map_or_else(|| table.to_owned(), |part| part.last));
        self.moved.extend(new);
    }
}

impl Name {
    fn object(self, kind: Kind, owner: Option<String>, is_new: bool) -> Object {
        let Name { written, last, offset, .. } = self;
        Object { kind, written, name: last, owner, offset, is_new, if_not_exists: false }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(statement: &str) -> Effects {
        Effects::of(statement, &(0..statement.len()))
    }

    #[test]
    fn a_name_is_folded_as_the_server_folds_it() {
        for (written, name) in [
            ("Users", "users"),
            ("\"Users\"", "Users"),
            ("public . \"a\"\"b\"", "a\"b"),
            ("db.public.Ünits", "ünits"),
        ] {
            let created = of(&format!("CREATE TABLE {written} ()")).created;
            assert_eq!(created.first().map(|object| object.name.as_str()), Some(name));
        }
    }

    #[test]
    fn every_action_of_a_table_is_read() {
        let effects = of(
            "ALTER TABLE IF EXISTS ONLY a * ADD COLUMN b numeric(1, 2) DEFAULT f(1, 2), DROP c CASCADE, \
             ADD CONSTRAINT d UNIQUE USING INDEX e, RENAME TO g",
        );
        let names =
            |objects: &[Object]| objects.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&effects.created), ["b", "d"]);
        assert_eq!(names(&effects.dropped), ["c"]);
        assert_eq!(effects.moved, ["e", "a", "g"]);
        assert_eq!(effects.cascade, Cascade::Dependents);
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(
            words in prop::collection::vec(
                "create|drop|alter|table|index|on|add|rename|to|using|constraint|cascade|owned|by|if|\
                 exists|not|truncate|reindex|[(),.;*'\"]|a|\"é\"|-- lokstra: allow\\(|\\$\\$|\n",
                0..30,
            )
        ) {
            let text = words.join(" ");
            for statement in lokstra_grammar::split(&text).statements {
                let _ = Effects::of(&text, &statement);
            }
        }
    }
}
