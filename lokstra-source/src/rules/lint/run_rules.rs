//! From what was found to what is told.

use super::objects::Effects;
use super::{Finding, find, reversibility};
use crate::parse::script::Script;
use crate::parse::suppression::Waiver;
use crate::problem::{Code, Hazard, Problem};
use crate::read::folder::File;
use crate::rules::pairing::Pair;

/// The hazards of a migration that nobody waived, and the waivers that waive nothing. Only what goes
/// up is searched: to drop is what down scripts are for.
///
/// Where a script has errors, names may be missing that stand there.
pub(crate) fn run_rules(pair: &Pair<'_>, is_sound: bool) -> Vec<Problem> {
    let ((up_file, up), (down_file, down)) = (&pair.up, &pair.down);
    let effects =
        up.statements.iter().map(|range| Effects::of(&up.text, range)).collect::<Vec<_>>();
    let mut found = find::hazards(up, &effects);
    let left = if is_sound { reversibility::left_behind(&effects, down) } else { Vec::new() };
    found.extend(
        left.iter().map(|object| Finding { offset: object.offset, hazard: Hazard::NotUndone }),
    );
    found.sort_unstable();
    found.dedup();
    let mut problems = Vec::new();
    let mut unused: Vec<&Waiver> = up.waivers.iter().collect();
    for finding in found {
        let statement = up.statements.iter().position(|range| finding.offset < range.end);
        let waives = |waiver: &Waiver| {
            waiver.hazard == finding.hazard && Some(waiver.statement) == statement
        };
        unused.retain(|waiver| !waives(waiver));
        if !up.waivers.iter().any(waives) {
            let left = left.iter().find(|object| object.offset == finding.offset);
            problems.push(hazard(up_file, up, finding, left.map(|it| it.undoing(&down_file.path))));
        }
    }
    // What a down leaves behind, `verify` finds on a database, where no rule can see it.
    let is_for_lint = |waiver: &&Waiver| waiver.hazard != Hazard::NotUndone;
    let unused = unused.into_iter().filter(is_for_lint);
    problems.extend(unused.map(|waiver| unneeded(up_file, up, waiver, "")));
    let why = ": rules look at up scripts alone";
    let of_down = down.waivers.iter().filter(is_for_lint);
    problems.extend(of_down.map(|waiver| unneeded(down_file, down, waiver, why)));
    problems
}

fn hazard(file: &File, script: &Script, finding: Finding, undoing: Option<String>) -> Problem {
    let Finding { offset, hazard } = finding;
    let instead = match undoing {
        Some(undoing) if hazard == Hazard::NotUndone => undoing,
        _ => hazard.help().to_owned(),
    };
    let help = format!("{instead}; if it is safe, say why: `-- lokstra: allow({hazard}): …`");
    Problem::new(Code::Hazard(hazard), &file.path, hazard.message(), help).at(&script.text, offset)
}

fn unneeded(file: &File, script: &Script, waiver: &Waiver, why: &str) -> Problem {
    let message = match script.statements.get(waiver.statement) {
        Some(_) => format!("there is no `{}` here to be waived{why}", waiver.hazard),
        None => format!("no statement follows to which `{}` could apply", waiver.hazard),
    };
    let help = "remove it, or move it directly above the statement that it is about";
    let problem = Problem::new(Code::WaiverUnused, &file.path, message, help);
    problem.at(&script.text, waiver.offset)
}
