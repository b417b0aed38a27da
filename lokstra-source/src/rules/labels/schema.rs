//! The enum types and the columns that the scripts of a folder have made so far.

use std::collections::HashMap;

use super::words::Word;

/// A name, with the schema if it is written.
#[derive(Clone, Debug)]
pub(super) struct Name {
    schema: Option<String>,
    pub(super) last: String,
}

impl Name {
    pub(super) fn is_qualified(&self) -> bool {
        self.schema.is_some()
    }

    /// Whether both must mean the same: without a schema, `public`.
    pub(super) fn is(&self, other: &Name) -> bool {
        let schema = |name: &Name| name.schema.as_deref().unwrap_or("public").to_owned();
        self.last == other.last && schema(self) == schema(other)
    }
}

/// `a` or `a.b`, and where it ends.
pub(super) fn name(words: &[Word], at: usize) -> Option<(Name, usize)> {
    let first = words.get(at)?.name()?.to_owned();
    if words.get(at + 1).is_some_and(|word| word.is(".")) {
        let last = words.get(at + 2)?.name()?.to_owned();
        return Some((Name { schema: Some(first), last }, at + 3));
    }
    Some((Name { schema: None, last: first }, at + 1))
}

/// A column and its type, if that is a plain name.
pub(super) type Column = (String, Option<Name>);

#[derive(Clone, Debug)]
pub(super) struct Table {
    name: Name,
    pub(super) columns: Vec<Column>,
    /// Whether it has no other columns than these, in this order.
    pub(super) is_whole: bool,
}

/// By their names without a schema; `None` where it is not certain what there is.
#[derive(Clone, Debug, Default)]
pub(super) struct Schema {
    tables: HashMap<String, Option<Table>>,
    /// The labels of each type.
    types: HashMap<String, Option<(Name, Vec<String>)>>,
}

/// The words that begin a constraint of a table, where a column may stand.
const CONSTRAINTS: [&str; 7] =
    ["constraint", "primary", "unique", "check", "foreign", "exclude", "like"];

impl Schema {
    pub(super) fn table(&self, name: &Name) -> Option<&Table> {
        self.tables.get(&name.last)?.as_ref().filter(|table| table.name.is(name))
    }

    pub(super) fn has_label(&self, of: &Name, label: &str) -> Option<bool> {
        let (name, labels) = self.types.get(&of.last)?.as_ref()?;
        name.is(of).then(|| labels.iter().any(|it| it == label))
    }

    pub(super) fn follow(&mut self, words: &[Word]) {
        let is = |at: usize, word: &str| words.get(at).is_some_and(|it: &Word| it.is(word));
        if is(0, "create") && is(1, "type") {
            self.create_type(words);
        } else if is(1, "type") && (is(0, "alter") || is(0, "drop")) {
            self.alter_type(words);
        } else if let Some((table, rest)) = created(words) {
            let is_there = self.tables.contains_key(&table.name.last);
            let is_certain = !is_there && !rest.iter().any(|word| word.is("inherits"));
            self.tables.insert(table.name.last.clone(), is_certain.then_some(table));
        } else if is(0, "drop") && is(1, "table") {
            let names = words.iter().filter_map(Word::name);
            names.for_each(|name| drop(self.tables.remove(name)));
        } else if is(0, "alter") && is(1, "table") {
            self.alter_table(words);
        } else if words
            .first()
            .is_some_and(|word| word.is_any(&["do", "call", "execute", "select"]))
        {
            // It may do anything to what it names.
            for (name, table) in &mut self.tables {
                if names(words, name) {
                    *table = None;
                }
            }
            for (name, known) in &mut self.types {
                if names(words, name) {
                    *known = None;
                }
            }
        }
    }

    fn create_type(&mut self, words: &[Word]) {
        let Some((of, at)) = name(words, 2) else { return };
        let is_enum = words.get(at + 1).is_some_and(|word| word.is("enum"));
        let labels = words[at..].iter().filter_map(Word::text).map(str::to_owned).collect();
        let is_there = self.types.contains_key(&of.last);
        self.types.insert(of.last.clone(), (is_enum && !is_there).then_some((of, labels)));
    }

    fn alter_type(&mut self, words: &[Word]) {
        let is = |at: usize, word: &str| words.get(at).is_some_and(|it: &Word| it.is(word));
        let Some((of, at)) = name(words, if is(2, "if") { 4 } else { 2 }) else { return };
        let known = self.types.entry(of.last.clone()).or_default();
        if is(at, "add") && is(at + 1, "value") {
            let label = words[at..].iter().find_map(Word::text);
            if let (Some((_, labels)), Some(label)) = (known, label) {
                labels.push(label.to_owned());
            }
        } else {
            // Another name, other labels, another schema, or none of it.
            *known = None;
            if is(at, "rename") && is(at + 1, "value") {
                return;
            }
            let others = if is(0, "drop") { &words[at..] } else { &[] };
            let is_changed = |ty: &Name| {
                ty.last == of.last || others.iter().any(|it| it.name() == Some(&ty.last))
            };
            for (name, known) in &mut self.types {
                if others.iter().any(|it| it.name() == Some(name)) {
                    *known = None;
                }
            }
            for (_, ty) in self.tables.values_mut().flatten().flat_map(|it| &mut it.columns) {
                if ty.as_ref().is_some_and(is_changed) {
                    *ty = None;
                }
            }
        }
    }

