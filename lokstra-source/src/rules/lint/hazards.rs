//! The hazards of a script: what the rules find, without what is new in this script.

use std::collections::HashSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lokstra_core::Mode;
use lokstra_grammar::{Node, SyntaxTree};

use super::Finding;
use super::alter_table::alter_table;
use super::history::History;
use super::not_null::Checks;
use super::objects::{Effects, Kind};
use super::tree::{SYMBOLS, begins, behind, contains, statement};
use crate::parse::script::Script;
use crate::problem::LintRule;

/// The hazards of a script whose statements have these effects.
pub(super) fn hazards(
    script: &Script,
    effects: &[Effects],
    history: &mut History<'_>,
) -> Vec<Finding> {
    let mut checks = Checks::default();
    let mut found = Vec::new();
    let mut new = HashSet::new();
    for (range, its) in script.statements.iter().zip(effects) {
        if its.may_be_hazard && !is_all(its, |name| new.contains(name)) {
            // A fault of a rule must not break a build.
            let search = AssertUnwindSafe(|| search(script, range, &mut checks, history));
            let mut hazards = catch_unwind(search).unwrap_or_default();
            let keeps_name = |name: &str| new.contains(name) || creates_view(effects, name);
            hazards.retain(|finding| {
                !(finding.rule == LintRule::RenameTable && is_all(its, keeps_name))
            });
            found.extend(hazards);
        }
        track_new(its, &mut new, history);
    }
    found
}

/// Follows the objects that the script has made: they have no rows and no readers yet.
fn track_new(effects: &Effects, new: &mut HashSet<String>, history: &mut History<'_>) {
    for object in &effects.created {
        let is_kept = matches!(object.kind, Kind::Table | Kind::View | Kind::Index | Kind::Schema);
        let is_there = object.if_not_exists
            && object.kind == Kind::Table
            && history.names().tables.contains(&object.name);
        if is_kept && !is_there {
            new.insert(object.name.clone());
        }
    }
    if let Some((from, to)) = &effects.renamed {
        if new.contains(from) {
            new.insert(to.clone());
        } else {
            new.remove(to);
        }
    }
}

/// Whether the statement works on nothing but such names.
fn is_all(effects: &Effects, is: impl Fn(&str) -> bool) -> bool {
    !effects.targets.is_empty() && effects.targets.iter().all(|name| is(name))
}

/// Whether the script creates a view of this name: a renamed table may leave one behind.
fn creates_view(script: &[Effects], name: &str) -> bool {
    let mut created = script.iter().flat_map(|effects| &effects.created);
    created.any(|object| object.kind == Kind::View && object.name == name)
}

fn search(
    script: &Script,
    range: &Range<usize>,
    checks: &mut Checks,
    history: &mut History<'_>,
) -> Vec<Finding> {
    let tree = SyntaxTree::parse(&script.text[range.clone()], &SYMBOLS);
    let Some(statement) = tree.as_ref().and_then(statement) else { return Vec::new() };
    let mut found = Vec::new();
    match statement.symbol() {
        "AlterTableStmt" => {
            alter_table(statement, script.mode == Mode::Transactional, checks, history, &mut found);
        }
        "RenameStmt" => found.extend(renamed(statement)),
        symbol => {
            let rule = WHOLE.iter().find(|(its, words, is_harmful, _)| {
                *its == symbol && begins(statement, words) && is_harmful(statement)
            });
            found.extend(rule.map(|(.., rule)| (statement.range().start, *rule)));
        }
    }
    let finding = |(offset, rule)| Finding { offset: range.start + offset, rule };
    found.into_iter().map(finding).collect()
}

/// The symbol of a statement, its first words, when it is a hazard, and the rule.
type Whole = (&'static str, &'static str, fn(Node<'_>) -> bool, LintRule);

/// The rules about a statement as a whole.
const WHOLE: [Whole; 6] = [
    ("DropStmt", "drop table", |_| true, LintRule::DropTable),
    ("DropStmt", "drop schema", |it| contains(it, "cascade"), LintRule::DropSchema),
    ("DropdbStmt", "drop", |_| true, LintRule::DropDatabase),
    ("IndexStmt", "create", |it| it.child("opt_concurrently").is_none(), LintRule::CreateIndex),
    ("ReindexStmt", "reindex", is_blocking_reindex, LintRule::Reindex),
    ("TruncateStmt", "truncate", |_| true, LintRule::Truncate),
];

/// PostgreSQL has no other way for the catalogs.
fn is_blocking_reindex(statement: Node<'_>) -> bool {
    !contains(statement, "concurrently") && !contains(statement, "system")
}

/// `ALTER … RENAME` of a table, or of a column or an attribute.
fn renamed(statement: Node<'_>) -> Option<(usize, LintRule)> {
    const OF_COLUMNS: [&str; 5] = ["table", "foreign table", "view", "materialized view", "type"];
    let is_of = |kind: &&str| begins(statement, &format!("alter {kind}"));
    let kind = OF_COLUMNS.iter().find(|kind| is_of(kind))?;
    let object = statement
        .children()
        .into_iter()
        .find(|child| matches!(child.symbol(), "relation_expr" | "qualified_name" | "any_name"))?;
    let (rename, what, offset) = behind(object);
    match (*kind, what.as_str()) {
        _ if rename != "rename" => None,
        ("table", "to") => Some((offset, LintRule::RenameTable)),
        (_, "to" | "constraint") => None,
        ("type", what) if what != "attribute" => None,
        _ => Some((offset, LintRule::RenameColumn)),
    }
}
