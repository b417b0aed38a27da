//! From what was found to what is told.

use super::objects::Effects;
use super::{Finding, find, reversibility};
use crate::parse::script::Script;
use crate::parse::suppression::Suppression;
use crate::problem::{Code, LintRule, Problem};
use crate::read::folder::File;
use crate::rules::pairing::Pair;

/// The hazards of a migration without a suppression, and the suppressions that suppress nothing. Only up
/// scripts are searched: to drop is what down scripts are for.
///
/// Where a script has errors, names may be missing that stand there.
pub(crate) fn run_rules(pair: &Pair<'_>, is_sound: bool) -> Vec<Problem> {
    let ((up_file, up), (down_file, down)) = (&pair.up, &pair.down);
    let effects =
        up.statements.iter().map(|range| Effects::of(&up.text, range)).collect::<Vec<_>>();
    let mut found = find::hazards(up, &effects);
    let left = if is_sound { reversibility::left_behind(&effects, down) } else { Vec::new() };
    found.extend(
        left.iter().map(|object| Finding { offset: object.offset, rule: LintRule::NotUndone }),
    );
    found.sort_unstable();
    found.dedup();
    let mut problems = Vec::new();
    let mut unused: Vec<&Suppression> = up.suppressions.iter().collect();
    for finding in found {
        let statement = up.statements.iter().position(|range| finding.offset < range.end);
        let suppresses = |suppression: &Suppression| {
            suppression.rule == finding.rule && Some(suppression.statement) == statement
        };
        unused.retain(|suppression| !suppresses(suppression));
        if !up.suppressions.iter().any(suppresses) {
            let left = left.iter().find(|object| object.offset == finding.offset);
            problems.push(hazard(up_file, up, finding, left.map(|it| it.undoing(&down_file.path))));
        }
    }
    // What a down leaves behind, `verify` finds on a database, where no rule can see it.
    let is_for_lint = |suppression: &&Suppression| suppression.rule != LintRule::NotUndone;
    let unused = unused.into_iter().filter(is_for_lint);
    problems.extend(unused.map(|suppression| unneeded(up_file, up, suppression, "")));
    let why = ": rules look at up scripts alone";
    let of_down = down.suppressions.iter().filter(is_for_lint);
    problems.extend(of_down.map(|suppression| unneeded(down_file, down, suppression, why)));
    problems
}

fn hazard(file: &File, script: &Script, finding: Finding, undoing: Option<String>) -> Problem {
    let Finding { offset, rule } = finding;
    let instead = match undoing {
        Some(undoing) if rule == LintRule::NotUndone => undoing,
        _ => rule.help().to_owned(),
    };
    let help = format!("{instead}; if it is safe, say why: `-- lokstra: allow({rule}): …`");
    Problem::new(Code::Lint(rule), &file.path, rule.message(), help).at(&script.text, offset)
}

fn unneeded(file: &File, script: &Script, suppression: &Suppression, why: &str) -> Problem {
    let message = match script.statements.get(suppression.statement) {
        Some(_) => format!("there is no `{}` here to be suppressed{why}", suppression.rule),
        None => format!("no statement follows to which `{}` could apply", suppression.rule),
    };
    let help = "remove it, or move it directly above the statement that it is about";
    let problem = Problem::new(Code::SuppressionUnused, &file.path, message, help);
    problem.at(&script.text, suppression.offset)
}
