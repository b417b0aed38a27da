//! A program that does not hold the migrations that are on disk: nothing made the compiler look again
//! when a file was added.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use lokstra_core::{Database, files};

/// What differs between the scripts of these databases and their folders below `root`.
pub(crate) fn differences<'s>(
    databases: impl Iterator<Item = Database<'s>> + Clone,
    root: &Path,
) -> Vec<String> {
    let embedded: BTreeMap<&str, &str> = databases
        .clone()
        .flat_map(|database| database.migrations())
        .flat_map(|migration| [migration.up(), migration.down()])
        .map(|script| (script.path(), script.text()))
        .collect();
    let folders: BTreeSet<&str> = databases.map(|database| database.folder()).collect();
    let on_disk: BTreeSet<String> =
        folders.iter().flat_map(|folder| scripts_in(root, folder)).collect();
    let added = on_disk
        .iter()
        .filter(|path| !embedded.contains_key(path.as_str()))
        .map(|path| format!("{path} is not in the binary"));
    let changed = embedded.iter().filter_map(|(path, text)| {
        match files::read_text(&root.join(path), files::MAX_SCRIPT_BYTES) {
            Ok(found) if normalized(&found) == **text => None,
            Ok(_) => Some(format!("{path} was edited")),
            Err(_) => Some(format!("{path} is not on disk")),
        }
    });
    added.chain(changed).collect()
}

fn scripts_in(root: &Path, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| {
            let ending = Path::new(name).extension();
            ending.is_some_and(|ending| ending == "sql") && !name.starts_with('.')
        })
        .map(|name| format!("{folder}/{name}"))
        .collect()
}

/// As the macro reads it.
fn normalized(text: &str) -> String {
    text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n")
}
