//! For the tests of programs that embed migrations.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::Migrations;

/// Fails if the folder on disk holds other migrations than the program: a file was added after the
/// last build, and nothing made the compiler look again.
///
/// ```
/// # use lokstra::{Migrations, embed_migrations};
/// # static MIGRATIONS: Migrations = embed_migrations!("migrations");
/// // #[test]
/// fn the_migrations_are_current() {
///     lokstra::testing::assert_current(&MIGRATIONS);
/// }
/// # the_migrations_are_current();
/// ```
///
/// # Panics
///
/// With the files that differ, if any do. Also outside of `cargo test` and `cargo run`, which set
/// `CARGO_MANIFEST_DIR`.
#[track_caller]
pub fn assert_current(migrations: &Migrations) {
    let root =
        std::env::var_os("CARGO_MANIFEST_DIR").expect("`cargo test` sets CARGO_MANIFEST_DIR");
    let differences = differences(migrations, Path::new(&root));
    assert!(
        differences.is_empty(),
        "the binary does not hold the migrations that are on disk:\n  {}\n  help: touch the source \
         file with embed_migrations!, or add a build.rs with \
         println!(\"cargo:rerun-if-changed=migrations\");",
        differences.join("\n  ")
    );
}

fn differences(migrations: &Migrations, root: &Path) -> Vec<String> {
    let embedded: BTreeMap<&str, &str> = migrations
        .databases()
        .flat_map(|database| database.migrations())
        .flat_map(|migration| [migration.up(), migration.down()])
        .map(|script| (script.path(), script.text()))
        .collect();
    let folders: BTreeSet<&str> =
        migrations.databases().map(|database| database.folder()).collect();
    let on_disk: BTreeSet<String> =
        folders.iter().flat_map(|folder| scripts_in(root, folder)).collect();
    let added = on_disk
        .iter()
        .filter(|path| !embedded.contains_key(path.as_str()))
        .map(|path| format!("{path} is not in the binary"));
    let changed =
        embedded.iter().filter_map(|(path, text)| match fs::read_to_string(root.join(path)) {
            Ok(found) if normalized(&found) == **text => None,
            Ok(_) => Some(format!("{path} was edited")),
            Err(_) => Some(format!("{path} is not on disk")),
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
