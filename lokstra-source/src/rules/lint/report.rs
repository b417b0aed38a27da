//! Runs the lint rules on a migration and turns findings into problems.

use super::history::History;
use super::objects::Effects;
use super::{Finding, hazards, not_undone, reversibility};
use crate::parse::script::Script;
use crate::parse::suppression::Suppression;
use crate::problem::{Code, LintRule, Problem};
use crate::read::folder::File;
use crate::rules::pairing::Pair;

/// Finds the hazards of a migration that are not suppressed, and the suppressions that suppress nothing.
/// Only up scripts are searched, because down scripts are for dropping.
///
/// If a script has errors, some of its names may be missing.
///
/// The history has the scripts before this one, which is added.
pub(crate) fn report<'a>(
    pair: &'a Pair<'_>,
    is_sound: bool,
    not_undone: &[&lokstra_schema::Finding],
    history: &mut History<'a>,
) -> Vec<Problem> {
    let ((up_file, up), (down_file, down)) = (&pair.up, &pair.down);
    let effects = Effects::of_script(up);
    let mut found = hazards::hazards(up, &effects, history);
    let nth = |finding: &Finding| up.statements.iter().position(|it| finding.offset < it.end);
    let is_asked = found.iter().any(|finding| finding.rule.is_about_partitions());
    let works_on_partitioned =
        if is_asked { works_on_partitioned(&effects, history) } else { Vec::new() };
    let is_partitioned = |finding: &Finding| {
        nth(finding).and_then(|nth| works_on_partitioned.get(nth)).is_some_and(|works| *works)
    };
    // Each partition needs it in a statement of its own, and no row is read for the table itself.
    found.retain(|finding| {
        let spares_partitions = nth(finding).is_some_and(|nth| effects[nth].is_only);
        !(spares_partitions && finding.rule.is_of_index() && is_partitioned(finding))
    });
    // Where the model does not know a table, the names in the scripts say what is left.
    let mut left = if is_sound { reversibility::left_behind(&effects, down) } else { Vec::new() };
    left.retain(|object| !not_undone::reports(not_undone, object));
    found.extend(
        left.iter().map(|object| Finding { offset: object.offset, rule: LintRule::NotUndone }),
    );
    found.sort_unstable();
    found.dedup();
    let mut problems = not_undone::problems(pair, not_undone);
    let mut unused: Vec<&Suppression> = up.suppressions.iter().collect();
    for finding in found {
        let statement = nth(&finding);
        let suppresses = |suppression: &Suppression| {
            suppression.rule == Code::Lint(finding.rule) && Some(suppression.statement) == statement
        };
        unused.retain(|suppression| !suppresses(suppression));
        if !up.suppressions.iter().any(suppresses) {
            let left = left.iter().find(|object| object.offset == finding.offset);
            let instead = match left {
                Some(left) if finding.rule == LintRule::NotUndone => left.undoing(&down_file.path),
                _ if is_partitioned(&finding) => finding.rule.help_if_partitioned().to_owned(),
                _ => finding.rule.help().to_owned(),
            };
            problems.push(hazard(up_file, up, finding, &instead));
        }
    }
    // `verify` finds on a database what a down leaves behind and no rule can see.
    let is_for_lint = |suppression: &&Suppression| matches!(suppression.rule, Code::Lint(rule) if rule != LintRule::NotUndone);
    let unused = unused.into_iter().filter(is_for_lint);
    problems.extend(unused.map(|suppression| unused_suppression(up_file, up, suppression, "")));
    let why = ": only up scripts are checked";
    let of_down = down.suppressions.iter().filter(is_for_lint);
    problems
        .extend(of_down.map(|suppression| unused_suppression(down_file, down, suppression, why)));
    history.push(up, effects);
    problems
}

/// For each statement, whether it works on a partitioned table.
fn works_on_partitioned(effects: &[Effects], history: &mut History<'_>) -> Vec<bool> {
    let names = history.names();
    if names.partitioned.is_empty() && effects.iter().all(|it| it.partitioned.is_none()) {
        return Vec::new();
    }
    let mut names = names.clone();
    let works = effects.iter().map(|effects| {
        let works_on_one = effects.targets.iter().any(|name| names.partitioned.contains(name));
        names.follow(effects);
        works_on_one
    });
    works.collect()
}

fn hazard(file: &File, script: &Script, finding: Finding, instead: &str) -> Problem {
    let Finding { offset, rule } = finding;
    let help = format!("{instead}; if it is safe, say why: `-- lokstra: allow({rule}): …`");
    Problem::new(Code::Lint(rule), &file.path, rule.message(), help).at(&script.text, offset)
}

fn unused_suppression(
    file: &File,
    script: &Script,
    suppression: &Suppression,
    why: &str,
) -> Problem {
    let message = match script.statements.get(suppression.statement) {
        Some(_) => format!("there is no `{}` here to suppress{why}", suppression.rule.as_str()),
        None => format!("no statement follows that `{}` could apply to", suppression.rule.as_str()),
    };
    let help = "remove it, or move it directly above its statement";
    let problem = Problem::new(Code::SuppressionUnused, &file.path, message, help);
    problem.at(&script.text, suppression.offset)
}
