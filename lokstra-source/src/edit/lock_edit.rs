//! Writes, extends and renumbers the migrations of lock files, for the command line.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use lokstra_core::{Direction, Version, files};

use super::mark_edit::{lock_of, of_migration};
use crate::parse::file_name::{Description, FileName};
use crate::parse::lock_file::{self, Entry};
use crate::parse::mark::marked;
use crate::problem::{Code, LOCK, Problem, Problems};
use crate::read::folder::Folder;
use crate::read::normalized;
use crate::rules::check;
use crate::rules::lint::LintScope;

/// What [`lock`] did.
#[derive(Clone, Debug)]
pub struct Locked {
    /// The files that were written, with the number of migrations in each.
    pub files: Vec<(String, usize)>,
    /// The hazards of the newly locked migrations, which no later build or lint reports.
    pub hazards: Vec<Problem>,
}

/// Locks every migration of a folder: writes `lokstra.lock` into each database folder.
///
/// # Errors
///
/// Every problem of the folder except a broken chain, which this repairs.
pub fn lock(root: &Path, folder: &str) -> Result<Locked, Problems> {
    let found = Folder::read(root, &normalized(folder))?;
    let loaded = check(&found, LintScope::UnlockedOnly, &Code::IN_LOCK_EDIT)?;
    let mut written = Vec::new();
    for database in loaded.set.databases() {
        // A mark is kept, and the build judges whether it still fits.
        let is_its = |folder: &&Folder| folder.path == database.folder();
        let folder = std::iter::once(&found).chain(&found.folders).find(is_its);
        let entries = marked(
            database.migrations().map(of_migration),
            &folder.map(lock_of).unwrap_or_default(),
        );
        let path = format!("{}/{LOCK}", database.folder());
        files::replace(&root.join(&path), lock_file::text(&entries).as_bytes())
            .map_err(|error| cannot_write(&path, &error))?;
        written.push((path, entries.len()));
    }
    let is_hazard = |it: &Problem| matches!(it.code(), Code::Lint(_));
    let hazards = loaded.warnings.into_iter().filter(is_hazard).collect();
    Ok(Locked { files: written, hazards })
}

/// Adds a line for a newly created migration if there is a lock file, or if it is the first of its
/// folder. Returns whether a line was added.
pub fn lock_new(folder: &Path, version: Version, description: &Description) -> io::Result<bool> {
    let found =
        Folder::read(folder, ".").map_err(|problems| io::Error::other(problems.to_string()))?;
    let mut entries = match &found.lock {
        Some(file) => {
            let mut problems = Vec::new();
            let entries = lock_file::read(file, &mut problems);
            // The build reports what is wrong with it; it is not overwritten.
            if !problems.is_empty() {
                return Ok(false);
            }
            entries.into_iter().map(|(entry, _)| entry).collect()
        }
        None if found.scripts.len() == 2 => Vec::new(),
        None => return Ok(false),
    };
    let description = description.as_str().to_owned();
    entries.push(Entry { version, description, checksums: None, mark: None });
    files::replace(&folder.join(LOCK), lock_file::text(&entries).as_bytes()).map(|()| true)
}

