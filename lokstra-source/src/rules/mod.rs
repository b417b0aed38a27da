//! Every rule that needs no database.

mod labels;
pub(crate) mod lint;
mod lock_check;
mod mark_check;
#[cfg(feature = "sql-check")]
mod names_check;
mod pairing;
mod routines;
mod set_check;

use lokstra_core::Set;

use crate::parse::script::cached::CachedScripts;
use crate::problem::{Code, Problem, Problems};
use crate::read::folder::Folder;
use crate::read::parallel::STACK;
use lint::LintScope;
#[cfg(feature = "sql-check")]
pub(crate) use names_check::existing;

/// A folder without an error.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The migrations.
    pub set: Set,
    /// Problems that do not stop a build, in the order of the files.
    pub warnings: Vec<Problem>,
    /// How many migrations are locked.
    pub locked: usize,
    /// The files that were read, relative to the root: a change of one changes the set.
    pub tracked: Vec<String>,
    /// The files among them that a link outside of the folder leads to: their lines must not be shown.
    pub outside: Vec<String>,
}

/// A folder without an error, and what the next build may reuse of it.
pub(crate) struct Checked {
    pub(crate) loaded: Loaded,
    /// For each script of the set, up before down, whether no rule was left out.
    pub(crate) scripts: Vec<bool>,
}

/// Applies all rules, except those of the ignored kinds.
pub(crate) fn check(
    folder: &Folder,
    lint: LintScope,
    ignored: &[Code],
) -> Result<Loaded, Problems> {
    check_with_cache(folder, lint, &CachedScripts::default(), ignored).map(|checked| checked.loaded)
}

/// Applies all rules, and reuses what the cache has of a script.
pub(crate) fn check_with_cache(
    folder: &Folder,
    lint: LintScope,
    cached: &CachedScripts,
    ignored: &[Code],
) -> Result<Checked, Problems> {
    std::thread::scope(|scope| {
        let checked = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, || set_check::check(folder, lint, cached, ignored));
        match checked.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // There is no memory for such a thread.
            Err(_) => set_check::check(folder, lint, cached, ignored),
        }
    })
}
