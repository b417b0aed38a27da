//! Hazards: SQL that is valid but dangerous in production.

mod alter_table;
mod hazards;
mod history;
mod new_column;
mod not_null;
mod not_undone;
mod objects;
mod reader;
mod report;
mod reversibility;
mod tree;

use std::collections::HashSet;

use super::pairing::Pair;
use crate::parse::settings::Level;
use crate::problem::{Code, LintRule, Problem};
use history::History;

/// Selects the migrations that are searched for hazards. `lint: off` in `migration.yaml` excludes its
/// folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LintScope {
    /// No migrations.
    Never,
    /// The unlocked migrations of folders whose `migration.yaml` says `lint: warn` or `lint: deny`, as
    /// in a build. Locked ones were checked before.
    Explicit,
    /// The unlocked migrations of every folder.
    UnlockedOnly,
    /// All migrations of every folder.
    All,
}

impl LintScope {
    /// How the hazards of a folder are reported; `None` if it is not searched.
    fn level(self, setting: Option<Level>) -> Option<Level> {
        match (self, setting) {
            (LintScope::Never, _) | (_, Some(Level::Off)) | (LintScope::Explicit, None) => None,
            (_, Some(level)) => Some(level),
            (_, None) => Some(Level::Warn),
        }
    }
}

/// A violated rule, and its byte offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) offset: usize,
    pub(crate) rule: LintRule,
}

/// Adds the hazards of a folder to the problems.
pub(crate) fn check(
    setting: Option<Level>,
    pairs: &[Pair<'_>],
    not_undone: &[lokstra_schema::Finding],
    lint: LintScope,
    problems: &mut Vec<Problem>,
) {
    let Some(level) = lint.level(setting) else { return };
    let is_searched = |pair: &&Pair<'_>| lint == LintScope::All || !pair.is_locked;
    let errors = problems.iter().filter(|problem| problem.is_error());
    let broken: HashSet<String> = errors.map(|problem| problem.path().to_owned()).collect();
    let mut history = History::default();
    for (nth, pair) in pairs.iter().enumerate() {
        if !is_searched(&pair) {
            history.push_unread(&pair.up.1);
            continue;
        }
        let is_broken =
            [&pair.up.0.path, &pair.down.0.path].iter().any(|path| broken.contains(*path));
        let not_undone = not_undone.iter().filter(|it| it.script / 2 == nth && !is_broken);
        let not_undone: Vec<_> = not_undone.collect();
        let found = report::report(pair, !is_broken, &not_undone, &mut history);
        problems.extend(found.into_iter().map(|problem| match problem.code() {
            Code::Lint(_) if level == Level::Deny => problem.denied(),
            _ => problem,
        }));
    }
}
