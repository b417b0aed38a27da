//! The rules about `ALTER TABLE`.

use lokstra_grammar::Node;

use super::history::History;
use super::new_column::new_column;
use super::not_null::Checks;
use super::tree::{begins, behind, commands, contains, last_name, word};
use crate::problem::LintRule;

/// Adds the hazards of a statement, each with its offset in the statement.
pub(super) fn alter_table(
    statement: Node<'_>,
    is_transactional: bool,
    checks: &mut Checks,
    history: &mut History<'_>,
    found: &mut Vec<(usize, LintRule)>,
) {
    let Some((table, commands)) = commands(statement) else { return };
    for command in commands {
        let start = command.range().start;
        if checks.follow(&table, command) && is_transactional {
            found.push((start, LintRule::ValidateConstraint));
        }
        let column = command.child("ColId");
        if begins(command, "add") {
            if let Some(column) = command.child("columnDef") {
                new_column(column, start, found);
            } else if let Some(constraint) = command.child("TableConstraint") {
                found.extend(new_constraint(constraint, start));
            }
        } else if begins(command, "drop") && !begins(command, "drop constraint") {
            found.push((start, LintRule::DropColumn));
        } else if let Some(column) = column.filter(|_| begins(command, "alter")) {
            let (first, next, offset) = behind(column);
            let is_type = command.child("Typename").is_some();
            match (first.as_str(), next.as_str()) {
                ("set", "not") => {
                    let name = last_name(column);
                    if !checks.cover(&table, &name) && !history.checks().cover(&table, &name) {
                        found.push((offset, LintRule::SetNotNull));
                    }
                }
                ("type", _) | ("set", "data") if is_type => {
                    found.push((offset, LintRule::ColumnType));
                }
                _ => {}
            }
        }
    }
}

/// The hazard of a new constraint of a table, and where it is shown.
fn new_constraint(constraint: Node<'_>, command: usize) -> Option<(usize, LintRule)> {
    let definition = constraint.child("ConstraintElem")?;
    let of_index = |rule| (constraint.range().start, rule);
    let (offset, rule) = match word(definition, 0).as_str() {
        "check" => (command, LintRule::AddCheck),
        "exclude" => (command, LintRule::AddExclude),
        "foreign" => of_index(LintRule::AddForeignKey),
        "not" => (command, LintRule::SetNotNull),
        "primary" => of_index(LintRule::AddPrimaryKey),
        "unique" => of_index(LintRule::AddUnique),
        _ => return None,
    };
    let is_ready = definition.child("ExistingIndex").is_some() || is_unchecked(definition);
    (!is_ready).then_some((offset, rule))
}

/// Whether a constraint is not checked against the rows that are there.
pub(super) fn is_unchecked(definition: Node<'_>) -> bool {
    definition
        .child("ConstraintAttributeSpec")
        .is_some_and(|it| contains(it, "not valid") || contains(it, "not enforced"))
}
