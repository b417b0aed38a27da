//! One database in a flat folder, or several in subfolders.

use super::folder::Folder;
use crate::problem::{Code, Problem, SETTINGS};

/// The folders that are databases, in the order in which they run.
pub(crate) struct Layout<'a> {
    pub(crate) databases: Vec<&'a Folder>,
    pub(crate) is_flat: bool,
}

impl Layout<'_> {
    /// The files that are read, relative to the root.
    pub(crate) fn tracked(&self) -> Vec<String> {
        let files = self
            .databases
            .iter()
            .flat_map(|folder| folder.settings.iter().chain(&folder.lock).chain(&folder.scripts));
        files.map(|file| file.path.clone()).collect()
    }
}

pub(crate) fn layout<'a>(root: &'a Folder, problems: &mut Vec<Problem>) -> Layout<'a> {
    let (databases, others): (Vec<_>, Vec<_>) =
        root.folders.iter().partition(|folder| folder.settings.is_some());
    for folder in others {
        problems.extend_from_slice(&folder.problems);
        warn_of_unread(folder, true, problems);
    }
    for folder in databases.iter().flat_map(|database| &database.folders) {
        warn_of_unread(folder, false, problems);
    }
    if databases.is_empty() {
        if root.scripts.is_empty() && root.problems.is_empty() {
            problems.push(empty(root));
        }
        return Layout { databases: vec![root], is_flat: true };
    }
    if let Some(file) = root.scripts.first().or(root.settings.as_ref()) {
        let first = databases.first().map_or("", |database| database.name());
        let message = format!("is beside the database folder {first}, where it would be ignored");
        let help = match file.name.as_str() {
            SETTINGS => {
                "remove it: each database folder has a migration.yaml of its own".to_owned()
            }
            _ => format!("move all migrations of {} into folders such as {first}", root.path),
        };
        problems.push(Problem::new(Code::MixedLayout, &file.path, message, help));
    }
    for database in databases.iter().filter(|database| database.scripts.is_empty()) {
        if database.problems.is_empty() {
            problems.push(empty(database));
        }
    }
    Layout { databases, is_flat: false }
}

fn empty(folder: &Folder) -> Problem {
    let message = "there is no migration in this folder";
    let help =
        format!("create the first: lokstra migration create create_users -dir {}", folder.path);
    Problem::new(Code::FolderEmpty, &folder.path, message, help)
}

/// Warns about files in folders that are not read. The Go program ignores them silently.
fn warn_of_unread(folder: &Folder, could_be_database: bool, problems: &mut Vec<Problem>) {
    if !folder.scripts.is_empty() {
        let count = folder.scripts.len();
        let files = if count == 1 { "SQL file is" } else { "SQL files are" };
        let message = format!("{count} {files} not read, because this folder has no {SETTINGS}");
        let help = format!("add {}/{SETTINGS} with `dbpool-name: …`, or move them", folder.path);
        let (message, help) = if could_be_database {
            (message, help)
        } else {
            let message =
                format!("{count} {files} not read, because the folder is nested too deep");
            (message, "move them one level up, or out of the migrations".to_owned())
        };
        problems.push(Problem::new(Code::NotRead, &folder.path, message, help));
    }
    for inner in &folder.folders {
        warn_of_unread(inner, false, problems);
    }
}
