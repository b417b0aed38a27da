//! Reads a folder of Lokstra migrations and checks everything that can be known without a
//! database: the macro, the command line and `include_dir` all come through here.
//!
//! Programs use the [`lokstra`](https://docs.rs/lokstra) crate.

mod cache;
mod edit;
mod parse;
mod problem;
mod read;
mod rules;
mod sql;

use std::ops::Range;
use std::path::Path;

use cache::Cache;
use read::folder::Folder;
use read::normalized;
use rules::{check, check_unknown};

pub use edit::lock_edit::{Locked, lock, lock_new, renumber};
pub use edit::next_version::{NextVersion, next_version};
pub use parse::file_name::{Description, DescriptionError};
pub use problem::{Code, Hazard, Problem, Problems, Severity};
pub use rules::Loaded;
pub use rules::lint::Lint;
pub use sql::{SectionMark, section_marks};

/// Reads and checks the folder, whose path is relative to `root` and stands in every message.
///
/// # Errors
///
/// Everything that is wrong with the folder, all at once.
pub fn load(root: &Path, folder: &str) -> Result<Loaded, Problems> {
    load_linted(root, folder, Lint::Never)
}

/// The same, with a look for hazards.
///
/// # Errors
///
/// As [`load`], and each hazard in a folder whose `migration.yaml` says `lint: deny`.
pub fn load_linted(root: &Path, folder: &str, lint: Lint) -> Result<Loaded, Problems> {
    let folder = normalized(folder);
    check(&Folder::read(root, &folder)?, lint, &[])
}

/// As [`load`], but what `lokstra.lock` has against the folder, or what is wrong with some of its
/// migrations, is among the warnings: for commands that look at a database, or change what is applied
/// there. A migration of which a file is missing or no text stands there with empty scripts.
///
/// # Errors
///
/// As [`load`], if anything is wrong with the folder as a whole or with its `migration.yaml`.
pub fn load_despite_problems(root: &Path, folder: &str) -> Result<Loaded, Problems> {
    let folder = Folder::read(root, &normalized(folder))?;
    check(&folder, Lint::Never, &Code::OF_ONE_MIGRATION)
}

/// As [`load`], whatever is wrong with the scripts and with `lokstra.lock`: to have a server look at the
/// scripts of a folder that the build refuses.
///
/// # Errors
///
/// If the layout of the folder or a `migration.yaml` is wrong.
pub fn load_despite_scripts(root: &Path, folder: &str) -> Result<Loaded, Problems> {
    let folder = Folder::read(root, &normalized(folder))?;
    let ignored: Vec<Code> =
        Code::ALL.iter().copied().filter(|code| !Code::OF_SETTINGS.contains(code)).collect();
    check(&folder, Lint::Never, &ignored)
}

/// As [`load_linted`], but what `cache` has of an earlier build by the same `writer` is not found out
/// again. The file is written for the next time. A writer with other rules needs another name.
///
/// # Errors
///
/// As [`load_linted`].
pub fn load_cached(
    root: &Path,
    folder: &str,
    lint: Lint,
    cache: &Path,
    writer: &str,
) -> Result<Loaded, Problems> {
    let folder = Folder::read(root, &normalized(folder))?;
    let cache = Cache::read(cache, lint, writer);
    cache.loaded(&folder).or_else(|known| {
        let checked = check_unknown(&folder, lint, &known, &[])?;
        cache.write(&folder, &checked);
        Ok(checked.loaded)
    })
}

/// As [`load`], for files that are in memory, by their names, under the path that messages and the set
/// shall give their folder: to judge a folder before it is written.
///
/// # Errors
///
/// As [`load`].
pub fn load_files<'a>(
    folder: &str,
    files: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Loaded, Problems> {
    check(&Folder::in_memory(&normalized(folder), files), Lint::Never, &[])
}

/// The same for a folder embedded with the `include_dir` crate, under the path that messages and
/// the set shall give it.
///
/// # Errors
///
/// As [`load`].
#[cfg(feature = "include-dir")]
pub fn load_dir(dir: &include_dir::Dir<'_>, folder: &str) -> Result<Loaded, Problems> {
    check(&Folder::embedded(dir, &normalized(folder)), Lint::Never, &[])
}

/// The statements of a script, each from its first token to its last, without the `;`.
///
/// They are cut as PostgreSQL cuts them while `standard_conforming_strings` is on, its default. Of a
/// text that PostgreSQL cannot parse, they are what looks like statements.
pub fn statements(text: &str) -> Vec<Range<usize>> {
    sql::split(text).statements
}
