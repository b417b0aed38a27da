//! What the names in a query can mean.

use crate::catalog::{Dependency, Key, Type};

/// A column that a query can name.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) needs: Option<Dependency>,
}

/// A table, view, subquery or function that a query reads.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// `None` for a subquery or a join without a name.
    pub(crate) name: Option<String>,
    /// Of a relation without an alias.
    pub(crate) schema: Option<String>,
    /// The relation, if it is one.
    pub(crate) key: Option<Key>,
    pub(crate) needs: Option<Dependency>,
    pub(crate) fields: Vec<Field>,
    /// Whether it may have other columns.
    pub(crate) is_open: bool,
    /// Whether only a qualified name leads to it: `NEW`, `EXCLUDED`.
    pub(crate) is_qualified: bool,
}

impl Source {
    pub(crate) fn open(name: Option<String>) -> Source {
        Source::new(name, Vec::new(), true)
    }

    pub(crate) fn new(name: Option<String>, fields: Vec<Field>, is_open: bool) -> Source {
        let (schema, key, needs) = (None, None, None);
        Source { name, schema, key, needs, fields, is_open, is_qualified: false }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// As an alias names it and its first columns.
    pub(crate) fn renamed(mut self, alias: String, columns: Vec<String>) -> Source {
        self.name = Some(alias);
        self.schema = None;
        for (nth, name) in columns.into_iter().enumerate() {
            // Of a relation whose columns are not known, those that are may be others.
            if self.is_open && nth >= self.fields.len() || self.fields.is_empty() {
                self.is_open = true;
                self.fields.push(Field { name, ty: Type::OPEN, needs: None });
            } else if let Some(field) = self.fields.get_mut(nth) {
                field.name = name;
            }
        }
        self
    }
}

/// A query of `WITH`.
#[derive(Clone, Debug)]
pub(crate) struct Cte {
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) is_open: bool,
}

/// The sources of one level of a query, in that of the query around it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope<'o> {
    pub(crate) sources: Vec<Source>,
    pub(crate) ctes: Vec<Cte>,
    /// Columns that a join has once: `USING`.
    pub(crate) merged: Vec<String>,
    /// Whether names may mean something else: a parameter of a function.
    pub(crate) is_open: bool,
    pub(crate) outer: Option<&'o Scope<'o>>,
}

/// What a name in an expression means.
pub(crate) enum Meaning<'s> {
    Field(&'s Field),
    /// All columns of a source.
    Row(&'s Source),
    /// It cannot be said.
    Open,
    /// There is no such column, for certain.
    NoColumn,
    /// No source has the name in front, for certain.
    NoSource,
}

impl<'o> Scope<'o> {
    pub(crate) fn within(outer: Option<&'o Scope<'o>>) -> Scope<'o> {
        Scope { outer, ..Scope::default() }
    }

    /// Where no name can be known.
    pub(crate) fn open() -> Scope<'o> {
        Scope { is_open: true, ..Scope::default() }
    }

    fn levels(&self) -> impl Iterator<Item = &Scope<'o>> {
        std::iter::successors(Some(self), |scope| scope.outer)
    }

    pub(crate) fn cte(&self, name: &str) -> Option<&Cte> {
        self.levels().find_map(|scope| scope.ctes.iter().rev().find(|cte| cte.name == name))
    }

    /// A name without a table in front.
    pub(crate) fn bare(&self, name: &str) -> Meaning<'_> {
        for scope in self.levels() {
            let mut found = scope
                .sources
                .iter()
                .filter(|source| !source.is_qualified)
                .filter_map(|source| source.field(name));
            if let Some(field) = found.next() {
                // Two of them are one column, or the server refuses to choose.
                return match found.next() {
                    None => Meaning::Field(field),
                    Some(_) => Meaning::Open,
                };
            }
            if scope.is_open || scope.sources.iter().any(|it| it.is_open && !it.is_qualified) {
                return Meaning::Open;
            }
            let mut rows = scope.sources.iter().filter(|it| it.name.as_deref() == Some(name));
            if let Some(source) = rows.next() {
                return Meaning::Row(source);
            }
        }
        Meaning::NoColumn
    }

    /// `table.column`, or `table.*`.
    pub(crate) fn qualified(&self, table: &str, name: &str) -> Meaning<'_> {
        for scope in self.levels() {
            let mut named = scope.sources.iter().filter(|it| it.name.as_deref() == Some(table));
            if let Some(source) = named.next() {
                return match source.field(name) {
                    _ if name == "*" => Meaning::Row(source),
                    Some(field) => Meaning::Field(field),
                    None if source.is_open => Meaning::Open,
                    None => Meaning::NoColumn,
                };
            }
            if scope.is_open {
                return Meaning::Open;
            }
        }
        Meaning::NoSource
    }

    /// The source that a qualified name leads to.
    pub(crate) fn source(&self, table: &str) -> Option<&Source> {
        let mut sources = self.levels().flat_map(|scope| &scope.sources);
        sources.find(|source| source.name.as_deref() == Some(table))
    }
}
