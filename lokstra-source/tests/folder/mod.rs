//! Folders that a test writes down as it needs them.

use std::fs;

use lokstra_source::{Loaded, Loader, Problems};
use tempfile::TempDir;

/// A crate's folder with these files below `migrations`.
pub(crate) fn folder<C: AsRef<[u8]>>(files: &[(&str, C)]) -> TempDir {
    let root = TempDir::new().unwrap();
    fs::create_dir(root.path().join("migrations")).unwrap();
    for (path, content) in files {
        let path = root.path().join("migrations").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    root
}

pub(crate) fn check<C: AsRef<[u8]>>(files: &[(&str, C)]) -> Result<Loaded, Problems> {
    Loader::new(folder(files).path(), "migrations").load()
}

/// What a user reads.
pub(crate) fn problems<C: AsRef<[u8]>>(files: &[(&str, C)]) -> String {
    check(files).unwrap_err().to_string()
}

/// What a user reads if `migration.yaml` beside a good migration has this text.
#[allow(dead_code, reason = "not every test file is about settings")]
pub(crate) fn settings_problems(yaml: &str) -> String {
    problems(&[
        ("migration.yaml", yaml),
        ("001_create_users.up.sql", "CREATE TABLE users ();"),
        ("001_create_users.down.sql", "DROP TABLE users;"),
    ])
}
