//! Reads a folder of Lokstra migrations and checks everything that can be known without a
//! database: the macro, the command line and `include_dir` all come through here.
//!
//! Programs use the [`lokstra`](https://docs.rs/lokstra) crate.

mod cache;
mod check;
mod code;
mod file_name;
mod folder;
mod hazard;
mod labels;
mod layout;
mod lint;
mod lock_file;
mod locking;
mod numbering;
mod pairs;
mod problem;
mod routines;
mod script;
mod scripts;
mod settings;
mod shares;
mod sql;
mod waiver;

use std::ops::Range;
use std::path::Path;

use lokstra_core::Set;

use cache::{Cache, Known};
use check::Checked;

pub use code::{Code, Severity};
pub use file_name::{Description, DescriptionError};
pub use hazard::Hazard;
pub use lint::Lint;
pub use locking::{Locked, lock, lock_new, renumber};
pub use numbering::{NextVersion, next_version};
pub use problem::{Problem, Problems};
pub use sql::{SectionMark, section_marks};

/// A folder without an error.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The migrations.
    pub set: Set,
    /// What is worth a word and stops nothing, in the order of the files.
    pub warnings: Vec<Problem>,
    /// How many migrations are locked.
    pub locked: usize,
    /// The files that were read, relative to the root: a change of one changes the set.
    pub tracked: Vec<String>,
    /// Those of them to which a link leads out of the folder: no line of theirs is to be shown.
    pub outside: Vec<String>,
}

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
    check(&folder::Folder::read(root, &folder)?, lint, &[])
}

/// As [`load`], but what `lokstra.lock` has against the folder, or what is wrong with some of its
/// migrations, is among the warnings: for commands that look at a database, or change what is applied
/// there. A migration of which a file is missing or no text stands there with empty scripts.
///
/// # Errors
///
/// As [`load`], if anything is wrong with the folder as a whole or with its `migration.yaml`.
pub fn load_despite_problems(root: &Path, folder: &str) -> Result<Loaded, Problems> {
    let folder = folder::Folder::read(root, &normalized(folder))?;
    check(&folder, Lint::Never, &Code::OF_ONE_MIGRATION)
}

/// As [`load`], whatever is wrong with the scripts and with `lokstra.lock`: to have a server look at the
/// scripts of a folder that the build refuses.
///
/// # Errors
///
/// If the layout of the folder or a `migration.yaml` is wrong.
pub fn load_despite_scripts(root: &Path, folder: &str) -> Result<Loaded, Problems> {
    let folder = folder::Folder::read(root, &normalized(folder))?;
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
    let folder = folder::Folder::read(root, &normalized(folder))?;
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
    check(&folder::Folder::in_memory(&normalized(folder), files), Lint::Never, &[])
}

/// The same for a folder embedded with the `include_dir` crate, under the path that messages and
/// the set shall give it.
///
/// # Errors
///
/// As [`load`].
#[cfg(feature = "include-dir")]
pub fn load_dir(dir: &include_dir::Dir<'_>, folder: &str) -> Result<Loaded, Problems> {
    check(&folder::Folder::embedded(dir, &normalized(folder)), Lint::Never, &[])
}

/// The statements of a script, each from its first token to its last, without the `;`.
///
/// They are cut as PostgreSQL cuts them while `standard_conforming_strings` is on, its default. Of a
/// text that PostgreSQL cannot parse, they are what looks like statements.
pub fn statements(text: &str) -> Vec<Range<usize>> {
    sql::split(text).statements
}

/// The parser recurses as deep as the SQL nests; untouched, the stack costs nothing.
const STACK: usize = 512 << 20;

/// All rules but those of the ignored kinds.
fn check(folder: &folder::Folder, lint: Lint, ignored: &[Code]) -> Result<Loaded, Problems> {
    check_unknown(folder, lint, &Known::default(), ignored).map(|checked| checked.loaded)
}

/// The same, for scripts that are not known.
fn check_unknown(
    folder: &folder::Folder,
    lint: Lint,
    known: &Known,
    ignored: &[Code],
) -> Result<Checked, Problems> {
    std::thread::scope(|scope| {
        let checked = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, || check::check(folder, lint, known, ignored));
        match checked.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // No room for such a thread.
            Err(_) => check::check(folder, lint, known, ignored),
        }
    })
}

/// One spelling for `migrations`, `./migrations` and `migrations/`.
fn normalized(folder: &str) -> String {
    let folder = folder.replace('\\', "/");
    let absolute = folder.starts_with('/');
    let parts: Vec<_> = folder.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    match (absolute, parts.join("/")) {
        (true, path) => format!("/{path}"),
        (false, path) if path.is_empty() => ".".to_owned(),
        (false, path) => path,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_folder_has_one_spelling() {
        for (given, path) in [
            ("migrations", "migrations"),
            ("./migrations/", "migrations"),
            ("db//migrations/.", "db/migrations"),
            ("../migrations", "../migrations"),
            ("/srv/migrations/", "/srv/migrations"),
            (".", "."),
            ("", "."),
        ] {
            assert_eq!(super::normalized(given), path, "{given}");
        }
    }
}
