//! The version that the next migration of a folder gets.

use std::io;
use std::path::Path;

use lokstra_core::Version;

use crate::parse::file_name::next_free;
use crate::read::folder::Folder;

/// The version that the next migration of a folder gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextVersion {
    /// One above the highest, or 001.
    Version(Version),
    /// The folder holds databases, and the migration belongs into one of these.
    SeveralDatabases(Vec<String>),
    /// The highest possible version is in use.
    NoneLeft,
}

/// Returns the next version by the names of the files alone, so that a folder with problems has one too.
pub fn next_version(folder: &Path) -> io::Result<NextVersion> {
    let found =
        Folder::read(folder, ".").map_err(|problems| io::Error::other(problems.to_string()))?;
    let databases: Vec<_> = found
        .folders
        .iter()
        .filter(|inner| inner.settings.is_some())
        .map(|inner| inner.name().to_owned())
        .collect();
    if found.scripts.is_empty() && !databases.is_empty() {
        return Ok(NextVersion::SeveralDatabases(databases));
    }
    let next = next_free(found.scripts.iter().map(|script| script.name.as_str()));
    Ok(next.map_or(NextVersion::NoneLeft, NextVersion::Version))
}
