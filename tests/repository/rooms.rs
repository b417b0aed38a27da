//! The rooms of each crate: a file imports from its own room and from those below it, as docs/architecture.md
//! draws them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each crate with its rooms, from the top to the bottom. A room is a folder, or a file beside `lib.rs`.
const CRATES: &[(&str, &[&str])] = &[
    ("lokstra-cli", &["app", "verbs", "fleet", "run", "call", "output"]),
    ("lokstra-macros", &["test_attribute", "expand", "cache"]),
    (
        "lokstra-source",
        &[
            "rows", "describe", "loader", "edit", "cache", "rules", "parse", "sql", "read",
            "problem",
        ],
    ),
    (
        "lokstra-grammar",
        &[
            "refusal",
            "checks",
            "syntax",
            "parser",
            "tree",
            "tables",
            "tokens",
            "split",
            "string_continuation",
        ],
    ),
    (
        "lokstra-schema",
        &[
            "describe", "check", "reversal", "query", "apply", "catalog", "parse", "names",
            "finding", "builtin", "input",
        ],
    ),
    (
        "lokstra-runtime",
        &[
            "api", "maintain", "apply", "inspect", "session", "event", "error", "sql", "plan",
            "model",
        ],
    ),
    (
        "lokstra-connect",
        &[
            "pools",
            "connector",
            "transient",
            "error",
            "hints",
            "error_chain",
            "pooler",
            "query",
            "client",
            "host",
            "backoff",
            "stop",
            "tls",
            "dsn",
            "blocking",
            "target",
            "notices",
            "server_error",
        ],
    ),
    (
        "lokstra-verify",
        &[
            "verifier",
            "rehearsal",
            "reference",
            "plan",
            "report",
            "check",
            "missing_prerequisite",
            "compare",
            "catalog",
            "meaning",
            "server",
            "error",
            "cluster",
        ],
    ),
    ("lokstra-testing", &["harness", "template", "database", "host", "url", "error", "names"]),
    (
        "lokstra-core",
        &[
            "builder",
            "set",
            "layout",
            "fingerprint",
            "identifier",
            "snippet",
            "printable",
            "files",
            "text",
            "direction",
            "checksum",
            "version",
        ],
    ),
    (
        "lokstra-scratch",
        &["pgbouncer", "pglite", "server", "programs", "home", "account", "options", "error"],
    ),
];

/// The most files that may import each other in a circle.
const LARGEST_CIRCLE: usize = 6;

/// The files of a crate by module path (`pools::env`), each with its text without comments and tests.
struct Crate(BTreeMap<String, String>);

impl Crate {
    fn read(name: &str) -> Crate {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join(name).join("src");
        let mut files = BTreeMap::new();
        read_folder(&src, &src, &mut files);
        let declares = |(module, text): (&String, &String)| {
            let inner = |test: &str| {
                let name = test.trim_start().strip_prefix("mod ")?.split(';').next()?;
                Some(join(module, name))
            };
            text.split("#[cfg(test)]").skip(1).filter_map(inner).collect::<Vec<_>>()
        };
        let tests: Vec<_> = files.iter().flat_map(declares).collect();
        files.retain(|module, _| !tests.contains(module));
        let without_tests = |text: String| {
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            code.lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n")
        };
        Crate(files.into_iter().map(|(module, text)| (module, without_tests(text))).collect())
    }

    /// The file that this path leads into: of `pools::env::Pool` that of `pools::env`.
    fn file_of(&self, path: &str) -> Option<&str> {
        let mut path = path;
        loop {
            if let Some((module, _)) = self.0.get_key_value(path) {
                return Some(module);
            }
            path = path.rsplit_once("::").map_or("", |(before, _)| before);
            if path.is_empty() {
                return None;
            }
        }
    }

