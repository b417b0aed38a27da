//! The names in `data`, compared with those of a server.
//!
//! A name that any supported version has is in the data, and `LOKSTRA_WRITE_NAMES=1` adds what is missing:
//! `.ci/versions 13 14 15 16 17 18` runs this on each version.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use lokstra_scratch::{Database, Server};
use postgres::Client;

/// Each file and the query for its lines: a key and what follows it.
const FILES: [(&str, &str); 8] = [
    ("functions", include_str!("functions.sql")),
    ("types", include_str!("types.sql")),
    ("operators", include_str!("operators.sql")),
    ("casts", include_str!("casts.sql")),
    ("classes", include_str!("classes.sql")),
    ("relations", include_str!("relations.sql")),
    ("others", include_str!("others.sql")),
    ("comparable", ""),
];

/// What comes with PostgreSQL's source, of all versions.
const EXTENSIONS: &str = "adminpack amcheck autoinc bloom btree_gin btree_gist citext cube dblink dict_int \
    dict_xsyn earthdistance file_fdw fuzzystrmatch hstore insert_username intagg intarray isn lo ltree \
    moddatetime old_snapshot pageinspect pg_buffercache pg_freespacemap pg_logicalinspect \
    pg_overexplain pg_prewarm pg_stat_statements pg_surgery pg_trgm pg_visibility pg_walinspect \
    pgcrypto pgrowlocks pgstattuple postgres_fdw refint seg sslinfo tablefunc tcn tsm_system_rows \
    tsm_system_time unaccent uuid-ossp xml2";

#[test]
fn every_name_of_this_server_is_in_the_data() {
    let database = database();
    let mut client = database.client().unwrap();
    let mut missing = String::new();
    for (file, query) in FILES {
        let lines = match file {
            "comparable" => comparable(&mut client),
            _ => rows(&mut client, query),
        };
        assert!(lines.len() > 10, "{file}: {}", lines.len());
        missing += &compare(file, lines, file == "functions");
    }
    assert!(missing.is_empty(), "`LOKSTRA_WRITE_NAMES=1` adds these:\n{missing}");
}

#[test]
fn every_name_of_an_extension_of_this_server_is_in_the_data() {
    let database = database();
    let mut client = database.client().unwrap();
    let mut lines = Vec::new();
    for name in EXTENSIONS.split_whitespace() {
        lines.extend(extension(&mut client, name));
    }
    assert!(!lines.is_empty(), "this server has no extension");
    let missing = compare("extensions", lines, true);
    assert!(missing.is_empty(), "`LOKSTRA_WRITE_NAMES=1` adds these:\n{missing}");
}

fn database() -> Database {
    Server::shared().unwrap().database().unwrap()
}

/// What is missing in the file, which is written if that is asked for.
fn compare(file: &str, lines: Vec<(String, String)>, merges: bool) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("data/{file}.txt"));
    let text = fs::read_to_string(&path).unwrap_or_default();
    let mut known = BTreeMap::<String, BTreeSet<String>>::new();
    for line in text.lines() {
        let (key, rest) = split(line, file);
        known.entry(key.to_owned()).or_default().insert(rest.to_owned());
    }
    let mut missing = String::new();
    for (key, rest) in lines {
        let values = known.entry(key.clone()).or_default();
        if values.contains(&rest) {
            continue;
        }
        let is_function = merges && (file == "functions" || key.split(' ').nth(1) == Some("f"));
        match values.first().filter(|_| is_function).cloned() {
            None => _ = values.insert(rest.clone()),
            Some(old) => {
                let both = merged(&old, &rest);
                if both == old {
                    continue;
                }
                *values = BTreeSet::from([both]);
            }
        }
        writeln!(missing, "{file}: {key} {rest}").unwrap();
    }
    if env::var_os("LOKSTRA_WRITE_NAMES").is_none() {
        return missing;
    }
    let mut all: Vec<String> = known
        .iter()
        .flat_map(|(key, rests)| rests.iter().map(move |rest| format!("{key} {rest}")))
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    all.sort_unstable();
    fs::write(&path, all.concat()).unwrap();
    String::new()
}

/// A function has one line: its key ends behind its name.
fn split<'a>(line: &'a str, file: &str) -> (&'a str, &'a str) {
    let is_function = file == "extensions" && line.split(' ').nth(1) == Some("f");
    let words = match file {
        "functions" => 1,
        "extensions" if is_function => 3,
        _ => return (line, ""),
    };
    let end = line.match_indices(' ').nth(words - 1).map_or(line.len(), |(at, _)| at);
    (&line[..end], line[end..].trim_start())
}

/// The counts of arguments of both, and the result if it is one.
fn merged(one: &str, two: &str) -> String {
    let parts = |text: &str| {
        let (counts, result) = text.split_once(' ').unwrap();
        let counts: BTreeSet<String> = counts.split(',').map(str::to_owned).collect();
        (counts, result.to_owned())
    };
    let ((mut counts, result), (more, other)) = (parts(one), parts(two));
    counts.extend(more);
    let result = if result == other { result } else { "?".to_owned() };
    format!("{} {result}", Vec::from_iter(counts).join(","))
}

fn rows(client: &mut Client, query: &str) -> Vec<(String, String)> {
    let rows = client.query(query, &[]).unwrap_or_else(|error| panic!("{error:?}: {query}"));
    rows.iter()
        .map(|row| (row.get(0), row.get::<_, Option<String>>(1).unwrap_or_default()))
        .filter(|(key, _): &(String, String)| !key.contains('\n'))
        .collect()
}

/// The pairs of types of which a column of the second may refer to one of the first.
fn comparable(client: &mut Client) -> Vec<(String, String)> {
    let types = "SELECT typname::text, '' FROM pg_catalog.pg_type \
        WHERE typtype = 'b' AND typcategory <> 'A' AND typnamespace = 'pg_catalog'::regnamespace \
        AND typname NOT LIKE 'pg\\_%' ORDER BY 1";
    let types: Vec<String> = rows(client, types).into_iter().map(|row| row.0).collect();
    let quoted = |name: &str| format!("pg_catalog.\"{name}\"");
    let mut pairs = Vec::new();
    for key in &types {
        let table = format!("CREATE TABLE p (c {} PRIMARY KEY)", quoted(key));
        if client.batch_execute(&format!("BEGIN; {table}; SAVEPOINT s")).is_ok() {
            for reference in &types {
                let table = format!("CREATE TABLE f (c {} REFERENCES p)", quoted(reference));
                if client.batch_execute(&table).is_ok() {
                    pairs.push((format!("{key} {reference}"), String::new()));
                }
                client.batch_execute("ROLLBACK TO s").unwrap();
            }
        }
        client.batch_execute("ROLLBACK").unwrap();
    }
    pairs
}

/// What an extension brings, or nothing if this server does not have it.
fn extension(client: &mut Client, name: &str) -> Vec<(String, String)> {
    client.batch_execute("BEGIN").unwrap();
    let create = format!("CREATE EXTENSION \"{name}\" CASCADE");
    let mut lines = Vec::new();
    if client.batch_execute(&create).is_ok() {
        let query = include_str!("extension.sql").replace("$1", &format!("'{name}'"));
        lines = rows(client, &query);
    }
    client.batch_execute("ROLLBACK").unwrap();
    lines
}
