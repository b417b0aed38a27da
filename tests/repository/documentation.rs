//! The documentation names tests, files and headings that are there, and docs/guarantees.md leaves
//! none of the hazards out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const TABLE: &str = include_str!("../../docs/guarantees.md");

/// The last cell of each row, without the heads of the tables.
fn rows() -> impl Iterator<Item = &'static str> {
    let cells = TABLE.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let last = cells.filter_map(|cells| cells.rsplit(" | ").next());
    last.filter(|cell| *cell != "test" && !cell.starts_with("---"))
}

/// `tests/crash/processes.rs::a_name`, as it is written in the table.
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
    for folder in ["tests/hazards", "tests/crash/matrix"] {
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
            let file = format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap());
            for test in tests(&file) {
                let name = format!("{file}::{test}");
                assert!(named.contains(name.as_str()), "docs/guarantees.md has no row with {name}");
            }
        }
    }
}

/// The pages that a reader follows links through.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["", "docs", "docs/decisions"].map(|folder| root.join(folder));
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let paths = files.map(|file| file.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "md")).collect()
}

/// A heading as the fragment of a link names it.
fn fragment(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = kept.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

#[test]
fn every_link_leads_to_a_page_and_a_heading() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target =
                if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            let is_there = || {
                let text = fs::read_to_string(&target).unwrap_or_default();
                text.lines().any(|line| line.starts_with('#') && fragment(line) == heading)
            };
            if !target.exists() || !heading.is_empty() && !is_there() {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_path_of_the_architecture_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let missing: Vec<_> = ["docs/architecture.md", "docs/testing.md", "CONTRIBUTING.md"]
        .into_iter()
        .flat_map(|page| {
            let text = fs::read_to_string(root.join(page)).unwrap();
            let quoted: Vec<_> = text.split('`').skip(1).step_by(2).map(str::to_owned).collect();
            quoted.into_iter().filter(|path| {
                let folder = path.split('/').next().unwrap();
                path.contains('/')
                    && !path.contains(['\n', ' ', '{'])
                    && (folder.starts_with("lokstra-")
                        || ["tests", "docs", "benches", "src", ".ci"].contains(&folder))
            })
        })
        .filter(|path| !root.join(path).exists())
        .collect();
    assert!(missing.is_empty(), "no such file: {missing:#?}");
}
