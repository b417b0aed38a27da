//! Every rule that needs no database, and the folder without an error that comes of them.

mod labels;
pub(crate) mod lint;
mod lock_check;
mod pairing;
mod routines;
mod set_check;

use lokstra_core::Set;

use crate::parse::script::cached::CachedScripts;
use crate::problem::{Code, Problem, Problems};
use crate::read::folder::Folder;
use crate::read::parallel::STACK;
use lint::LintScope;

/// A folder without an error.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The migrations.
    pub set: Set,
    /// What is worth a word and stops nothing, in the order of the files.
    pub warnings: Vec<Problem>,
    /// How many migrations are locked.
    pub locked: usize,
    /// The files that were read, relative to the root: a change of one changes the set.
    pub tracked: Vec<String>,
    /// Those of them to which a link leads out of the folder: no line of theirs is to be shown.
    pub outside: Vec<String>,
}

/// A folder without an error, and what the next build may know about it.
pub(crate) struct Checked {
    pub(crate) loaded: Loaded,
    /// For each script of the set, up before down, whether no rule was left out.
    pub(crate) scripts: Vec<bool>,
}

/// All rules but those of the ignored kinds.
pub(crate) fn check(
    folder: &Folder,
    lint: LintScope,
    ignored: &[Code],
) -> Result<Loaded, Problems> {
    check_uncached(folder, lint, &CachedScripts::default(), ignored).map(|checked| checked.loaded)
}

/// The same, for scripts that are not known.
pub(crate) fn check_uncached(
    folder: &Folder,
    lint: LintScope,
    known: &CachedScripts,
    ignored: &[Code],
) -> Result<Checked, Problems> {
    std::thread::scope(|scope| {
        let checked = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, || set_check::check(folder, lint, known, ignored));
        match checked.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // No room for such a thread.
            Err(_) => set_check::check(folder, lint, known, ignored),
        }
    })
}
