//! What the server would refuse for the names, keys and dependencies in the scripts: they are replayed on a
//! model of the catalog.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lokstra_core::Direction;
use lokstra_schema::{Finding, Level, Options, StartsFrom};

use super::pairing::Pair;
use crate::parse::script::Script;
use crate::parse::settings::{self, Settings};
use crate::problem::{Code, Problem};
use crate::read::folder::File;
use crate::sql;

/// As many findings of a script are shown: more would bury them.
const MOST: usize = 50;

/// Adds what is certain to fail on any server to the problems, and returns what down scripts do not undo. A
/// locked script has run, and is not judged.
pub(crate) fn check(
    pairs: &[Pair<'_>],
    settings: &Settings,
    problems: &mut Vec<Problem>,
) -> Vec<Finding> {
    if pairs.iter().any(Pair::is_incomplete) {
        return Vec::new();
    }
    let files: Vec<(&File, &Script, bool)> = pairs
        .iter()
        .flat_map(|pair| [(&pair.up, pair.is_locked), (&pair.down, pair.is_locked)])
        .map(|((file, script), is_locked)| (*file, script, is_locked))
        .collect();
    let directions = [Direction::Up, Direction::Down].into_iter().cycle();
    let scripts =
        files.iter().zip(directions).zip(0..).map(|(((file, script, _), direction), nth)| {
            lokstra_schema::Script {
                file: &file.path,
                version: pairs[nth / 2].version.get().unsigned_abs(),
                direction,
                sql: &script.text,
                statements: script.statements.clone(),
                is_followed: !script.text.contains("okstra")
                    || !sql::directives(&script.text).no_syntax_check,
            }
        });
    let scripts: Vec<_> = scripts.collect();
    let existing = files.iter().flat_map(|(_, script, _)| existing(&script.text)).collect();
    let options = Options { starts_from: settings.starts_from, existing };
    // A fault of the model must not break a build.
    let findings = AssertUnwindSafe(|| lokstra_schema::check(&scripts, &options));
    let findings = catch_unwind(findings).unwrap_or_default();
    let (mut not_undone, mut findings): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|it| it.code == lokstra_schema::NOT_UNDONE);
    // Without a setting, what the server accepts is accepted: it runs an up script once.
    if settings.starts_from == StartsFrom::Unknown {
        not_undone.clear();
        findings.retain(|it| it.code != "up-fails-again");
    }
    let mut used = HashSet::new();
    let mut shown = vec![0; files.len()];
    for finding in findings {
        let (file, script, is_locked) = files[finding.script];
        let statement = script.statements.iter().position(|range| finding.range.start < range.end);
        let suppressing = script.suppressions.iter().position(|it| {
            it.rule == Code::Schema(finding.code) && Some(it.statement) == statement
        });
        used.extend(suppressing.map(|nth| (finding.script, nth)));
        shown[finding.script] += 1;
        // Who accepts what the down script leaves behind accepts that the up script finds it.
        let is_accepted =
            finding.code == "up-fails-again" && pairs[finding.script / 2].accepts(&finding);
        let is_hidden = suppressing.is_some() || is_locked || is_accepted;
        if !is_hidden && shown[finding.script] <= MOST {
            let problem = problem(file, script, finding);
            let is_warning = settings.names_check == settings::Level::Warn;
            problems.push(if is_warning { problem.warned() } else { problem });
        }
    }
    for (at, (file, script, _)) in files.iter().enumerate() {
        for (nth, it) in script.suppressions.iter().enumerate() {
            if matches!(it.rule, Code::Schema(_)) && !used.contains(&(at, nth)) {
                let message = format!("there is no `{}` here to suppress", it.rule.as_str());
                let problem = Problem::new(
                    Code::SuppressionUnused,
                    &file.path,
                    message,
                    "remove the suppression",
                );
                problems.push(problem.at(&script.text, it.offset));
            }
        }
    }
    not_undone
}

fn problem(file: &File, script: &Script, finding: Finding) -> Problem {
    let Finding { range, code, sqlstate, message, notes, help, level, .. } = finding;
    let help = help.unwrap_or_else(|| {
        format!("if PostgreSQL accepts it, say why: `-- lokstra: allow({code}): …`")
    });
    let problem =
        Problem::new(Code::Schema(code), &file.path, message, help).at(&script.text, range.start);
    let problem = problem.with_notes(sqlstate, notes);
    if level == Level::Warning { problem.warned() } else { problem }
}

/// The names in comments such as `-- lokstra: existing public.legacy_users, billing.invoices`.
pub(crate) fn existing(text: &str) -> Vec<String> {
    // Nearly no script has one.
    if !text.contains("okstra") {
        return Vec::new();
    }
    let names = text.lines().filter_map(|line| line.trim().strip_prefix(sql::EXISTING));
    names.flat_map(|names| names.split(',')).map(|name| name.trim().to_owned()).collect()
}
