//! The one way to a checked set: which files, which rules, and the cache of an earlier build.

use std::path::Path;

use crate::cache::Cache;
use crate::problem::{Code, Problems};
use crate::read::folder::Folder;
use crate::read::normalized;
use crate::rules::lint::LintScope;
use crate::rules::{Loaded, check, check_with_cache};

/// Reads and checks a folder of migrations, and reports everything that is wrong with it as one
/// [`Problems`].
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
    /// Reads a folder, whose path is relative to `root` and is part of every message.
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

    /// Turns problems of a migration or of `lokstra.lock` into warnings, for commands that read a
    /// database, or change what is applied there. A script that is missing or is no text is empty.
    #[must_use]
    pub fn ignore_migration_problems(self) -> Loader<'a> {
        Loader { ignored: Ignored::MigrationProblems, ..self }
    }

    /// Ignores problems of the scripts and of `lokstra.lock`, so that a server can parse the scripts of
    /// a folder that the build rejects.
    #[must_use]
    pub fn ignore_script_problems(self) -> Loader<'a> {
        Loader { ignored: Ignored::ScriptProblems, ..self }
    }

    /// Reuses the result of an earlier build by the same `writer` from the file at `path`, and writes
    /// that file for the next build. A writer with other rules needs another name.
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
            Ignored::MigrationProblems => Code::IN_MIGRATION.to_vec(),
            Ignored::ScriptProblems => {
                let all = Code::ALL.iter().copied();
                all.filter(|code| !Code::IN_SETTINGS.contains(code)).collect()
            }
        };
        // Only a folder without an error is cached.
        let Some((path, writer)) = self.cache.filter(|_| ignored.is_empty()) else {
            return check(&folder, self.lint, &ignored);
        };
        let cache = Cache::read(path, self.lint, writer);
        cache.loaded(&folder).or_else(|cached| {
            let checked = check_with_cache(&folder, self.lint, &cached, &[])?;
            cache.write(&folder, &checked);
            Ok(checked.loaded)
        })
    }
}
