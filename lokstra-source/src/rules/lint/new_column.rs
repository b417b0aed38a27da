//! The rules about a column that a table gets.

use lokstra_grammar::Node;

use super::tree::{all, begins, last_name, word};
use crate::problem::LintRule;

/// Adds the hazards of a new column, whose command begins at this offset.
pub(super) fn new_column(column: Node<'_>, command: usize, found: &mut Vec<(usize, LintRule)>) {
    let constraints = all(column, "ColConstraint");
    let is_serial = column.child("Typename").is_some_and(is_serial);
    let definitions = || constraints.iter().filter_map(|it| it.child("ColConstraintElem"));
    let has = |words: &str| definitions().any(|it| begins(it, words));
    let has_value = is_serial || has("default") || has("generated");
    if is_serial {
        found.push((command, LintRule::AddColumnRewrite));
    }
    if has("not null") && !has_value {
        found.push((command, LintRule::AddColumnNotNull));
    }
    let unenforced =
        |nth: usize| constraints.get(nth + 1).is_some_and(|next| begins(*next, "not enforced"));
    for (nth, constraint) in constraints.iter().enumerate() {
        let Some(definition) = constraint.child("ColConstraintElem") else { continue };
        let start = constraint.range().start;
        let hazard = match word(definition, 0).as_str() {
            "check" if !unenforced(nth) => (start, LintRule::AddCheck),
            "default" => match definition.child("b_expr").filter(|value| is_volatile(*value)) {
                Some(value) => (value.range().start, LintRule::AddColumnRewrite),
                None => continue,
            },
            "generated" if is_stored(definition) => (start, LintRule::AddColumnRewrite),
            "primary" => (start, LintRule::AddPrimaryKey),
            // A column of nulls refers to nothing, and PostgreSQL does not read the table.
            "references" if has_value && !unenforced(nth) => (start, LintRule::AddForeignKey),
            "unique" => (start, LintRule::AddUnique),
            _ => continue,
        };
        found.push(hazard);
    }
}

/// Whether the type has an implicit default.
fn is_serial(column_type: Node<'_>) -> bool {
    const SERIAL: [&str; 6] =
        ["serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"];
    column_type.tokens().len() == 1 && SERIAL.contains(&word(column_type, 0).as_str())
}

/// Whether each row gets a value that is stored: from PostgreSQL 18 on, generated columns may be virtual.
fn is_stored(generated: Node<'_>) -> bool {
    let end = generated.tokens().len();
    let is_identity = word(generated, 3) == "identity" || word(generated, 4) == "identity";
    is_identity || word(generated, end - 1) == "stored"
}

/// Functions that return a different value at each call.
const VOLATILE: [&str; 13] = [
    "clock_timestamp",
    "gen_random_bytes",
    "gen_random_uuid",
    "nextval",
    "random",
    "random_normal",
    "timeofday",
    "txid_current",
    "uuid_generate_v1",
    "uuid_generate_v1mc",
    "uuid_generate_v4",
    "uuidv4",
    "uuidv7",
];

/// Whether a default differs from row to row: a volatile call, or a bare call of a function that the server
/// does not bring, which is `VOLATILE` by default.
fn is_volatile(value: Node<'_>) -> bool {
    let is_call = |node: &Node<'_>| node.symbol() == "func_application";
    let mut calls = value.descendants().filter(is_call).filter_map(|call| call.child("func_name"));
    calls.any(|name| {
        let name_of = last_name(name);
        let is_bare = || {
            let text = value.text().trim_matches(['(', ')']);
            text.trim() == name.text()
        };
        VOLATILE.contains(&name_of.as_str())
            || (is_bare() && lokstra_schema::builtin::function(&name_of).is_none())
    })
}
