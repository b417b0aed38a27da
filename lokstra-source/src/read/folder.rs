//! The files of a folder, before any rule.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lokstra_core::files;

use super::parallel::in_parallel;
use crate::problem::{Code, LOCK, Problem, Problems, SETTINGS};

/// A folder of migrations and its subfolders.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    /// The path, as messages show it.
    pub(crate) path: String,
    /// The SQL files, sorted by name.
    pub(crate) scripts: Vec<File>,
    /// `migration.yaml`.
    pub(crate) settings: Option<File>,
    /// `lokstra.lock`.
    pub(crate) lock: Option<File>,
    /// The subfolders, sorted by name.
    pub(crate) folders: Vec<Folder>,
    /// Files that cannot be read, or that would be ignored.
    pub(crate) problems: Vec<Problem>,
}

/// A file and its bytes.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) name: String,
    /// The path, as messages show it.
    pub(crate) path: String,
    pub(crate) content: Vec<u8>,
    /// Whether a link leads out of the folder to it: its text is not shown.
    pub(crate) is_outside: bool,
}

/// A file that is to be read.
struct Found {
    name: String,
    path: String,
    place: PathBuf,
    is_outside: bool,
}

/// The folder that links must not leave for their text to be shown.
struct Root {
    path: PathBuf,
    /// Resolved at the first link.
    real: std::cell::OnceCell<Option<PathBuf>>,
}

impl Root {
    fn new(path: PathBuf) -> Root {
        Root { path, real: std::cell::OnceCell::new() }
    }

    /// Whether this link leads out of the root.
    fn is_outside(&self, link: &Path) -> bool {
        let root = self.real.get_or_init(|| self.path.canonicalize().ok());
        match (root, link.canonicalize()) {
            (Some(root), Ok(target)) => !target.starts_with(root),
            _ => true,
        }
    }
}

