//! What is in a folder, before any rule.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::code::Code;
use crate::problem::{Problem, Problems};
use crate::shares::in_shares;

/// The settings of a folder.
pub(crate) const SETTINGS: &str = "migration.yaml";

/// What was locked.
pub(crate) const LOCK: &str = "lokstra.lock";

/// A folder of migrations, with the folders in it.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    /// As messages show it.
    pub(crate) path: String,
    /// The SQL files, sorted by name.
    pub(crate) scripts: Vec<File>,
    /// `migration.yaml`.
    pub(crate) settings: Option<File>,
    /// `lokstra.lock`.
    pub(crate) lock: Option<File>,
    /// The folders, sorted by name.
    pub(crate) folders: Vec<Folder>,
    /// Files that are there and cannot be read, or that nothing would read.
    pub(crate) problems: Vec<Problem>,
}

/// A file as it was found.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) name: String,
    /// As messages show it.
    pub(crate) path: String,
    pub(crate) content: Vec<u8>,
}

/// How deep a folder with migrations can lie: one level below the root is a database, and what
/// lies deeper is only looked at to warn.
const DEPTH: usize = 3;

impl Folder {
    pub(crate) fn read(root: &Path, path: &str) -> Result<Folder, Problems> {
        match fs::metadata(root.join(path)) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => {
                let message = "this is a file, not a folder of migrations";
                let help = "name the folder that the SQL files are in";
                return Err(Problem::new(Code::FolderNotFound, path, message, help).into());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(not_found(root, path).into());
            }
            Err(error) => return Err(unreadable(path, &error).into()),
        }
        let mut folder = Folder::default();
        folder.read_from(root, path.to_owned(), DEPTH);
        Ok(folder)
    }

    fn read_from(&mut self, root: &Path, path: String, depth: usize) {
        self.path = path;
        let entries = match fs::read_dir(root.join(&self.path)) {
            Ok(entries) => entries,
            Err(error) => return self.problems.push(unreadable(&self.path, &error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.problems.push(unreadable(&self.path, &error));
                    continue;
                }
            };
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{}/{name}", self.path);
            let kind = match entry.file_type() {
                Ok(kind) if kind.is_symlink() => {
                    fs::metadata(entry.path()).map(|it| it.file_type())
                }
                kind => kind,
            };
            if kind.as_ref().is_ok_and(fs::FileType::is_dir) {
                if depth > 0 && !is_hidden(&name) {
                    let mut folder = Folder::default();
                    folder.read_from(root, path, depth - 1);
                    self.folders.push(folder);
                }
            } else if is_ours(&name) {
                found.push((name, path, entry.path()));
            } else if is_misnamed_settings(&name) {
                self.problems.push(misnamed_settings(&path));
            }
        }
        // Nearly all of the time of a build that has nothing to judge.
        let read = |(_, _, place): &(String, String, PathBuf)| fs::read(place);
        let contents = in_shares(&found, |share| share.iter().map(read).collect::<Vec<_>>());
        for ((name, path, _), content) in found.into_iter().zip(contents.into_iter().flatten()) {
            match content {
                Ok(content) => self.add(File { name, path, content }),
                Err(error) => self.problems.push(unreadable(&path, &error)),
            }
        }
        self.sort();
    }

    pub(crate) fn in_memory<'a>(
        path: &str,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Folder {
        let mut folder = Folder { path: path.to_owned(), ..Folder::default() };
        for (name, content) in files {
            let (name, path) = (name.to_owned(), format!("{path}/{name}"));
            folder.add(File { name, path, content: content.into() });
        }
        folder.sort();
        folder
    }

    #[cfg(feature = "include-dir")]
    pub(crate) fn embedded(dir: &include_dir::Dir<'_>, path: &str) -> Folder {
        let mut folder = Folder { path: path.to_owned(), ..Folder::default() };
        let name_of =
            |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for file in dir.files() {
            let name = name_of(file.path());
            if is_ours(&name) {
                let path = format!("{path}/{name}");
                folder.add(File { name, path, content: file.contents().to_vec() });
            } else if is_misnamed_settings(&name) {
                folder.problems.push(misnamed_settings(&format!("{path}/{name}")));
            }
        }
        for inner in dir.dirs() {
            let name = name_of(inner.path());
            if !is_hidden(&name) {
                folder.folders.push(Folder::embedded(inner, &format!("{path}/{name}")));
            }
        }
        folder.sort();
        folder
    }

    fn add(&mut self, file: File) {
        match file.name.as_str() {
            SETTINGS => self.settings = Some(file),
            LOCK => self.lock = Some(file),
            _ => self.scripts.push(file),
        }
    }

    /// The order of a directory is the file system's.
    fn sort(&mut self) {
        self.scripts.sort_by(|a, b| a.name.cmp(&b.name));
        self.folders.sort_by(|a, b| a.path.cmp(&b.path));
    }

    /// The last component of the path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// Editors and systems leave hidden files everywhere: `.#001_a.up.sql`, `._001_a.up.sql`.
fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

fn is_ours(name: &str) -> bool {
    let ending = Path::new(name).extension();
    let is_sql = ending.is_some_and(|ending| ending.eq_ignore_ascii_case("sql"));
    name == SETTINGS || name == LOCK || is_sql && !is_hidden(name)
}

fn is_misnamed_settings(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(
        name.as_str(),
        "migration.yml" | "migrations.yml" | "migration.yaml" | "migrations.yaml"
    )
}

fn misnamed_settings(path: &str) -> Problem {
    let message = "nothing reads this file: settings are in migration.yaml";
    Problem::new(Code::SettingsName, path, message, "rename it to migration.yaml")
}

fn unreadable(path: &str, error: &io::Error) -> Problem {
    let help = "check its permissions, or remove it";
    Problem::new(Code::Unreadable, path, format!("cannot be read: {error}"), help)
}

fn not_found(root: &Path, path: &str) -> Problem {
    // The macro's root is absolute, a command's is where it runs.
    let base = if root.is_absolute() { " in the folder of Cargo.toml" } else { "" };
    let help = format!(
        "make it with its first migration: lokstra migration create create_users -dir {path}"
    );
    let message = format!("migrations directory not found{base}");
    Problem::new(Code::FolderNotFound, path, message, help)
}
