//! What is in a folder, before any rule.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lokstra_core::files;

use super::parallel::in_parallel;
use crate::problem::{Code, LOCK, Problem, Problems, SETTINGS};

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
    /// Whether a link leads out of the folder to it: nothing of its text is shown.
    pub(crate) is_outside: bool,
}

/// A file that is to be read.
struct Found {
    name: String,
    path: String,
    place: PathBuf,
    is_outside: bool,
}

/// Where links may lead and be shown: the folder that was asked for.
struct Root {
    path: PathBuf,
    /// Found out when there is a link.
    real: std::cell::OnceCell<Option<PathBuf>>,
}

impl Root {
    fn new(path: PathBuf) -> Root {
        Root { path, real: std::cell::OnceCell::new() }
    }

    /// Whether this link leads elsewhere.
    fn is_left_by(&self, link: &Path) -> bool {
        let root = self.real.get_or_init(|| self.path.canonicalize().ok());
        match (root, link.canonicalize()) {
            (Some(root), Ok(target)) => !target.starts_with(root),
            _ => true,
        }
    }
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
                    is_outside |= start.is_left_by(&entry.path());
                    fs::metadata(entry.path()).map(|it| it.file_type())
                }
                kind => kind,
            };
            if kind.as_ref().is_ok_and(fs::FileType::is_dir) {
                if is_named_as_file(&name) && !entry.path().join(SETTINGS).exists() {
                    self.problems.push(no_file(&path));
                } else if depth > 0 && !is_hidden(&name) {
                    let mut folder = Folder::default();
                    folder.read_from(root, path, depth - 1, start, is_outside);
                    self.folders.push(folder);
                }
            } else if is_ours(&name) {
                match kind {
                    // To open a FIFO waits for its writer, and a device may have no end.
                    Ok(kind) if !kind.is_file() => {
                        self.problems.push(unreadable(&path, &files::not_regular()));
                    }
                    _ => found.push(Found { name, path, place: entry.path(), is_outside }),
                }
            } else if is_misnamed_settings(&name) {
                self.problems.push(misnamed_settings(&path));
            }
        }
        // Nearly all of the time of a build that has nothing to judge.
        let read = |found: &Found| {
            let longest = if found.name == SETTINGS {
                files::LONGEST_SETTINGS
            } else {
                files::LONGEST_SCRIPT
            };
            files::read_regular(&found.place, longest)
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
            if is_ours(&name) {
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
                folder.problems.push(no_file(&format!("{path}/{name}")));
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

    /// The order of a directory is the file system's.
    fn sort(&mut self) {
        self.scripts.sort_by(|a, b| a.name.cmp(&b.name));
        self.folders.sort_by(|a, b| a.path.cmp(&b.path));
    }

    /// The names of the files that are there and cannot be read.
    pub(crate) fn unreadable(&self) -> impl Iterator<Item = &str> {
        let unreadable = self.problems.iter().filter(|it| it.code() == Code::Unreadable);
        unreadable.filter_map(|it| it.path().rsplit('/').next())
    }

    /// The files, also of the folders in it, whose text is not shown.
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

/// Editors and systems leave hidden files everywhere: `.#001_a.up.sql`, `._001_a.up.sql`.
fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

fn is_ours(name: &str) -> bool {
    let ending = Path::new(name).extension();
    let is_sql = ending.is_some_and(|ending| ending.eq_ignore_ascii_case("sql"));
    name == SETTINGS || name == LOCK || is_sql && !is_hidden(name)
}

/// Whether a folder has the name of a file that would be read. One with settings is a database.
fn is_named_as_file(name: &str) -> bool {
    let is_script = name.starts_with(|first: char| first.is_ascii_digit())
        || name.contains(".up.")
        || name.contains(".down.");
    is_ours(name) && (is_script || name == SETTINGS || name == LOCK)
}

fn no_file(path: &str) -> Problem {
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
    let message = "nothing reads this file: settings are in migration.yaml";
    Problem::new(Code::SettingsName, path, message, "rename it to migration.yaml")
}

fn unreadable(path: &str, error: &io::Error) -> Problem {
    let help = match error.kind() {
        io::ErrorKind::InvalidInput => "put a regular file there, or remove it",
        io::ErrorKind::FileTooLarge => "split it, or remove it",
        _ => "check its permissions, or remove it",
    };
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
