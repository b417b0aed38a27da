//! Migrations embedded with the [`include_dir`](https://docs.rs/include_dir) crate, for programs
//! that embed all their files with it: the same checks and the same set, at run time.

pub use include_dir::Dir;
pub use lokstra_source::{Code, LintRule, Problem, Problems, Severity};

use crate::Migrations;

/// Checks the embedded folder. `folder` is the path that messages give it, such as `migrations`.
///
/// ```
/// use include_dir::{Dir, include_dir};
///
/// static MIGRATIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations");
///
/// let migrations = lokstra::include_dir::load(&MIGRATIONS, "migrations")?;
/// # assert_eq!(migrations.databases().next().unwrap().len(), 6);
/// # Ok::<(), lokstra::include_dir::Problems>(())
/// ```
///
/// # Errors
///
/// Everything that is wrong with the folder, all at once.
pub fn load(dir: &Dir<'_>, folder: &str) -> Result<Migrations, Problems> {
    lokstra_source::Loader::embedded(dir, folder).load().map(|loaded| loaded.set.into())
}
