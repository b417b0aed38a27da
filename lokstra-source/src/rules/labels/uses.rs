//! Finds a text that certainly becomes a value of an enum type.

use super::Label;
use super::schema::{
    Column, Name, Schema, altered, changed, created, defined, name, parts, type_at,
};
use super::words::Word;

/// The first text of a statement that is one of these labels.
pub(super) fn first(words: &[Word], labels: &[Label], schema: &Schema) -> Option<usize> {
    if labels.is_empty() || words.first()?.is_any(&["comment", "security"]) {
        return None;
    }
    let columns = columns(words, schema);
    (0..words.len()).find(|at| {
        let text = words[*at].text();
        labels.iter().any(|label| is_array_cast(words, *at, label))
            || labels.iter().filter(|label| text == Some(&label.text)).any(|label| {
                is_cast(words, *at, &label.of)
                    || is_default_of_new(words, *at, &label.of)
                    || is_of_column(words, *at, &|column| is_of(&columns, column, &label.of))
                    || is_inserted(words, *at, &label.of, schema)
            })
    })
}

fn is_of(columns: &[Column], column: &str, of: &Name) -> bool {
    let mut named = columns.iter().filter(|(name, _)| name == column);
    named.next().and_then(|(_, ty)| ty.as_ref()).is_some_and(|ty| ty.is(of))
        && named.next().is_none()
}

/// What may stand before a whole value.
const BEFORE: [&str; 10] =
    ["(", ",", "=", "select", "default", "then", "else", "where", "and", "or"];

/// Where the type begins to which the words from `start` up to `end`, or a pair of parentheses around
/// them, are cast: `'a'::t`, `('a')::t`, `CAST('a' AS t)`.
fn cast_type(words: &[Word], mut start: usize, mut end: usize) -> Option<usize> {
    let is = |at: usize, word: &str| words.get(at).is_some_and(|it: &Word| it.is(word));
    while start >= 2 && is(start - 1, "(") && is(end, ")") && words[start - 2].is_any(&BEFORE) {
        (start, end) = (start - 1, end + 1);
    }
    let is_call = start >= 2 && is(start - 1, "(") && is(start - 2, "cast") && is(end, "as");
    match () {
        () if is(end, ":") && is(end + 1, ":") => Some(end + 2),
        () if is_call => Some(end + 1),
        () => None,
    }
}

/// `ARRAY['a', 'b']::t[]`, `'{a, b}'::t[]`: one of the elements is this label.
fn is_array_cast(words: &[Word], at: usize, label: &Label) -> bool {
    let Some(text) = words[at].text() else { return false };
    let is = |at: usize, word: &str| words.get(at).is_some_and(|it: &Word| it.is(word));
    let is_element = |at: &usize| words[*at].text().is_some() || is(*at, ",");
    let start = (0..at).rev().find(|nth| !is_element(nth)).unwrap_or(0);
    let range = if text == label.text && start > 0 && is(start, "[") && is(start - 1, "array") {
        let end = (at..words.len()).find(|nth| !is_element(nth)).unwrap_or(at);
        is(end, "]").then_some((start - 1, end + 1))
    } else {
        let inside = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
        let has = |inside: &str| {
            let elements = inside.split(',').map(str::trim);
            !inside.contains(['{', '\\']) && elements.map(unquoted).any(|it| it == label.text)
        };
        inside.is_some_and(has).then_some((at, at + 1))
    };
    let ty = range.and_then(|(start, end)| cast_type(words, start, end));
    let named = ty.and_then(|ty| name(words, ty));
    named.is_some_and(|(ty, end)| ty.is(&label.of) && is(end, "[") && is(end + 1, "]"))
}

fn unquoted(element: &str) -> &str {
    element.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(element)
}

/// `'a'::t`, `CAST('a' AS t)`, `t 'a'`
fn is_cast(words: &[Word], at: usize, of: &Name) -> bool {
    if let Some(ty) = cast_type(words, at, at + 1) {
        return type_at(words, ty).is_some_and(|ty| ty.is(of));
    }
    [1, 3].into_iter().any(|length| {
        let Some(start) = at.checked_sub(length) else { return false };
        let is_typed = name(words, start).is_some_and(|(ty, end)| end == at && ty.is(of));
        is_typed && start.checked_sub(1).is_some_and(|it| words[it].is_any(&BEFORE))
    })
}

/// Behind a text that is a whole value.
fn ends_value(words: &[Word], at: usize) -> bool {
    let ends = [
        ")",
        ",",
        "and",
        "or",
        "where",
        "returning",
        "then",
        "else",
        "order",
        "group",
        "limit",
        "not",
        "null",
        "unique",
        "primary",
        "check",
        "references",
        "constraint",
    ];
    words.get(at + 1).is_none_or(|word| word.is_any(&ends))
}

/// `c t DEFAULT 'a'` of a column or a domain that the statement makes.
fn is_default_of_new(words: &[Word], at: usize, of: &Name) -> bool {
    let is = |at: usize, word: &str| words.get(at).is_some_and(|it: &Word| it.is(word));
    let is_default = at > 0 && is(at - 1, "default") && ends_value(words, at);
    if is(0, "create") && is(1, "domain") {
        let ty =
            name(words, 2).and_then(|(_, end)| type_at(words, end + usize::from(is(end, "as"))));
        return is_default && ty.is_some_and(|ty| ty.is(of));
    }
    is_default
        && defined(words).into_iter().any(|((_, ty), element)| {
            element.iter().any(|word| word.start == words[at].start)
                && ty.is_some_and(|ty| ty.is(of))
        })
}

