//! Hazards: SQL that is valid but dangerous in production.

#[cfg(feature = "lint")]
mod objects;
#[cfg(feature = "lint")]
mod own_rules;
#[cfg(feature = "lint")]
mod reader;
#[cfg(feature = "lint")]
mod report;
#[cfg(feature = "lint")]
mod reversibility;
#[cfg(feature = "lint")]
mod squawk_rules;

#[cfg(feature = "lint")]
use std::collections::HashSet;

use super::pairing::Pair;
use crate::parse::settings::Level;
#[cfg(feature = "lint")]
use crate::problem::LintRule;
use crate::problem::{Code, Problem};
use crate::read::folder::Folder;

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
    setting: Option<Level>,
    pairs: &[Pair<'_>],
    lint: LintScope,
    problems: &mut Vec<Problem>,
) {
    let Some(level) = lint.level(setting) else { return };
    let is_searched = |pair: &&Pair<'_>| lint == LintScope::All || !pair.is_locked;
    let errors = problems.iter().filter(|problem| problem.is_error());
    let broken: HashSet<String> = errors.map(|problem| problem.path().to_owned()).collect();
    let mut partitioned = HashSet::new();
    for pair in pairs {
        if !is_searched(&pair) {
            report::track_partitioned_in(&pair.up.1, &mut partitioned);
            continue;
        }
        let is_broken =
            [&pair.up.0.path, &pair.down.0.path].iter().any(|path| broken.contains(*path));
        let found = report::report(pair, !is_broken, &mut partitioned);
        problems.extend(found.into_iter().map(|problem| match problem.code() {
            Code::Lint(_) if level == Level::Deny => problem.denied(),
            _ => problem,
        }));
    }
}

/// Reports, in a build without the linter, that settings ask for it: the author of `lint: deny` relies
/// on it.
#[cfg(not(feature = "lint"))]
pub(crate) fn check(
    folder: &Folder,
    setting: Option<Level>,
    _: &[Pair<'_>],
    lint: LintScope,
    problems: &mut Vec<Problem>,
) {
    let word = match (lint.level(setting), setting) {
        (Some(Level::Warn), Some(_)) => "warn",
        (Some(Level::Deny), Some(_)) => "deny",
        _ => return,
    };
    let path = folder.settings.as_ref().map_or(&folder.path, |file| &file.path);
    let message = format!("`lint: {word}` needs the linter, which is not built in");
    let help = "write in Cargo.toml: lokstra = { version = \"…\", features = [\"lint\"] }";
    problems.push(Problem::new(Code::LintFeature, path, message, help));
}
