//! Folders of packages, as `cargo vendor` makes them.
//!
//! What is measured is built of what is published. Of a package that lies somewhere on the disk cargo looks
//! at each source file, at its workspace and at all members of that, which a user does not wait for who
//! has it from a registry.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use bench_shared::versions;

use crate::cargo;
use crate::project::Project;
use crate::subjects::{OURS, Subject};

/// Forgets the packages of an earlier run.
pub(crate) fn clear(work: &Path) -> io::Result<()> {
    let folder = work.join("packages");
    if folder.exists() { fs::remove_dir_all(folder) } else { Ok(()) }
}

/// Has cargo take all that a project depends on from a folder. It holds no more than that, since cargo reads
/// all of it.
pub(crate) fn provide(
    subject: &Subject,
    project: &Project,
    migrations: usize,
    work: &Path,
) -> io::Result<()> {
    let folder = work.join("packages").join(group(subject));
    if folder.exists() {
        return project.take_from(&folder, subject, migrations);
    }
    fs::create_dir_all(&folder)?;
    cargo::vendor(&project.folder, &folder)?;
    let lock = fs::read_to_string(project.folder.join("Cargo.lock"))?;
    let ours = if subject.is_ours() { add_ours(&lock, work, &folder)? } else { Vec::new() };
    project.take_from(&folder, subject, migrations)?;
    // Of what has a version, cargo does not expect that it is another thing today.
    cargo::clean(&project.folder, &target(subject, work), &ours)
}

/// Where what is built of these packages goes: those of another folder are others to cargo, and it would
/// build all of them again.
pub(crate) fn target(subject: &Subject, work: &Path) -> PathBuf {
    work.join("built").join(group(subject))
}

/// Subjects with the same dependencies.
fn group(subject: &Subject) -> &'static str {
    if subject.is_ours() { OURS } else { subject.name }
}

/// Adds the packages of this repository that a lock file names, and returns their names.
fn add_ours(lock: &str, work: &Path, folder: &Path) -> io::Result<Vec<String>> {
    let mut added = Vec::new();
    let version = versions::of(OURS);
    for package in cargo::package(&work.join("packed"))? {
        let stem = package.file_stem().and_then(OsStr::to_str).unwrap_or_default();
        let name = stem.trim_end_matches(version).trim_end_matches('-');
        if !lock.contains(&format!("name = \"{name}\"\n")) {
            continue;
        }
        let unpack = ["-xzf".as_ref(), package.as_os_str(), "-C".as_ref(), folder.as_os_str()];
        if !Command::new("tar").args(unpack).status()?.success() {
            return Err(io::Error::other(format!("tar cannot unpack {}", package.display())));
        }
        // Nothing there has changed.
        let unchecked = r#"{"files":{},"package":null}"#;
        fs::write(folder.join(stem).join(".cargo-checksum.json"), unchecked)?;
        added.push(name.to_owned());
    }
    Ok(added)
}
