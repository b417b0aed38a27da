//! What each step of a plan changes, as the model of the catalog says.

use std::path::Path;

use lokstra_core::{Database, Direction, Version};
use lokstra_runtime::Plan;
use lokstra_source::schema::{NotFollowed, diff, summary};

/// For each step what it changes; empty if the model fails.
pub(super) fn changes(database: Database<'_>, plan: &Plan<'_>) -> Vec<Vec<String>> {
    let steps: Vec<_> =
        plan.steps.iter().map(|step| (step.migration.version(), step.direction)).collect();
    let (scripts, after) = sequence(database, &steps);
    let schemas = lokstra_source::schemas(Path::new(""), database, &scripts, &after);
    let pairs = schemas.chunks_exact(2).zip(&plan.steps);
    pairs
        .map(|(pair, step)| {
            let mut texts = summary(&diff(&pair[0], &pair[1]));
            let path = step.script().path();
            let is_new = |it: &&NotFollowed| it.path == path && !pair[0].not_followed.contains(it);
            for statement in pair[1].not_followed.iter().filter(is_new) {
                texts
                    .push(format!("{} in line {} may change more", statement.what, statement.line));
            }
            if texts.is_empty() {
                texts.push("no change of the schema".to_owned());
            }
            texts
        })
        .collect()
}

/// The scripts up to the last step, and the counts of them before and behind each step. What is below a step and
/// not among the steps is applied.
fn sequence(
    database: Database<'_>,
    steps: &[(Version, Direction)],
) -> (Vec<(Version, Direction)>, Vec<usize>) {
    let mut scripts: Vec<(Version, Direction)> = Vec::new();
    let mut after = Vec::new();
    for &(version, direction) in steps {
        for below in database.migrations().map(|it| it.version()) {
            let is_before = match direction {
                Direction::Up => below < version,
                Direction::Down => below <= version,
            };
            if is_before && !scripts.iter().any(|it| it.0 == below) {
                scripts.push((below, Direction::Up));
            }
        }
        after.push(scripts.len());
        scripts.push((version, direction));
        after.push(scripts.len());
    }
    (scripts, after)
}
