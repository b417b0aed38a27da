//! Finds the migrations of a folder that a branch changes, with git.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lokstra_source::{Code, Problem};

use crate::output::{CommandError, Exit};

const FETCH: &str = "fetch the history of this shallow clone: git fetch --unshallow origin \
                     '+refs/heads/*:refs/remotes/origin/*' (actions/checkout: `fetch-depth: 0`)";

/// The error of a comparison with git.
pub(crate) struct GitError {
    reason: String,
    help: &'static str,
}

impl From<GitError> for CommandError {
    fn from(GitError { reason, help }: GitError) -> CommandError {
        let message = format!("nothing to compare with: {reason}\n  help: {help}");
        CommandError::new("git", Exit::Failed, message)
    }
}

/// The comparison of a folder with the commit from which its branch came.
pub(crate) struct Changed {
    /// The unchanged files of git, without links in the paths. Untracked files are not among them.
    unchanged: HashSet<PathBuf>,
}

impl Changed {
    /// Compares the files with the newest commit that `HEAD` and this one have in common.
    pub(crate) fn since(reference: &str, dir: &str) -> Result<Changed, GitError> {
        let dir = Path::new(dir);
        if !dir.is_dir() {
            // Reading the folder reports that.
            return Ok(Changed { unchanged: HashSet::new() });
        }
        let outside = "run it in a clone, or use -all in place of -since";
        let top = git(dir, &["rev-parse", "--show-toplevel"], outside)?;
        let top = fs::canonicalize(top.trim_end_matches(['\r', '\n']))
            .map_err(|error| cannot_run(&error))?;
        let base = base(&top, reference)?;
        let diff = ["diff", "--name-only", "--no-renames", "-z", base.trim_end(), "--"];
        let changed = git(&top, &diff, outside)?;
        let changed: HashSet<&str> = changed.split_terminator('\0').collect();
        let known = git(&top, &["ls-files", "-z"], outside)?;
        let unchanged = known.split_terminator('\0').filter(|path| !changed.contains(path));
        Ok(Changed { unchanged: unchanged.map(|path| top.join(path)).collect() })
    }

    /// Whether this is a hazard of a migration that differs, or no hazard.
    pub(crate) fn concerns(&self, problem: &Problem) -> bool {
        let is_hazard = matches!(problem.code(), Code::Lint(_) | Code::SuppressionUnused);
        let path = problem.path();
        // A hazard of one script may come from an edit of the other.
        let other = match (path.strip_suffix(".up.sql"), path.strip_suffix(".down.sql")) {
            (Some(start), _) => format!("{start}.down.sql"),
            (_, Some(start)) => format!("{start}.up.sql"),
            _ => path.to_owned(),
        };
        !is_hazard || [path, &other].iter().any(|path| !self.has_unchanged(Path::new(path)))
    }

    /// Whether a file, and the file that a link leads to, is unchanged.
    fn has_unchanged(&self, path: &Path) -> bool {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let folder = fs::canonicalize(folder.unwrap_or(Path::new(".")));
        let link = folder.map(|folder| folder.join(path.file_name().unwrap_or_default()));
        let is_unchanged =
            |path: std::io::Result<PathBuf>| path.is_ok_and(|path| self.unchanged.contains(&path));
        is_unchanged(link) && is_unchanged(fs::canonicalize(path))
    }
}

/// Finds the commit from which the branch came.
fn base(top: &Path, reference: &str) -> Result<String, GitError> {
    let is_shallow = git(top, &["rev-parse", "--is-shallow-repository"], "update git")?;
    let help = |otherwise| if is_shallow.starts_with("true") { FETCH } else { otherwise };
    let commit = format!("{reference}^{{commit}}");
    let commit = git(top, &["rev-parse", "--verify", "--quiet", &commit], "");
    let commit = commit.map_err(|_| GitError {
        reason: format!("`{reference}` is not a commit, branch or tag of this clone"),
        help: help("run git fetch, or name another commit, such as the main branch"),
    })?;
    git(top, &["merge-base", commit.trim_end(), "HEAD"], "").map_err(|_| GitError {
        reason: format!("`{reference}` and HEAD have no commit in common"),
        help: help("name a commit of the branch from which this one came"),
    })
}

/// Runs git and returns its output.
fn git(dir: &Path, arguments: &[&str], help: &'static str) -> Result<String, GitError> {
    let mut git = Command::new("git");
    git.arg("-C").arg(dir).args(arguments.iter().map(OsStr::new));
    // git sets them for its hooks, relative to another folder.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        git.env_remove(variable);
    }
    let output = git.output().map_err(|error| cannot_run(&error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(GitError { reason, help })
}

fn cannot_run(error: &std::io::Error) -> GitError {
    let help = "install git, or use -all in place of -since";
    GitError { reason: format!("git cannot be run: {error}"), help }
}