/// `c = 'a'`, `c IN ('a')`, `c SET DEFAULT 'a'`
fn is_of_column(words: &[Word], at: usize, is_of: &dyn Fn(&str) -> bool) -> bool {
    let back = |from: usize, is: &dyn Fn(&Word) -> bool| {
        (0..from).rev().find(|nth| !is(&words[*nth])).map_or(0, |nth| nth + 1)
    };
    let is_column = |end: usize| {
        let Some(last) = end.checked_sub(1) else { return false };
        let Some(column) = words[last].name() else { return false };
        let qualified = last >= 2 && words[last - 1].is(".") && words[last - 2].name().is_some();
        let start = if qualified { last - 2 } else { last };
        let opens = ["(", ",", "where", "and", "or", "not", "set", "when", "on", "alter", "column"];
        let opens = |nth: usize| words[nth].is_any(&opens);
        start.checked_sub(1).is_some_and(opens) && is_of(column)
    };
    let is_before = |word: &str| at > 0 && words[at - 1].is(word);
    if is_before("default") {
        let is_set = at >= 2 && words[at - 2].is("set");
        return is_set && ends_value(words, at) && is_column(at - 2);
    }
    let operator = back(at, &|word| word.is_any(&["=", "<", ">", "!"]));
    if operator < at {
        let length = at - operator;
        return length <= 2 && ends_value(words, at) && is_column(operator);
    }
    let list = back(at, &|word| word.text().is_some() || word.is(","));
    let is_list = list >= 2 && words[list - 1].is("(") && words[list - 2].is("in");
    let negated = list >= 3 && words[list - 3].is("not");
    let rest = words[at..].iter().find(|word| word.text().is_none() && !word.is(","));
    is_list && rest.is_some_and(|word| word.is(")")) && is_column(list - 2 - usize::from(negated))
}

/// `INSERT INTO t (c) VALUES ('a')`, `INSERT INTO t (c) SELECT 'a'`
fn is_inserted(words: &[Word], at: usize, of: &Name, schema: &Schema) -> bool {
    let is = |at: usize, word: &str| words.get(at).is_some_and(|it: &Word| it.is(word));
    if !(is(0, "insert") && is(1, "into")) {
        return false;
    }
    let Some((table, mut next)) = name(words, 2) else { return false };
    let Some(table) = schema.table(&table) else { return false };
    let mut names: Option<Vec<&str>> =
        table.is_whole.then(|| table.columns.iter().map(|(name, _)| name.as_str()).collect());
    if is(next, "(") {
        let listed = parts(words, next + 1);
        next += 1 + listed.iter().map(|part| part.len() + 1).sum::<usize>();
        names = listed.iter().map(|part| part.first().and_then(Word::name)).collect();
    }
    let is_label = |part: &&[Word]| part.first().is_some_and(|word| word.start == words[at].start);
    if is(next, "select") {
        let values = parts(words, next + 1);
        let nth = values.iter().position(|part| {
            is_label(part) && part.get(1).is_none_or(|word| word.is_any(&["from", "where"]))
        });
        let name = nth.and_then(|nth| names?.get(nth).copied());
        return name.is_some_and(|name| is_of(&table.columns, name, of));
    }
    let Some(names) = names.filter(|_| is(next, "values")) else { return false };
    next += 1;
    while is(next, "(") {
        let row = parts(words, next + 1);
        let nth = row.iter().position(|part| part.len() == 1 && is_label(part));
        if let Some(nth) = nth {
            return names.get(nth).is_some_and(|name| is_of(&table.columns, name, of));
        }
        next += 1 + row.iter().map(|part| part.len() + 1).sum::<usize>();
        next += usize::from(is(next, ","));
    }
    false
}

/// The columns that a name can mean in a statement of a single table.
fn columns(words: &[Word], schema: &Schema) -> Vec<Column> {
    let count = |word: &str| words.iter().filter(|it| it.is(word)).count();
    let is = |at: usize, word: &str| words.get(at).is_some_and(|it: &Word| it.is(word));
    let only = |at: usize| at + usize::from(is(at, "only"));
    if let Some((table, _)) = created(words) {
        return table.columns;
    }
    if count("join") > 0 || count("using") > usize::from(is(0, "create")) {
        return Vec::new();
    }
    let is_view = is(0, "create") && words.iter().take(5).any(|word| word.is("view"));
    let is_query = is(0, "select") || is_view;
    let is_on_table = |word: &Word| word.is_any(&["index", "policy", "trigger"]);
    let behind = |word: &str| words.iter().position(|it| it.is(word)).map(|at| at + 1);
    let table = if let Some((table, _)) = altered(words) {
        Some(table)
    } else if is(0, "update") && count("from") + count("select") == 0 {
        name(words, only(1)).map(|(table, _)| table)
    } else if is(0, "insert") && count("from") + count("select") == 0 {
        name(words, 2).map(|(table, _)| table)
    } else if (is(0, "delete") && count("select") == 0 || is_query && count("select") == 1)
        && count("from") == 1
    {
        let found = behind("from").and_then(|at| name(words, only(at)));
        let ends = |at: usize| at >= words.len() || is(at, "where");
        let found = found.filter(|(_, end)| {
            let alias = end + usize::from(is(*end, "as"));
            ends(*end) || words.get(alias).is_some_and(|it| it.name().is_some()) && ends(alias + 1)
        });
        found.map(|(table, _)| table)
    } else if is(0, "create") && count("select") == 0 && words[1..].iter().take(4).any(is_on_table)
    {
        behind("on").and_then(|at| name(words, only(at))).map(|(table, _)| table)
    } else {
        None
    };
    let table = table.and_then(|table| schema.table(&table));
    let mut columns = table.map(|table| table.columns.clone()).unwrap_or_default();
    let changed = changed(words);
    columns.retain(|(name, _)| !changed.contains(&name.as_str()));
    columns
}