    fn alter_table(&mut self, words: &[Word]) {
        let Some((table, _)) = altered(words) else { return };
        let is_moved = words.iter().any(|word| word.is("rename"))
            || words.windows(2).any(|two| two[0].is("set") && two[1].is("schema"));
        let known = self.tables.entry(table.last.clone()).or_default();
        if is_moved || known.as_ref().is_some_and(|it| !it.name.is(&table)) {
            *known = None;
        }
        let Some(known) = known else { return };
        for action in actions(words) {
            if let Some((column, _)) = added(action) {
                if known.columns.iter().any(|(name, _)| *name == column.0) {
                    continue;
                }
                known.columns.push(column);
            } else if let Some((column, rest)) = acted_on(action) {
                if action[0].is("drop") {
                    known.columns.retain(|(name, _)| name != column);
                } else if let Some(to) = rest.iter().position(|word| word.is("type")) {
                    let ty = type_at(rest, to + 1);
                    let columns = known.columns.iter_mut().filter(|(name, _)| name == column);
                    columns.for_each(|(_, known)| known.clone_from(&ty));
                }
            }
        }
    }
}

/// The columns that an `ALTER TABLE` drops, or gives another type.
pub(super) fn changed(words: &[Word]) -> Vec<&str> {
    let column = |action| {
        let (column, rest) = acted_on(action)?;
        let is_other = action[0].is("drop") || rest.iter().any(|word| word.is("type"));
        is_other.then_some(column)
    };
    actions(words).into_iter().filter_map(column).collect()
}

/// The column that an action of `ALTER TABLE` drops or alters, and what follows.
fn acted_on(action: &[Word]) -> Option<(&str, &[Word])> {
    let is = |at: usize, word: &str| action.get(at).is_some_and(|it: &Word| it.is(word));
    (is(0, "drop") || is(0, "alter")).then_some(())?;
    let at = 1 + usize::from(is(1, "column"));
    let at = at + if is(at, "if") { 2 } else { 0 };
    Some((action.get(at)?.name()?, &action[at + 1..]))
}

/// Whether a text of a statement names this.
pub(super) fn names(words: &[Word], name: &str) -> bool {
    words.iter().filter_map(Word::text).any(|text| text.contains(name))
}

/// The type that is named here, if it is a plain name and no array.
pub(super) fn type_at(words: &[Word], at: usize) -> Option<Name> {
    let (ty, end) = name(words, at)?;
    let is_more = |word: &Word| word.is_any(&["(", "[", "array", ".", "%"]);
    (!words.get(end).is_some_and(is_more)).then_some(ty)
}

/// The table that a statement creates, and the words behind its columns.
pub(super) fn created(words: &[Word]) -> Option<(Table, &[Word])> {
    words.first().filter(|word| word.is("create"))?;
    let at = words.iter().take(4).position(|word| word.is("table"))?;
    let at = at + if words.get(at + 1)?.is("if") { 4 } else { 1 };
    let (name, at) = name(words, at)?;
    words.get(at).filter(|word| word.is("("))?;
    let elements = parts(words, at + 1);
    let columns = elements.iter().filter_map(|element| column(element)).collect();
    let is_whole = !elements.iter().any(|element| element.first().is_some_and(|it| it.is("like")));
    let end = at + elements.iter().map(|element| element.len() + 1).sum::<usize>();
    Some((Table { name, columns, is_whole }, words.get(end..).unwrap_or_default()))
}

/// The columns that a statement defines, each with the words of its definition.
pub(super) fn defined(words: &[Word]) -> Vec<(Column, &[Word])> {
    if words.first().is_some_and(|word| word.is("alter")) {
        return actions(words).into_iter().filter_map(added).collect();
    }
    let Some(open) = words.iter().position(|word| word.is("(")) else { return Vec::new() };
    if created(words).is_none() {
        return Vec::new();
    }
    let elements = parts(words, open + 1).into_iter();
    elements.filter_map(|element| Some((column(element)?, element))).collect()
}

fn column(element: &[Word]) -> Option<Column> {
    let first = element.first()?;
    let is_constraint = !first.is_quoted() && first.is_any(&CONSTRAINTS);
    (!is_constraint).then_some(())?;
    Some((first.name()?.to_owned(), type_at(element, 1)))
}

/// The column that an action of `ALTER TABLE` adds.
fn added(action: &[Word]) -> Option<(Column, &[Word])> {
    let is = |at: usize, word: &str| action.get(at).is_some_and(|it: &Word| it.is(word));
    is(0, "add").then_some(())?;
    let at = 1 + usize::from(is(1, "column"));
    let at = at + if is(at, "if") { 3 } else { 0 };
    let element = action.get(at..)?;
    Some((column(element)?, element))
}

/// The table of an `ALTER TABLE`, and where its actions begin.
pub(super) fn altered(words: &[Word]) -> Option<(Name, usize)> {
    let is = |at: usize, word: &str| words.get(at).is_some_and(|it: &Word| it.is(word));
    (is(0, "alter") && is(1, "table")).then_some(())?;
    let at = if is(2, "if") { 4 } else { 2 };
    let (table, at) = name(words, at + usize::from(is(at, "only")))?;
    Some((table, at + usize::from(is(at, "*"))))
}

fn actions(words: &[Word]) -> Vec<&[Word]> {
    altered(words).map(|(_, at)| parts(words, at)).unwrap_or_default()
}

/// What stands between commas from here on, up to the parenthesis that closes all of it.
pub(super) fn parts(words: &[Word], from: usize) -> Vec<&[Word]> {
    let (mut parts, mut start, mut depth) = (Vec::new(), from, 0_usize);
    for (at, word) in words.iter().enumerate().skip(from) {
        if word.is("(") {
            depth += 1;
        } else if word.is(")") {
            if depth == 0 {
                parts.push(&words[start..at]);
                return parts;
            }
            depth -= 1;
        } else if word.is(",") && depth == 0 {
            parts.push(&words[start..at]);
            start = at + 1;
        }
    }
    parts.push(words.get(start..).unwrap_or_default());
    parts
}
