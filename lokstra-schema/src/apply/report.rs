//! Findings, and the words that they are made of.

use std::ops::Range;

use lokstra_grammar::Node;

use super::Replay;
use crate::catalog::{Class, Gone, Key, Place, Slot};
use crate::finding::{Finding, Level};
use crate::names::{Name, nearest};
use crate::parse::TypeName;

/// A finding without its place.
pub(crate) struct Said {
    pub(crate) code: &'static str,
    pub(crate) sqlstate: &'static str,
    pub(crate) message: String,
    pub(crate) notes: Vec<String>,
    pub(crate) help: Option<String>,
}

impl Said {
    pub(crate) fn new(code: &'static str, sqlstate: &'static str, message: String) -> Said {
        Said { code, sqlstate, message, notes: Vec::new(), help: None }
    }

    pub(crate) fn note(mut self, note: String) -> Said {
        self.notes.push(note);
        self
    }

    pub(crate) fn help(mut self, help: impl Into<Option<String>>) -> Said {
        self.help = help.into();
        self
    }
}

impl Replay<'_> {
    /// Reports something about a part of the statement.
    pub(crate) fn say(&mut self, at: Range<usize>, said: Said) {
        self.say_at(at, said, Level::Error);
    }

    pub(crate) fn say_at(&mut self, at: Range<usize>, said: Said, level: Level) {
        if self.is_lost || self.is_muted {
            return;
        }
        let Place { script, offset } = self.place;
        let Said { code, sqlstate, message, notes, help } = said;
        let range = offset + at.start..offset + at.end;
        self.findings.push(Finding { script, range, code, sqlstate, message, notes, help, level });
    }

    /// `001_create_users.up.sql:4`.
    pub(crate) fn line(&self, place: Place) -> String {
        let script = &self.scripts[place.script];
        let line = script.sql[..place.offset].matches('\n').count() + 1;
        let file = script.file.rsplit('/').next().unwrap_or(script.file);
        format!("{file}:{line}")
    }

    /// Where a relation was made, and its columns.
    pub(crate) fn origin(&self, key: &Key) -> String {
        let Some(object) = self.catalog.known(key) else { return String::new() };
        let mut text = format!("{} was created in {}", key.shown(), self.line(object.made));
        let columns: Vec<_> = object
            .relation()
            .map(|it| it.columns.iter().map(|column| column.name.as_str()).collect())
            .unwrap_or_default();
        if !columns.is_empty() {
            text.push_str(", its columns: ");
            text.push_str(&columns.join(", "));
        }
        text
    }

    pub(crate) fn fate(&self, name: &str, gone: &Gone) -> String {
        let line = self.line(gone.place);
        match &gone.renamed {
            Some(renamed) => format!("{name} was renamed to {renamed} in {line}"),
            None => format!("{name} was dropped in {line}"),
        }
    }

    /// A relation that is not there; from here on its name is open.
    pub(crate) fn missing_relation(
        &mut self,
        at: Range<usize>,
        word: &str,
        sqlstate: &'static str,
        key: &Key,
        name: &Name,
        gone: Option<&Gone>,
    ) {
        let code = if sqlstate == "42P01" { "undefined-table" } else { "undefined-object" };
        let mut said = Said::new(code, sqlstate, format!("{word} \"{name}\" does not exist"));
        if let Some(gone) = gone {
            said = said.note(self.fate(&name.name, gone));
        }
        let names = self.catalog.objects().map(|(other, _)| other);
        let names = names.filter(|other| other.class == key.class && other.schema == key.schema);
        let near = nearest(&key.name, names.map(|other| other.name.as_str()));
        said = said.help(match near {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None if gone.is_none() => Some(format!(
                "create it in an earlier script, or write `-- lokstra: existing {name}` if another program creates it"
            )),
            None => None,
        });
        self.say(at, said);
        self.catalog.open(key.clone());
    }

    /// A column that is not there; from here on the table may have others.
    pub(crate) fn missing_column(
        &mut self,
        at: Range<usize>,
        key: &Key,
        column: &str,
        message: String,
    ) {
        let Some(relation) = self.at(key) else { return };
        let near = nearest(column, relation.columns.iter().map(|it| it.name.as_str()));
        let help = near.map(|near| format!("did you mean `{near}`?"));
        let said =
            Said::new("undefined-column", "42703", message).note(self.origin(key)).help(help);
        let said = match self.catalog.slot(&Key::new(Class::Any, &key.name, column)) {
            Some(Slot::Gone(gone)) => said.note(self.fate(column, gone)),
            _ => said,
        };
        self.say(at, said);
        self.change(key, |relation| relation.reported.push(column.to_owned()));
    }

    /// `column "b" of relation "a" does not exist`, unless it may be there.
    pub(crate) fn need_column(&mut self, at: Range<usize>, key: &Key, column: &str) -> Option<u32> {
        let relation = self.at(key)?;
        if let Some(found) = relation.column(column) {
            return Some(found.number);
        }
        if !relation.may_have(column)
            && !crate::builtin::is_known(crate::builtin::Kind::SystemColumn, column)
        {
            let word = relation.kind.word();
            let message =
                format!("column \"{column}\" of {word} \"{}\" does not exist", key.shown());
            self.missing_column(at, key, column, message);
        }
        None
    }

    /// A name that is taken.
    pub(crate) fn duplicate(
        &mut self,
        at: Range<usize>,
        key: &Key,
        what: &str,
        codes: (&'static str, &'static str),
    ) {
        let (code, sqlstate) = codes;
        let message = format!("{what} \"{}\" already exists", key.shown());
        let said = Said::new(code, sqlstate, message).note(self.origin(key));
        self.say(at, said);
        self.catalog.open(key.clone());
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
        let near = nearest(&name.name, own.map(|(key, _)| key.name.as_str()));
        let near = near.or_else(|| nearest(&name.name, COMMON));
        said = said.help(near.map(|near| format!("did you mean `{near}`?")));
        self.say(at.range(), said);
        if let Some(key) = self.new_key(Class::Type, name, false) {
            self.catalog.open(key);
        }
    }
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
