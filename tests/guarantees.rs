//! The table of docs/guarantees.md names tests that are there, and leaves none of the hazards out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const TABLE: &str = include_str!("../docs/guarantees.md");

/// The last cell of each row, without the heads of the tables.
fn rows() -> impl Iterator<Item = &'static str> {
    let cells = TABLE.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let last = cells.filter_map(|cells| cells.rsplit(" | ").next());
    last.filter(|cell| *cell != "test" && !cell.starts_with("---"))
}

/// `tests/crashes.rs::a_name`, as it is written in the table.
fn named() -> impl Iterator<Item = &'static str> {
    rows().flat_map(|cell| cell.split('`').skip(1).step_by(2))
}

/// The names of the tests in a file.
fn tests(file: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    let (mut names, mut is_test) = (BTreeSet::new(), false);
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("fn ").filter(|_| is_test) {
            names.extend(name.split('(').next().map(str::to_owned));
        }
        is_test = line == "#[test]" || is_test && line.starts_with("#[");
    }
    names
}

#[test]
fn every_row_names_a_test_that_is_there() {
    for row in rows() {
        assert!(row.starts_with('`'), "a row without a test: {row}");
    }
    let missing: Vec<_> = named()
        .filter(|name| {
            let (file, test) = name.split_once("::").expect(name);
            !tests(file).contains(test)
        })
        .collect();
    assert!(missing.is_empty(), "no such test: {missing:#?}");
}

#[test]
fn every_hazard_that_is_tested_has_a_row() {
    let named: BTreeSet<_> = named().collect();
    for folder in ["tests/hazards", "tests/crash_matrix"] {
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
            let file = format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap());
            for test in tests(&file) {
                let name = format!("{file}::{test}");
                assert!(named.contains(name.as_str()), "docs/guarantees.md has no row with {name}");
            }
        }
    }
}
