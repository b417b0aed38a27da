//! Hazards: SQL that PostgreSQL takes, and that hurts in production.

#[cfg(feature = "lint")]
mod find;
#[cfg(feature = "lint")]
mod judge;
#[cfg(feature = "lint")]
mod objects;
#[cfg(feature = "lint")]
mod reader;
#[cfg(feature = "lint")]
mod undone;

use crate::folder::Folder;
use crate::pairs::Pair;
use crate::problem::Problem;
use crate::settings::Level;

/// Which migrations are searched for hazards. `lint: off` in `migration.yaml` keeps its folder out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lint {
    /// None.
    Never,
    /// As the build does: in folders whose `migration.yaml` says `lint: warn` or `lint: deny`, those
    /// that are not locked, since what is locked was judged before.
    Asked,
    /// In every folder, those that are not locked.
    NotLocked,
    /// In every folder, the locked ones too.
    All,
}

impl Lint {
    /// What becomes of the hazards of a folder, if anybody looks.
    fn level(self, asked: Option<Level>) -> Option<Level> {
        match (self, asked) {
            (Lint::Never, _) | (_, Some(Level::Off)) | (Lint::Asked, None) => None,
            (_, Some(level)) => Some(level),
            (_, None) => Some(Level::Warn),
        }
    }
}

/// Adds the hazards of a folder to the problems.
#[cfg(feature = "lint")]
pub(crate) fn check(
    _: &Folder,
    asked: Option<Level>,
    pairs: &[Pair<'_>],
    lint: Lint,
    problems: &mut Vec<Problem>,
) {
    let Some(level) = lint.level(asked) else { return };
    let is_searched = |pair: &&Pair<'_>| lint == Lint::All || !pair.is_locked;
    for pair in pairs.iter().filter(is_searched) {
        let found = judge::judge(pair);
        let severe =
            |problem: Problem| if level == Level::Deny { problem.denied() } else { problem };
        problems.extend(found.into_iter().map(severe));
    }
}

/// Without the linter, says that it is missing where it was asked for: whoever wrote `lint: deny`
/// relies on it.
#[cfg(not(feature = "lint"))]
pub(crate) fn check(
    folder: &Folder,
    asked: Option<Level>,
    _: &[Pair<'_>],
    lint: Lint,
    problems: &mut Vec<Problem>,
) {
    use crate::code::Code;

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
