//! A file of rows that tests start with: SQL that is checked as a script is, and that is no migration.

use std::path::Path;

use lokstra_core::{Mode, files};

use crate::parse::script::{
    cached::{AlreadyChecked, CachedScripts},
    read_all,
};
use crate::problem::{Code, Problem, Problems};
use crate::read::folder::{File, unreadable};
use crate::read::normalized;

/// Checks a file of rows, whose path is relative to `root` and stands in every message.
///
/// # Errors
///
/// Everything that is wrong with it, at once.
pub fn check_rows(root: &Path, path: &str) -> Result<(), Problems> {
    let path = normalized(path);
    let content = match files::read_regular(&root.join(&path), files::MAX_SCRIPT_BYTES) {
        Ok(content) => content,
        Err(error) => return Err(unreadable(&path, &error).into()),
    };
    let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
    let file = File { name, path, content, is_outside: false };
    let mut problems = Vec::new();
    let (locked, cached) = (std::collections::HashSet::new(), CachedScripts::default());
    let checked = AlreadyChecked { locked: &locked, cached: &cached.index() };
    let scripts = read_all(&[(&file, None)], &checked, &mut problems);
    if scripts.iter().flatten().any(|script| script.mode == Mode::NoTransaction) {
        let message = "all rows are loaded in one transaction";
        let help = "remove the first line, and what cannot run in a transaction";
        problems.push(Problem::new(Code::Marker, &file.path, message, help));
    }
    if problems.iter().any(Problem::is_error) { Err(Problems(problems)) } else { Ok(()) }
}