    /// What each file imports: by `use` or where it is named, but for what a folder passes on of its files.
    fn imports(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let of = |(module, text): (&'_ String, &String)| {
            let mut paths = Vec::new();
            let statements = text.split_inclusive(';');
            for statement in statements.filter(|it| !is_passed_on(it)) {
                for (at, _) in statement.match_indices("::") {
                    let first =
                        statement[..at].rsplit(|c: char| !is_name(c)).next().unwrap_or_default();
                    let before = statement[..at - first.len()].chars().next_back();
                    let base = match (first, before) {
                        (_, Some(':')) => continue,
                        ("crate", _) => String::new(),
                        ("self", _) => module.clone(),
                        ("super", _) => parent(module).to_owned(),
                        (child, _) if self.0.contains_key(&join(module, child)) => {
                            join(module, child)
                        }
                        _ => continue,
                    };
                    tree(&base, &statement[at + 2..], &mut paths);
                }
            }
            paths.iter().filter_map(|path| self.file_of(path)).filter(|it| it != module).collect()
        };
        self.0.iter().map(|file| (file.0.as_str(), of(file))).collect()
    }
}

fn read_folder(src: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.is_dir() {
            read_folder(src, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let inner = path.strip_prefix(src).unwrap().with_extension("");
            let module = inner.to_str().unwrap().replace(std::path::MAIN_SEPARATOR, "::");
            let module = module.strip_suffix("::mod").unwrap_or(&module).to_owned();
            files.insert(module, fs::read_to_string(&path).unwrap());
        }
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn join(module: &str, name: &str) -> String {
    if matches!(module, "" | "lib" | "main") {
        name.to_owned()
    } else {
        format!("{module}::{name}")
    }
}

fn parent(module: &str) -> &str {
    module.rsplit_once("::").map_or("", |(parent, _)| parent)
}

/// `pub use`: what a file only passes on.
fn is_passed_on(statement: &str) -> bool {
    statement.lines().any(|line| line.trim_start().starts_with("pub") && line.contains(" use "))
}

/// The paths of `a::{b, c::d}`.
fn tree(base: &str, text: &str, paths: &mut Vec<String>) {
    if let Some(group) = text.strip_prefix('{') {
        let (mut depth, mut start) = (0, 0);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    tree(base, group[start..at].trim_start(), paths);
                    start = at + 1;
                }
                _ => {}
            }
            if start > at && c == '}' {
                return;
            }
        }
        return;
    }
    let end = text.find(|c: char| !is_name(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let path = match name {
        "super" => parent(base).to_owned(),
        "self" | "" => base.to_owned(),
        name => join(base, name),
    };
    match rest.strip_prefix("::") {
        Some(rest) => tree(&path, rest, paths),
        None => paths.push(path),
    }
}

fn room(module: &str) -> &str {
    module.split("::").next().unwrap_or_default()
}

#[test]
fn a_file_imports_from_its_own_room_and_from_those_below() {
    for (name, rooms) in CRATES {
        let krate = Crate::read(name);
        let floor = |module: &str| {
            let found = rooms.iter().position(|known| *known == room(module));
            found.unwrap_or_else(|| panic!("{name}: `{}` is not among its rooms", room(module)))
        };
        for (module, imports) in krate.imports() {
            for import in
                imports.into_iter().filter(|it| !matches!(module, "lib" | "main") && *it != "lib")
            {
                let is_downward = floor(module) <= floor(import);
                assert!(is_downward, "{name}: `{module}` imports from `{import}`, a room above");
            }
        }
    }
}

/// All that a file imports, and what that imports in turn.
fn reached<'c>(imports: &BTreeMap<&'c str, BTreeSet<&'c str>>, from: &'c str) -> BTreeSet<&'c str> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(module) = next.pop() {
        next.extend(imports[module].iter().filter(|import| seen.insert(**import)));
    }
    seen
}

#[test]
fn no_circle_of_imports_is_large() {
    for (name, _) in CRATES {
        let krate = Crate::read(name);
        let imports = krate.imports();
        let reached: BTreeMap<_, _> =
            imports.keys().map(|module| (*module, reached(&imports, module))).collect();
        for (module, from_here) in &reached {
            let circle: Vec<_> =
                from_here.iter().filter(|it| reached[**it].contains(module)).collect();
            assert!(
                circle.len() <= LARGEST_CIRCLE,
                "{name}: {} files import each other: {circle:?}",
                circle.len()
            );
        }
    }
}

#[test]
fn every_file_opens_with_what_it_holds() {
    for (name, _) in CRATES {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join(name).join("src");
        let mut files = BTreeMap::new();
        read_folder(&src, &src, &mut files);
        for (module, text) in files {
            assert!(text.starts_with("//! "), "{name}: `{module}`");
        }
    }
}
