//! Procedures of the set that commit, and the transactional scripts that call them.

use lokstra_core::Mode;

use super::pairing::Pair;
use crate::problem::{Code, Problem};
use crate::sql::routine::{self, Effect};

/// Adds a problem for each call, in a transactional script, of a procedure of the set that certainly
/// commits.
pub(crate) fn check(pairs: &[Pair<'_>], problems: &mut Vec<Problem>) {
    let mut commits: Vec<String> = Vec::new();
    for pair in pairs {
        let (file, script) = &pair.up;
        for range in &script.statements {
            let statement = &script.text[range.clone()];
            if !is_about_procedures(statement) {
                continue;
            }
            let called = match routine::effect(statement, &commits) {
                Some(Effect::Creates(name, is_certain)) => {
                    // With two procedures of one name, a call does not say which.
                    let is_known = commits.contains(&name);
                    commits.retain(|known| *known != name);
                    if is_certain && !is_known {
                        commits.push(name);
                    }
                    continue;
                }
                Some(Effect::Forgets(name)) => {
                    commits.retain(|known| *known != name);
                    continue;
                }
                Some(Effect::Calls(name)) => commits.contains(&name).then_some(0),
                // A `COMMIT` of its own is reported with the script.
                None if routine::ends(statement, &[]).is_some() => None,
                None => routine::ends(statement, &commits),
            };
            if let Some(at) = called
                && script.mode == Mode::Transactional
                && script.is_checked
            {
                let message = "this calls a procedure that commits, which PostgreSQL refuses in a \
                               transaction, and this script runs in one";
                let help = "make `-- lokstra: no-transaction` the first line; what the procedure \
                            commits is then kept, even if a later statement fails";
                let problem = Problem::new(Code::InTransaction, &file.path, message, help);
                problems.push(problem.at(&script.text, range.start + at));
            }
        }
    }
}

/// Whether a statement may define or call a procedure. Few do, so this reads words without the lexer.
fn is_about_procedures(statement: &str) -> bool {
    let starts = |word: &str| {
        statement.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    let has = |word: &str| {
        let mut words = statement.split_ascii_whitespace().take(4);
        words.any(|other| other.eq_ignore_ascii_case(word))
    };
    let is_definition = || starts("create") || starts("drop") || starts("alter");
    starts("call") || starts("do") || is_definition() && (has("procedure") || has("routine"))
}
