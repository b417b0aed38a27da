//! The cache file: the result of an earlier build. Nearly all scripts are unchanged, and the unoptimised
//! build of a macro reads SQL slowly.
//!
//! Text is compared with text, because a SHA-256 would cost more there. A reused result is of the same
//! bytes and of the same rules, which the header names.

use std::fs;
use std::path::{Path, PathBuf};

use lokstra_core::Set;

use crate::parse::script::cached::CachedScripts;
use crate::problem::Problem;
use crate::read::folder::{File, Folder};
use crate::read::layout::layout;
use crate::rules::lint::LintScope;
use crate::rules::{Checked, Loaded};

/// A cache file, as an earlier build wrote it.
pub(crate) struct Cache {
    path: PathBuf,
    header: String,
    content: Vec<u8>,
}

/// The content of the file behind its header, each part preceded by its length.
struct Earlier {
    /// The folder as it was read; empty if it cannot be reused as a whole.
    folder: Vec<u8>,
    warnings: Vec<Problem>,
    set: Set,
    /// For each script of the set, up before down, 1 if every rule was applied.
    checked: Vec<u8>,
    /// How many migrations are locked.
    locked: usize,
}

impl Cache {
    /// Reads the file; the cache is empty if there is none, or if other rules wrote it.
    pub(crate) fn read(path: &Path, lint: LintScope, writer: &str) -> Cache {
        let header = format!(
            "lokstra-source {} with sql-check {}, {lint:?}, {writer}\n",
            env!("CARGO_PKG_VERSION"),
            cfg!(feature = "sql-check")
        );
        Cache { path: path.to_owned(), header, content: fs::read(path).unwrap_or_default() }
    }

    fn earlier(&self) -> Option<Earlier> {
        let mut rest = self.content.strip_prefix(self.header.as_bytes())?;
        let folder = part(&mut rest)?.to_vec();
        let mut stored = part(&mut rest)?;
        let mut warnings = Vec::new();
        while !stored.is_empty() {
            warnings.push(warning(part(&mut stored)?)?);
        }
        let text = String::from_utf8(part(&mut rest)?.to_vec()).ok()?;
        let set = Set::from_parts(text, part(&mut rest)?)?;
        let checked = part(&mut rest)?.to_vec();
        let locked = usize::from_le_bytes(part(&mut rest)?.try_into().ok()?);
        rest.is_empty().then_some(Earlier { folder, warnings, set, checked, locked })
    }

    /// Returns the earlier result if it is of exactly this folder, or else the scripts that the cache
    /// has.
    pub(crate) fn loaded(&self, folder: &Folder) -> Result<Loaded, CachedScripts> {
        let Some(earlier) = self.earlier() else { return Err(CachedScripts::default()) };
        if bytes(folder).is_none_or(|bytes| bytes != earlier.folder) {
            return Err(CachedScripts::new(earlier.set, earlier.checked));
        }
        let tracked = layout(folder, &mut Vec::new()).tracked();
        let Earlier { set, locked, warnings, .. } = earlier;
        let outside = folder.outside().into_iter().map(str::to_owned).collect();
        Ok(Loaded { set, warnings, locked, tracked, outside })
    }

    /// Replaces the file atomically, since other builds may read it. A failure is ignored: the next
    /// build then checks everything.
    pub(crate) fn write(&self, folder: &Folder, checked: &Checked) {
        let loaded = &checked.loaded;
        let warnings: Option<Vec<_>> = loaded.warnings.iter().map(Problem::parts).collect();
        let folder = Some(folder).filter(|_| warnings.is_some()).and_then(bytes);
        let (text, index) = loaded.set.parts();
        let mut content = self.header.clone().into_bytes();
        put(&mut content, &folder.unwrap_or_default());
        put(&mut content, &parts(warnings.unwrap_or_default().iter().map(parts)));
        put(&mut content, text.as_bytes());
        put(&mut content, index);
        put(&mut content, &checked.scripts.iter().map(|&is| u8::from(is)).collect::<Vec<_>>());
        put(&mut content, &loaded.locked.to_le_bytes());
        if content == self.content {
            return;
        }
        let new = self.path.with_extension(std::process::id().to_string());
        if fs::write(&new, content).and_then(|()| fs::rename(&new, &self.path)).is_err() {
            fs::remove_file(&new).ok();
        }
    }
}

/// Serializes what the rules read of a folder; `None` if the folder already has a problem.
fn bytes(folder: &Folder) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    add(folder, &mut bytes).then_some(bytes)
}

fn add(folder: &Folder, bytes: &mut Vec<u8>) -> bool {
    let Folder { path, scripts, settings, lock, folders, problems } = folder;
    let file = |bytes: &mut Vec<u8>, File { name: _, path, content, is_outside: _ }: &File| {
        put(bytes, path.as_bytes());
        put(bytes, content);
    };
    put(bytes, path.as_bytes());
    for files in [scripts.len(), settings.iter().len(), lock.iter().len(), folders.len()] {
        bytes.extend_from_slice(&files.to_le_bytes());
    }
    for found in scripts.iter().chain(settings).chain(lock) {
        file(bytes, found);
    }
    problems.is_empty() && folders.iter().all(|folder| add(folder, bytes))
}

/// Appends a part, preceded by its length, so that no two lists of parts are equal.
fn put(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend_from_slice(&part.len().to_le_bytes());
    bytes.extend_from_slice(part);
}

/// Parts as one.
fn parts(all: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    all.into_iter().for_each(|part| put(&mut bytes, part.as_ref()));
    bytes
}

fn warning(mut stored: &[u8]) -> Option<Problem> {
    let mut parts = Vec::new();
    while !stored.is_empty() {
        parts.push(String::from_utf8(part(&mut stored)?.to_vec()).ok()?);
    }
    Problem::from_parts(parts)
}

fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, behind) = rest.split_first_chunk()?;
    let (part, behind) = behind.split_at_checked(usize::from_le_bytes(*length))?;
    *rest = behind;
    Some(part)
}

#[cfg(all(test, feature = "sql-check"))]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::parse::lock_file;

    #[test]
    fn what_was_only_locked_is_judged_when_it_is_no_longer() {
        let root = tempfile::TempDir::new().unwrap();
        fs::create_dir(root.path().join("m")).unwrap();
        let sql = "SELEC 1;";
        for name in ["m/001_a.up.sql", "m/001_a.down.sql"] {
            fs::write(root.path().join(name), sql).unwrap();
        }
        let checksum = lokstra_core::Checksum::from_bytes(Sha256::digest(sql).into());
        let entry = lock_file::Entry {
            version: "001".parse().unwrap(),
            description: "a".to_owned(),
            checksums: Some((checksum, checksum)),
            mark: None,
        };
        let lock = root.path().join("m/lokstra.lock");
        fs::write(&lock, lock_file::text(&[entry])).unwrap();
        let cache = root.path().join("cache");
        let build = || crate::Loader::new(root.path(), "m").cache(&cache, "").load();

        build().unwrap();
        build().unwrap();
        fs::write(root.path().join("m/migration.yaml"), "description: changed\n").unwrap();
        build().unwrap();
        fs::remove_file(&lock).unwrap();
        build().unwrap_err();
    }
}
