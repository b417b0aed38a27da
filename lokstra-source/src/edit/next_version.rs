//! The version that the next migration of a folder gets.

use std::io;
use std::path::Path;

use lokstra_core::Version;

use crate::parse::file_name::following;
use crate::read::folder::Folder;

/// The version that the next migration of a folder gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextVersion {
    /// One above the highest, or 001.
    Version(Version),
    /// The folder holds databases, and the migration belongs into one of these.
    SeveralDatabases(Vec<String>),
    /// The highest version there can be is taken.
    NoneLeft,
}

/// Looks at the names of the files alone: a folder with problems gets its next migration too.
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
    let next = following(found.scripts.iter().map(|script| script.name.as_str()));
    Ok(next.map_or(NextVersion::NoneLeft, NextVersion::Version))
}
