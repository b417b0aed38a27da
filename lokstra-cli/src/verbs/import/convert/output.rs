//! The folder to write.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lokstra_core::files::{MAX_SCRIPT_BYTES, MAX_SETTINGS_BYTES, create, read, read_text};

use super::{ConvertedMigration, OutputFile};
use crate::verbs::import::error::ImportError;

/// What the folder to write contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OutputFolder {
    /// It has no migration; at most a `migration.yaml`.
    Free { settings: Option<String> },
    /// It already has every migration. Some may have been edited since.
    Taken { edited: Vec<String> },
}

/// Inspects the folder.
pub(crate) fn inspect(
    folder: &str,
    converted: &[ConvertedMigration],
) -> Result<OutputFolder, ImportError> {
    let unreadable = |source| ImportError::Read { folder: folder.to_owned(), source };
    let unreadable_file =
        |name: &str, source| ImportError::Read { folder: format!("{folder}/{name}"), source };
    let path = Path::new(folder);
    let names = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        entries => entries
            .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect())
            .map_err(unreadable)?,
    };
    let is_migration_file = |name: &str| {
        Path::new(name).extension().is_some_and(|ending| ending == "sql") || name == "lokstra.lock"
    };
    if !names.iter().any(|name| is_migration_file(&name.to_string_lossy())) {
        let settings = match read_text(&path.join("migration.yaml"), MAX_SETTINGS_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            settings => Some(settings.map_err(|error| unreadable_file("migration.yaml", error))?),
        };
        return Ok(OutputFolder::Free { settings });
    }
    let (mut missing, mut edited) = (Vec::new(), Vec::new());
    for written in files(converted) {
        match read(&path.join(&written.name), MAX_SCRIPT_BYTES) {
            Ok(content) if content == written.text.as_bytes() => {}
            Ok(_) => edited.push(written.name.clone()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                missing.push(written.name.clone());
            }
            Err(error) => return Err(unreadable_file(&written.name, error)),
        }
    }
    if missing.is_empty() {
        return Ok(OutputFolder::Taken { edited });
    }
    Err(ImportError::Taken { folder: folder.to_owned(), missing })
}

/// Writes every file, or none, and never overwrites one. Returns the paths.
pub(crate) fn write(
    folder: &str,
    converted: &[ConvertedMigration],
) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    fs::create_dir_all(folder).map_err(|error| (folder.into(), error))?;
    let mut done: Vec<PathBuf> = Vec::new();
    for written in files(converted) {
        let path = Path::new(folder).join(&written.name);
        if let Err(error) = create(&path, written.text.as_bytes()) {
            remove(&done);
            return Err((path, error));
        }
        done.push(path);
    }
    Ok(done)
}

/// Removes what was written.
pub(crate) fn remove(written: &[PathBuf]) {
    for path in written {
        fs::remove_file(path).ok();
    }
}

pub(crate) fn files(converted: &[ConvertedMigration]) -> impl Iterator<Item = &OutputFile> {
    converted.iter().flat_map(|one| [&one.up, &one.down])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::import::convert::convert;
    use crate::verbs::import::source::Source;
    use crate::verbs::import::tools::SourceTool::GolangMigrate;

    #[test]
    fn a_file_that_appears_meanwhile_is_kept_and_none_of_the_others_stays() {
        let source = Source::of(&[("1_a.up.sql", "SELECT 1;"), ("2_b.up.sql", "SELECT 2;")]);
        let converted = convert(GolangMigrate, &GolangMigrate.read(&source).migrations);
        let folder = tempfile::tempdir().unwrap();
        let existing = folder.path().join("002_b.up.sql");
        fs::write(&existing, "SELECT 'existing';").unwrap();
        let (path, error) = write(folder.path().to_str().unwrap(), &converted).unwrap_err();
        assert_eq!((path, error.kind()), (existing.clone(), io::ErrorKind::AlreadyExists));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(existing).unwrap(), "SELECT 'existing';");
    }
}
