//! The marks that `lokstra migration verify` reads and writes.

use std::collections::BTreeMap;
use std::path::Path;

use lokstra_core::{Database, Migration, Version, files};

use super::lock_edit::cannot_write;
use crate::parse::lock_file::{self, Entry, Placed};
use crate::parse::mark::{self, Mark, Verdict};
use crate::parse::settings::{self, VerifiedLevel};
use crate::problem::{LOCK, Problems};
use crate::read::folder::Folder;

/// The marks of one database folder.
#[derive(Clone, Debug)]
pub struct Marks {
    /// What its `migration.yaml` says of migrations without a mark.
    pub level: VerifiedLevel,
    /// Whether there is a `lokstra.lock`.
    pub has_lock: bool,
    /// What the mark of each migration is worth, in order.
    pub verdicts: Vec<(Version, Verdict)>,
}

/// Reads the marks of a database, whose scripts are those of the folder or were.
///
/// # Errors
///
/// If the folder cannot be read.
pub fn marks(root: &Path, database: Database<'_>) -> Result<Marks, Problems> {
    let folder = Folder::read(root, database.folder())?;
    let entries = mark::marked(database.migrations().map(of_migration), &lock_of(&folder));
    let versions = database.migrations().map(|migration| migration.version());
    let level = folder
        .settings
        .as_ref()
        .map_or(VerifiedLevel::Off, |file| settings::read(file, &mut Vec::new()).verified);
    Ok(Marks {
        level,
        has_lock: folder.lock.is_some(),
        verdicts: versions.zip(mark::verdicts(&entries)).collect(),
    })
}

/// Writes marks into the `lokstra.lock` of a database, or removes them: of what ran of these scripts, on
/// top of each other. Adds the lines of migrations that have none. Returns whether anything changed.
///
/// # Errors
///
/// If the folder cannot be read, its `lokstra.lock` is broken, or it cannot be written.
pub fn write_marks(
    root: &Path,
    database: Database<'_>,
    marks: &BTreeMap<Version, Option<Mark>>,
) -> Result<bool, Problems> {
    let folder = Folder::read(root, database.folder())?;
    let mut problems = Vec::new();
    let mut entries: Vec<Entry> = match &folder.lock {
        Some(file) => {
            lock_file::read(file, &mut problems).into_iter().map(|(entry, _)| entry).collect()
        }
        None => Vec::new(),
    };
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    let sealed = mark::marked(database.migrations().map(of_migration), &[]);
    for (sealed, chain) in sealed.iter().zip(mark::chains(&sealed)) {
        let Some(mark) = marks.get(&sealed.version) else { continue };
        let is_its = |it: &&mut Entry| {
            (it.version, &it.description) == (sealed.version, &sealed.description)
        };
        let text = mark.map(|mark| mark.text(&chain));
        match entries.iter_mut().find(is_its) {
            Some(entry) => entry.mark = text,
            None if text.is_none() => {}
            None => entries.push(Entry { checksums: None, mark: text, ..sealed.clone() }),
        }
    }
    let text = lock_file::text(&entries);
    let is_same = folder
        .lock
        .as_ref()
        .is_some_and(|file| String::from_utf8_lossy(&file.content).replace("\r\n", "\n") == text);
    if is_same {
        return Ok(false);
    }
    let path = format!("{}/{LOCK}", database.folder());
    files::replace(&root.join(&path), text.as_bytes())
        .map_err(|error| cannot_write(&path, &error))?;
    Ok(true)
}

pub(super) fn lock_of(folder: &Folder) -> Vec<Placed> {
    folder.lock.as_ref().map(|file| lock_file::read(file, &mut Vec::new())).unwrap_or_default()
}

pub(super) type Sealed<'a> = (Version, &'a str, (lokstra_core::Checksum, lokstra_core::Checksum));

pub(super) fn of_migration(migration: Migration<'_>) -> Sealed<'_> {
    let checksums = (migration.up().checksum(), migration.down().checksum());
    (migration.version(), migration.description(), checksums)
}
