//! Sets of migrations of real projects, in the layouts of several tools.

use std::fs;
use std::path::{Path, PathBuf};

use crate::fetch;

/// Where to find more than what is in this repository: `full`, folders, or both.
const SETS: &str = "LOKSTRA_TEST_SETS";

#[derive(Clone, Debug)]
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) migrations: Vec<Migration>,
}

#[derive(Clone, Debug)]
pub(crate) struct Migration {
    pub(crate) name: String,
    pub(crate) up: String,
    pub(crate) down: Option<String>,
}

pub(crate) fn is_long() -> bool {
    std::env::var_os(SETS).is_some_and(|sets| !sets.is_empty())
}

/// The sets of this repository, and those that the environment asks for.
pub(crate) fn all() -> Vec<Set> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let ours = [
        "migrations",
        "examples",
        "tests/fixtures/good",
        "tests/fixtures/document_003_as_printed",
        "lokstra-cli/tests/fixtures/import",
    ];
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/sets");
    let mut folders: Vec<_> = ours.iter().map(|folder| repository.join(folder)).collect();
    folders.push(here);
    let more = std::env::var_os(SETS).unwrap_or_default();
    for folder in std::env::split_paths(&more).filter(|folder| !folder.as_os_str().is_empty()) {
        if folder.as_os_str() == "full" {
            folders.extend(fetch::folders());
        } else {
            folders.push(folder);
        }
    }
    let mut sets = Vec::new();
    for folder in folders {
        find(&folder, &mut sets);
    }
    sets
}

/// What a program that began on the work of another one has: the work, and the set.
pub(crate) fn on_existing() -> Vec<(String, Set)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/existing");
    let files = entries(&folder);
    let set = |file: &PathBuf| {
        let text = fs::read_to_string(file).unwrap();
        let mut parts =
            text.split("\n--- ").map(|part| part.split_once('\n').unwrap_or((part, "")));
        let (_, base) = parts.next()?;
        let mut migrations: Vec<Migration> = Vec::new();
        for (title, sql) in parts {
            let sql = prepared(sql);
            match title {
                "up" => migrations.push(Migration {
                    name: format!("{:03}", migrations.len() + 1),
                    up: sql,
                    down: None,
                }),
                _ => migrations.last_mut()?.down = Some(sql),
            }
        }
        let name = name_of(file);
        Some((base.to_owned(), Set { name, migrations }))
    };
    files.iter().map(|file| set(file).unwrap()).collect()
}

/// The set of a folder, or those of the folders in it.
fn find(folder: &Path, sets: &mut Vec<Set>) {
    let mut migrations = Vec::new();
    let entries = entries(folder);
    for path in &entries {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let down = |file: PathBuf| fs::read_to_string(file).ok().map(|sql| prepared(&sql));
        if path.is_dir() {
            let up = ["up.sql", "migration.sql"].iter().find_map(|file| read(&path.join(file)));
            let down = down(path.join("down.sql"));
            migrations.extend(up.map(|up| Migration { name, up, down }));
        } else if let Some(stem) =
            name.strip_suffix(".sql").filter(|stem| stem.strip_suffix(".down").is_none())
        {
            let Some(up) = read(path) else { continue };
            let stem = stem.strip_suffix(".up").unwrap_or(stem);
            let down = down(folder.join(format!("{stem}.down.sql")));
            migrations.push(Migration { name: stem.to_owned(), up, down });
        }
    }
    if !migrations.is_empty() {
        // The tools that have a folder for each migration compare names and not numbers.
        let is_nested = entries.iter().any(|path| path.is_dir());
        let key = |name: &str| if is_nested { 0 } else { number(name) };
        migrations.sort_by(|a, b| key(&a.name).cmp(&key(&b.name)).then(a.name.cmp(&b.name)));
        let name = name_of(folder);
        if let Some(up) = fetch::made_before(&name) {
            let up = up.to_owned();
            migrations.insert(0, Migration { name: "before".to_owned(), up, down: None });
        }
        return sets.push(Set { name, migrations });
    }
    for path in entries.iter().filter(|path| path.is_dir()) {
        find(path, sets);
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut entries: Vec<_> = entries.map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

/// The last parts of a path, which say enough: the same in every checkout, since faults are drawn by them.
fn name_of(folder: &Path) -> String {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = folder.strip_prefix(repository).unwrap_or(folder);
    let parts: Vec<_> = folder.iter().map(|part| part.to_string_lossy()).collect();
    parts[parts.len().saturating_sub(3)..].join("/")
}

fn number(name: &str) -> u64 {
    let digits: String = name.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

fn read(file: &Path) -> Option<String> {
    fs::read_to_string(file).ok().map(|sql| prepared(&sql))
}

/// Without the transactions that a tool expects in its scripts, and with the variables of some tools.
pub(crate) fn prepared(sql: &str) -> String {
    let mut sql =
        sql.trim_start_matches('\u{feff}').replace(":GRAPHILE_WORKER_SCHEMA", "graphile_worker");
    for range in lokstra_grammar::split(&sql).statements.into_iter().rev() {
        let words: Vec<_> =
            sql[range.clone()].split_whitespace().take(2).map(str::to_uppercase).collect();
        let is_control = match words.first().map(|word| word.trim_end_matches(';')) {
            Some("BEGIN" | "COMMIT" | "END" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" | "ABORT") => {
                true
            }
            Some("START") => words.get(1).is_some_and(|word| word == "TRANSACTION"),
            _ => false,
        };
        if is_control {
            sql.replace_range(range.clone(), &" ".repeat(range.len()));
        }
    }
    sql
}