/// Moves the unlocked migrations of a folder behind the locked ones, and returns the old and new file
/// names.
///
/// # Errors
///
/// If the folder cannot be read, has no lock file or one with conflict markers, or if a file cannot be
/// renamed.
pub fn renumber(root: &Path, folder: &str) -> Result<Vec<(String, String)>, Problems> {
    let folder = normalized(folder);
    let found = Folder::read(root, &folder)?;
    let Some(file) = &found.lock else {
        let message =
            "this folder has no lokstra.lock, so it is unknown which migrations came first";
        let help = "run `lokstra migration lock` on the branch that the others merge into";
        return Err(Problem::new(Code::LockSyntax, &folder, message, help).into());
    };
    let mut problems = Vec::new();
    let entries = lock_file::read(file, &mut problems);
    problems.retain(|it| matches!(it.code(), Code::LockConflict | Code::LockCut));
    if !problems.is_empty() {
        // Only the author knows which of the two was deployed.
        return Err(Problems(problems));
    }
    let (entries, new): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|(entry, _)| entry.checksums.is_some());
    let mut locked: BTreeMap<Version, Entry> = BTreeMap::new();
    for (entry, _) in entries {
        // If two branches have a line for one version, the first counts.
        locked.entry(entry.version).or_insert(entry);
    }
    let is_locked = |name: &FileName| {
        locked
            .get(&name.version)
            .is_some_and(|entry| entry.description == name.description.as_str())
    };
    let mut moving: BTreeMap<(Version, Description), Vec<Direction>> = BTreeMap::new();
    for script in &found.scripts {
        match FileName::parse(&script.name, Version::MAX) {
            Ok(name) if !is_locked(&name) => {
                moving.entry((name.version, name.description)).or_default().push(name.direction);
            }
            _ => {}
        }
    }
    let newest = locked.keys().next_back().copied().unwrap_or(Version::MIN);
    // A migration that is already behind keeps its version, unless no version is left above it.
    let Some(renamed) = renames(&moving, newest, true).or_else(|| renames(&moving, newest, false))
    else {
        return Err(no_version_left(&folder, newest, moving.len()).into());
    };
    // The line of a migration that keeps its version has its mark.
    let stays = |entry: &Entry| {
        let is_it = |(version, name): &(Version, Description)| {
            (*version, name.as_str()) == (entry.version, entry.description.as_str())
        };
        let is_renamed = renamed.iter().any(|(from, _)| {
            from.starts_with(&format!("{}_{}.", entry.version, entry.description))
        });
        entry.mark.is_some() && !is_renamed && moving.keys().any(is_it)
    };
    let new = new.into_iter().map(|(entry, _)| entry).filter(stays);
    let kept: Vec<_> = locked.into_values().chain(new).collect();
    let lock = format!("{folder}/{LOCK}");
    rename_all(&root.join(&folder), &renamed)?;
    if let Err(error) = files::replace(&root.join(&lock), lock_file::text(&kept).as_bytes()) {
        rename_back(&root.join(&folder), &renamed);
        return Err(cannot_write(&lock, &error).into());
    }
    Ok(renamed)
}

/// Computes the old and new names of migrations that go behind this version; `None` if there is no room.
fn renames(
    moving: &BTreeMap<(Version, Description), Vec<Direction>>,
    newest: Version,
    keeps_place: bool,
) -> Option<Vec<(String, String)>> {
    let (mut next, mut renamed) = (newest, Vec::new());
    for ((version, description), directions) in moving {
        next = if keeps_place && *version > next { *version } else { next.next()? };
        for &direction in directions.iter().filter(|_| *version != next) {
            let description = description.clone();
            let from = FileName { version: *version, description, direction };
            let to = FileName { version: next, ..from.clone() };
            renamed.push((from.to_string(), to.to_string()));
        }
    }
    Some(renamed)
}

/// Renames all files, or none.
fn rename_all(folder: &Path, renamed: &[(String, String)]) -> Result<(), Problems> {
    // From the end, so that no new name is still in use.
    for (nth, (from, to)) in renamed.iter().enumerate().rev() {
        let moved = match folder.join(to).symlink_metadata() {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(folder.join(from), folder.join(to)),
        };
        if let Err(error) = moved {
            rename_back(folder, &renamed[nth + 1..]);
            return Err(cannot_write(to, &error).into());
        }
    }
    Ok(())
}

fn rename_back(folder: &Path, renamed: &[(String, String)]) {
    for (from, to) in renamed {
        fs::rename(folder.join(to), folder.join(from)).ok();
    }
}

/// The problem of a folder whose newest locked version is near the highest possible one.
fn no_version_left(folder: &str, newest: Version, count: usize) -> Problem {
    let left = Version::MAX.get() - newest.get();
    let left = match left {
        0 => "no version is left".to_owned(),
        1 => "1 version is left".to_owned(),
        _ => format!("{left} versions are left"),
    };
    let message = format!(
        "{newest} is locked, and {left} above it for the unlocked migrations ({count}); nothing was renamed"
    );
    let help = "give the new migrations lower versions by hand, delete lokstra.lock and run \
                `lokstra migration lock`; databases then need -out-of-order";
    Problem::new(Code::LockOrder, format!("{folder}/{LOCK}"), message, help)
}

pub(super) fn cannot_write(path: &str, error: &io::Error) -> Problem {
    Problem::new(
        Code::Unreadable,
        path,
        format!("cannot be written: {error}"),
        "check its permissions and the free space of the disk",
    )
}
