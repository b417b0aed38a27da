//! What a folder may hold, and how each problem is reported.

#[path = "../folder/mod.rs"]
mod folder;

mod databases;
mod earlier_build;
mod files;
mod labels;
mod lock_file;
mod marks;
mod renumber;
mod reversal;
mod schema;
mod special_files;
mod sql;
mod texts;

use folder::folder;
use lokstra_source::{Loaded, Loader, Problems};

fn check<C: AsRef<[u8]>>(files: &[(&str, C)]) -> Result<Loaded, Problems> {
    Loader::new(folder(files).path(), "migrations").load()
}

/// What a user reads.
fn problems<C: AsRef<[u8]>>(files: &[(&str, C)]) -> String {
    check(files).unwrap_err().to_string()
}

/// What a user reads if `migration.yaml` beside a good migration has this text.
fn settings_problems(yaml: &str) -> String {
    problems(&[
        ("migration.yaml", yaml),
        ("001_create_users.up.sql", "CREATE TABLE users ();"),
        ("001_create_users.down.sql", "DROP TABLE users;"),
    ])
}