/// How deep folders are read: one level below the root is a database, and deeper ones only cause a
/// warning.
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
        let start = Root::new(root.join(path));
        folder.read_from(root, path.to_owned(), DEPTH, &start, false);
        Ok(folder)
    }

    fn read_from(
        &mut self,
        root: &Path,
        path: String,
        depth: usize,
        start: &Root,
        is_outside: bool,
    ) {
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
            let mut is_outside = is_outside;
            let kind = match entry.file_type() {
                Ok(kind) if kind.is_symlink() => {
                    is_outside |= start.is_outside(&entry.path());
                    fs::metadata(entry.path()).map(|it| it.file_type())
                }
                kind => kind,
            };
            if kind.as_ref().is_ok_and(fs::FileType::is_dir) {
                if is_named_as_file(&name) && !entry.path().join(SETTINGS).exists() {
                    self.problems.push(folder_named_as_file(&path));
                } else if depth > 0 && !is_hidden(&name) {
                    let mut folder = Folder::default();
                    folder.read_from(root, path, depth - 1, start, is_outside);
                    self.folders.push(folder);
                }
            } else if is_read(&name) {
                match kind {
                    // Opening a FIFO waits for its writer, and a device may have no end.
                    Ok(kind) if !kind.is_file() => {
                        self.problems.push(unreadable(&path, &files::not_regular()));
                    }
                    _ => found.push(Found { name, path, place: entry.path(), is_outside }),
                }
            } else if is_misnamed_settings(&name) {
                self.problems.push(misnamed_settings(&path));
            }
        }
        // This is nearly all of the time of a build that has nothing to check.
        let read = |found: &Found| {
            let limit = if found.name == SETTINGS {
                files::MAX_SETTINGS_BYTES
            } else {
                files::MAX_SCRIPT_BYTES
            };
            files::read_regular(&found.place, limit)
        };
        let contents = in_parallel(&found, |share| share.iter().map(read).collect::<Vec<_>>());
        for (found, content) in found.into_iter().zip(contents.into_iter().flatten()) {
            let Found { name, path, is_outside, .. } = found;
            match content {
                Ok(content) => self.add(File { name, path, content, is_outside }),
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
            folder.add(File { name, path, content: content.into(), is_outside: false });
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
            if is_read(&name) {
                let path = format!("{path}/{name}");
                let content = file.contents().to_vec();
                folder.add(File { name, path, content, is_outside: false });
            } else if is_misnamed_settings(&name) {
                folder.problems.push(misnamed_settings(&format!("{path}/{name}")));
            }
        }
        for inner in dir.dirs() {
            let name = name_of(inner.path());
            if is_named_as_file(&name) && inner.get_file(inner.path().join(SETTINGS)).is_none() {
                folder.problems.push(folder_named_as_file(&format!("{path}/{name}")));
            } else if !is_hidden(&name) {
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

    /// Sorts the files: a directory has the order of the file system.
    fn sort(&mut self) {
        self.scripts.sort_by(|a, b| a.name.cmp(&b.name));
        self.folders.sort_by(|a, b| a.path.cmp(&b.path));
    }

    /// The names of the files that exist and cannot be read.
    pub(crate) fn unreadable(&self) -> impl Iterator<Item = &str> {
        let unreadable = self.problems.iter().filter(|it| it.code() == Code::Unreadable);
        unreadable.filter_map(|it| it.path().rsplit('/').next())
    }

    /// The files whose text is not shown, also of the subfolders.
    pub(crate) fn outside(&self) -> Vec<&str> {
        let files = self.scripts.iter().chain(&self.settings).chain(&self.lock);
        let here = files.filter(|file| file.is_outside).map(|file| file.path.as_str());
        here.chain(self.folders.iter().flat_map(Folder::outside)).collect()
    }

    /// The last component of the path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// Whether a file is hidden: editors and systems leave such files everywhere (`.#001_a.up.sql`,
/// `._001_a.up.sql`).
fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

fn is_read(name: &str) -> bool {
    let ending = Path::new(name).extension();
    let is_sql = ending.is_some_and(|ending| ending.eq_ignore_ascii_case("sql"));
    name == SETTINGS || name == LOCK || is_sql && !is_hidden(name)
}

/// Whether a folder has the name of a file that would be read. A folder with settings is a database.
fn is_named_as_file(name: &str) -> bool {
    let is_script = name.starts_with(|first: char| first.is_ascii_digit())
        || name.contains(".up.")
        || name.contains(".down.");
    is_read(name) && (is_script || name == SETTINGS || name == LOCK)
}

fn folder_named_as_file(path: &str) -> Problem {
    let help = "rename the folder, or put a file of this name in its place";
    Problem::new(Code::Unreadable, path, "this is a folder, not a file", help)
}

fn is_misnamed_settings(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(
        name.as_str(),
        "migration.yml" | "migrations.yml" | "migration.yaml" | "migrations.yaml"
    )
}

fn misnamed_settings(path: &str) -> Problem {
    let message = "this file is ignored: settings belong in migration.yaml";
    Problem::new(Code::SettingsName, path, message, "rename it to migration.yaml")
}

pub(crate) fn unreadable(path: &str, error: &io::Error) -> Problem {
    let help = match error.kind() {
        io::ErrorKind::InvalidInput => "put a regular file there, or remove it",
        io::ErrorKind::FileTooLarge => "split it, or remove it",
        _ => "check its permissions, or remove it",
    };
    Problem::new(Code::Unreadable, path, format!("cannot be read: {error}"), help)
}

fn not_found(root: &Path, path: &str) -> Problem {
    // The root of the macro is absolute, that of a command is the current folder.
    let base = if root.is_absolute() { " in the folder of Cargo.toml" } else { "" };
    let help = format!(
        "create it with its first migration: lokstra migration create create_users -dir {path}"
    );
    let message = format!("migrations directory not found{base}");
    Problem::new(Code::FolderNotFound, path, message, help)
}

/// Returns the flag with which a printed command works on this folder: ` -dir PATH`, or nothing for the default.
pub fn dir_flag(dir: &str) -> String {
    if dir == "migrations" { String::new() } else { format!(" -dir {dir}") }
}
