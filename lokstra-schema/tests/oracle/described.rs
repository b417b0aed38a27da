//! What the model prints of tables against the catalog of a server that ran the same scripts.

use std::collections::BTreeSet;

use lokstra_core::Direction;
use lokstra_schema::{Options, Relation, Schema, Script, describe};

use crate::judge::Judge;
use crate::sets;

/// The tables of no extension, each with a column and whether that is `NOT NULL`.
const COLUMNS: &str = "\
SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname, a.attname, a.attnotnull \
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e')";

/// Primary keys, unique constraints and foreign keys.
const KEYS: &str = "\
SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname, k.conname::text, \
CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' ELSE 'foreign key' END, \
(SELECT string_agg(a.attname, ',' ORDER BY u.nth) FROM unnest(k.conkey) WITH ORDINALITY u(number, nth) \
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.number), \
COALESCE((SELECT f.relname::text FROM pg_class f WHERE f.oid = k.confrelid), '') \
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
WHERE k.contype IN ('p', 'u', 'f') AND k.conparentid = 0";

type Column = (String, Option<String>, Option<bool>);
type Key = [String; 5];

fn columns(table: &Relation) -> Vec<Column> {
    let column = |name: &str, is: bool| (table.name.clone(), Some(name.to_owned()), Some(is));
    let columns: Vec<_> = table.columns.iter().map(|it| column(&it.name, it.is_not_null)).collect();
    if columns.is_empty() { vec![(table.name.clone(), None, None)] } else { columns }
}

fn keys(table: &Relation) -> Vec<Key> {
    let keys = table.constraints.iter().filter(|it| !matches!(it.kind, "check" | "exclusion"));
    keys.filter_map(|it| {
        let target = it.target.as_ref().map(|it| it.0.rsplit('.').next().unwrap().to_owned());
        let is_complete = !it.is_open && (it.kind != "foreign key" || target.is_some());
        is_complete.then_some(())?;
        let columns = it.columns.join(",");
        let target = target.unwrap_or_default();
        Some([table.name.clone(), it.name.clone()?, it.kind.to_owned(), columns, target])
    })
    .collect()
}

/// What is printed as certain and is otherwise on the server.
fn untrue(schema: &Schema, judge: &mut Judge) -> Vec<String> {
    let client = judge.client();
    let rows = client.query(COLUMNS, &[]).unwrap();
    let real: BTreeSet<Column> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let rows = client.query(KEYS, &[]).unwrap();
    let real_keys: BTreeSet<Key> =
        rows.iter().map(|row| std::array::from_fn(|nth| row.get(nth))).collect();
    let mut untrue = Vec::new();
    for table in schema.tables.iter().filter(|it| it.doubt.is_none()) {
        let columns: BTreeSet<_> = columns(table).into_iter().collect();
        untrue.extend(columns.difference(&real).map(|it| format!("not there: {it:?}")));
        let there = real.iter().filter(|it| it.0 == table.name && !table.has_open_columns);
        untrue.extend(there.filter(|it| !columns.contains(it)).map(|it| format!("more: {it:?}")));
        let keys: BTreeSet<_> = keys(table).into_iter().collect();
        untrue.extend(keys.difference(&real_keys).map(|it| format!("not there: {it:?}")));
        let is_complete = !table.has_open_constraints && keys.len() == self::count(table);
        let there = real_keys.iter().filter(|it| it[0] == table.name && is_complete);
        untrue.extend(there.filter(|it| !keys.contains(*it)).map(|it| format!("more: {it:?}")));
    }
    untrue
}

/// How many keys a table has.
fn count(table: &Relation) -> usize {
    table.constraints.iter().filter(|it| !matches!(it.kind, "check" | "exclusion")).count()
}

#[test]
fn the_tables_that_are_printed_are_those_of_the_server() {
    let (mut tables, mut wrong) = (0, Vec::new());
    for set in sets::all() {
        let mut judge = Judge::new();
        let ups = set.migrations.iter().take_while(|it| judge.run(&it.up).is_none());
        let ups: Vec<_> = ups.collect();
        let scripts: Vec<_> = ups
            .iter()
            .zip(1..)
            .map(|(it, version)| Script::new(&it.name, version, Direction::Up, &it.up))
            .collect();
        let schemas = describe(&scripts, &Options::default(), &[scripts.len()]);
        tables += schemas[0].tables.len();
        let untrue = untrue(&schemas[0], &mut judge);
        wrong.extend(untrue.into_iter().map(|it| format!("{}: {it}", set.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tables >= 5, "{tables}");
}
