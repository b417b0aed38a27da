//! What a down script leaves behind or does not restore, where the model of the catalog knows it.

use lokstra_schema::Finding;

use super::objects::Object;
use crate::problem::{Code, LintRule, Problem};
use crate::rules::pairing::Pair;

/// The findings of a migration that no comment suppresses.
pub(super) fn problems(pair: &Pair<'_>, found: &[&Finding]) -> Vec<Problem> {
    found.iter().filter(|it| !pair.accepts(it)).map(|it| problem(pair, it)).collect()
}

/// Whether the model reports what its name was compared for.
pub(super) fn reports(found: &[&Finding], object: &Object) -> bool {
    let range = object.offset..object.offset + object.written.len();
    found.iter().any(|it| it.script.is_multiple_of(2) && range.contains(&it.range.start))
}

fn problem(pair: &Pair<'_>, finding: &Finding) -> Problem {
    let (file, script) = if finding.script.is_multiple_of(2) { &pair.up } else { &pair.down };
    let instead = finding.help.as_deref().unwrap_or(LintRule::NotUndone.help());
    let help = format!("{instead}; if it is safe, say why: `-- lokstra: allow(not-undone): …`");
    let code = Code::Lint(LintRule::NotUndone);
    Problem::new(code, &file.path, &finding.message, help).at(&script.text, finding.range.start)
}
