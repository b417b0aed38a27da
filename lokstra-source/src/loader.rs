//! The one way to a checked set: which files, which rules, and what an earlier build found.

use std::path::Path;

use crate::cache::Cache;
use crate::problem::{Code, Problems};
use crate::read::folder::Folder;
use crate::read::normalized;
use crate::rules::lint::LintScope;
use crate::rules::{Loaded, check, check_uncached};

/// Reads and checks a folder of migrations. Everything that is wrong with it is one [`Problems`].
#[derive(Debug)]
pub struct Loader<'a> {
    files: Files<'a>,
    lint: LintScope,
    ignored: Ignored,
    cache: Option<(&'a Path, &'a str)>,
}

#[derive(Debug)]
enum Files<'a> {
    OnDisk { root: &'a Path, folder: String },
    Read(Box<Folder>),
}

#[derive(Debug)]
enum Ignored {
    Nothing,
    MigrationProblems,
    ScriptProblems,
}

impl<'a> Loader<'a> {
    /// Reads a folder, whose path is relative to `root` and stands in every message.
    pub fn new(root: &'a Path, folder: &str) -> Loader<'a> {
        Loader::of(Files::OnDisk { root, folder: normalized(folder) })
    }

    /// Reads files that are in memory, by their names, as if they were in this folder: to check a folder
    /// before it is written.
    pub fn in_memory<'f>(
        folder: &str,
        files: impl IntoIterator<Item = (&'f str, &'f str)>,
    ) -> Loader<'a> {
        Loader::of(Files::Read(Box::new(Folder::in_memory(&normalized(folder), files))))
    }

    /// Reads a folder embedded with the `include_dir` crate, under the path that messages and the set
    /// give it.
    #[cfg(feature = "include-dir")]
    pub fn embedded(dir: &include_dir::Dir<'_>, folder: &str) -> Loader<'a> {
        Loader::of(Files::Read(Box::new(Folder::embedded(dir, &normalized(folder)))))
    }

    fn of(files: Files<'a>) -> Loader<'a> {
        Loader { files, lint: LintScope::Never, ignored: Ignored::Nothing, cache: None }
    }

    /// Runs the lint rules on these migrations; a folder whose `migration.yaml` says `lint: deny` fails.
    #[must_use]
    pub fn lint(self, lint: LintScope) -> Loader<'a> {
        Loader { lint, ..self }
    }

    /// Turns what is wrong with a migration or with `lokstra.lock` into warnings: for commands that look at
    /// a database, or change what is applied there. A migration of which a file is missing or no text has
    /// empty scripts.
    #[must_use]
    pub fn ignore_migration_problems(self) -> Loader<'a> {
        Loader { ignored: Ignored::MigrationProblems, ..self }
    }

    /// Drops what is wrong with the scripts and with `lokstra.lock`: to have a server look at the scripts of
    /// a folder that the build refuses.
    #[must_use]
    pub fn ignore_script_problems(self) -> Loader<'a> {
        Loader { ignored: Ignored::ScriptProblems, ..self }
    }

    /// Takes over what the file at `path` has of an earlier build by the same `writer`, and writes the file
    /// for the next one. A writer with other rules needs another name.
    #[must_use]
    pub fn cache(self, path: &'a Path, writer: &'a str) -> Loader<'a> {
        Loader { cache: Some((path, writer)), ..self }
    }

    /// Reads and checks the folder.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the folder and not ignored, all at once.
    pub fn load(self) -> Result<Loaded, Problems> {
        let folder = match self.files {
            Files::OnDisk { root, folder } => Folder::read(root, &folder)?,
            Files::Read(folder) => *folder,
        };
        let ignored: Vec<Code> = match self.ignored {
            Ignored::Nothing => Vec::new(),
            Ignored::MigrationProblems => Code::OF_ONE_MIGRATION.to_vec(),
            Ignored::ScriptProblems => {
                let all = Code::ALL.iter().copied();
                all.filter(|code| !Code::OF_SETTINGS.contains(code)).collect()
            }
        };
        // What is kept is of a folder without an error.
        let Some((path, writer)) = self.cache.filter(|_| ignored.is_empty()) else {
            return check(&folder, self.lint, &ignored);
        };
        let cache = Cache::read(path, self.lint, writer);
        cache.loaded(&folder).or_else(|known| {
            let checked = check_uncached(&folder, self.lint, &known, &[])?;
            cache.write(&folder, &checked);
            Ok(checked.loaded)
        })
    }
}
