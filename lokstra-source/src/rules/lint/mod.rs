//! Hazards: SQL that PostgreSQL takes, and that hurts in production.

#[cfg(feature = "lint")]
mod find;
#[cfg(feature = "lint")]
mod objects;
#[cfg(feature = "lint")]
mod reader;
#[cfg(feature = "lint")]
mod reversibility;
#[cfg(feature = "lint")]
mod run_rules;

#[cfg(feature = "lint")]
use std::collections::HashSet;

use super::pairing::Pair;
use crate::parse::settings::Level;
#[cfg(feature = "lint")]
use crate::problem::LintRule;
use crate::problem::{Code, Problem};
use crate::read::folder::Folder;

/// Which migrations are searched for hazards. `lint: off` in `migration.yaml` keeps its folder out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LintScope {
    /// None.
    Never,
    /// As the build does: in folders whose `migration.yaml` says `lint: warn` or `lint: deny`, those
    /// that are not locked, since what is locked was judged before.
    Explicit,
    /// In every folder, those that are not locked.
    UnlockedOnly,
    /// In every folder, the locked ones too.
    All,
}

impl LintScope {
    /// What becomes of the hazards of a folder, if anybody looks.
    fn level(self, asked: Option<Level>) -> Option<Level> {
        match (self, asked) {
            (LintScope::Never, _) | (_, Some(Level::Off)) | (LintScope::Explicit, None) => None,
            (_, Some(level)) => Some(level),
            (_, None) => Some(Level::Warn),
        }
    }
}

/// A rule and the byte offset at which it was broken.
#[cfg(feature = "lint")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) offset: usize,
    pub(crate) rule: LintRule,
}

/// Adds the hazards of a folder to the problems.
#[cfg(feature = "lint")]
pub(crate) fn check(
    _: &Folder,
    asked: Option<Level>,
    pairs: &[Pair<'_>],
    lint: LintScope,
    problems: &mut Vec<Problem>,
) {
    let Some(level) = lint.level(asked) else { return };
    let is_searched = |pair: &&Pair<'_>| lint == LintScope::All || !pair.is_locked;
    let errors = problems.iter().filter(|problem| problem.is_error());
    let broken: HashSet<String> = errors.map(|problem| problem.path().to_owned()).collect();
    let mut partitioned = HashSet::new();
    for pair in pairs {
        if !is_searched(&pair) {
            run_rules::note_partitioned(&pair.up.1, &mut partitioned);
            continue;
        }
        let is_broken =
            [&pair.up.0.path, &pair.down.0.path].iter().any(|path| broken.contains(*path));
        let found = run_rules::run_rules(pair, !is_broken, &mut partitioned);
        problems.extend(found.into_iter().map(|problem| match problem.code() {
            Code::Lint(_) if level == Level::Deny => problem.denied(),
            _ => problem,
        }));
    }
}

/// Without the linter, says that it is missing where it was asked for: whoever wrote `lint: deny`
/// relies on it.
#[cfg(not(feature = "lint"))]
pub(crate) fn check(
    folder: &Folder,
    asked: Option<Level>,
    _: &[Pair<'_>],
    lint: LintScope,
    problems: &mut Vec<Problem>,
) {
    let word = match (lint.level(asked), asked) {
        (Some(Level::Warn), Some(_)) => "warn",
        (Some(Level::Deny), Some(_)) => "deny",
        _ => return,
    };
    let path = folder.settings.as_ref().map_or(&folder.path, |file| &file.path);
    let message = format!("`lint: {word}` needs the linter, which is not built in");
    let help = "in Cargo.toml: lokstra = { version = \"…\", features = [\"lint\"] }";
    problems.push(Problem::new(Code::LintFeature, path, message, help));
}
