//! Squawk's rules, a short list of them, as rules of lokstra.
//!
//! Findings of squawk are filtered: it cannot always recognise a harmless statement, and a false alarm
//! costs more trust than a missed hazard.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lokstra_core::Mode;
use squawk_linter::{Linter, Rule, Violation};
use squawk_syntax::ast::{self, AstNode, Constraint};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

use super::Finding;
use super::objects::{Effects, Kind};
use super::own_rules::{is_serial, own};
use crate::parse::script::Script;
use crate::problem::LintRule;
use crate::sql::grammar;

/// Rules about long locks, lost data and broken programs; style is not checked.
const RULES: [Rule; 16] = [
    Rule::AddingFieldWithDefault,
    Rule::AddingForeignKeyConstraint,
    Rule::AddingNotNullableField,
    Rule::AddingRequiredField,
    Rule::AddingSerialPrimaryKeyField,
    Rule::BanDropColumn,
    Rule::BanDropDatabase,
    Rule::BanDropSchema,
    Rule::BanDropTable,
    Rule::ChangingColumnType,
    Rule::ConstraintMissingNotValid,
    Rule::DisallowedUniqueConstraint,
    Rule::RenamingColumn,
    Rule::RenamingTable,
    Rule::RequireConcurrentIndexCreation,
    Rule::RequireConcurrentReindex,
];

/// The hazards of a script whose statements have these effects.
pub(crate) fn hazards(script: &Script, effects: &[Effects]) -> Vec<Finding> {
    // A fault of the linter must not break a build.
    let text = searched(script);
    let found = catch_unwind(AssertUnwindSafe(|| search(&text, script.mode)));
    let mut found = found.unwrap_or_default();
    if found.is_empty() {
        return found;
    }
    let nth = |offset| {
        let nth = script.statements.partition_point(|range| range.end <= offset);
        (nth < script.statements.len()).then_some(nth)
    };
    // A statement that squawk parses only in part may mean something else.
    let unclear = grammar::partly_parsed(&text, &script.statements);
    found.retain(|finding| {
        let nth = nth(finding.offset);
        let is_harmful = |nth| !is_harmless(finding.rule, nth, effects);
        nth.is_some_and(|nth| is_harmful(nth) && !unclear.contains(&nth))
    });
    found
}

/// Whether the target is new in this script, and so has no rows and no readers yet, or is a renamed
/// table that leaves a view behind.
fn is_harmless(rule: LintRule, nth: usize, script: &[Effects]) -> bool {
    let makes = |part: &[Effects], name: &str, kinds: &[Kind]| {
        let mut created = part.iter().flat_map(|effects| &effects.created);
        created.any(|object| kinds.contains(&object.kind) && object.name == name)
    };
    let created_here = [Kind::Table, Kind::View, Kind::Index, Kind::Schema];
    let is_new_here = |name| makes(&script[..nth], name, &created_here);
    let keeps_name = |name| rule == LintRule::RenameTable && makes(script, name, &[Kind::View]);
    let targets = &script[nth].targets;
    !targets.is_empty() && targets.iter().all(|name| is_new_here(name) || keeps_name(name))
}

/// Squawk's time for deeper nesting grows with the square of the depth.
const MAX_DEPTH: usize = 100;

/// The script with spaces in place of each statement that cannot be a hazard: most of a large script is
/// rows.
fn searched(script: &Script) -> String {
    let mut text = script.text.clone();
    for range in &script.statements {
        let statement = &script.text[range.clone()];
        let verbs = ["alter", "create", "drop", "reindex", "truncate"];
        let is_verb = |verb: &&str| -> bool {
            statement.get(..verb.len()).is_some_and(|start| start.eq_ignore_ascii_case(verb))
        };
        if !verbs.iter().any(is_verb) || depth(statement) > MAX_DEPTH {
            text.replace_range(range.clone(), &" ".repeat(range.len()));
        }
    }
    text
}

fn depth(statement: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in statement.bytes() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn search(text: &str, mode: Mode) -> Vec<Finding> {
    // Squawk's own suppressions need no reason, so they are disabled.
    let text = text.replace("squawk-ignore", "squawk_ignore");
    let parse = SourceFile::parse(&text);
    let mut linter = Linter::from(RULES);
    linter.settings.assume_in_transaction = mode == Mode::Transactional;
    let root = parse.syntax_node();
    let squawk =
        linter.lint(&parse, &text).into_iter().filter_map(|found| translate(&root, &found));
    squawk.chain(parse.tree().stmts().flat_map(|statement| own(&statement))).collect()
}

/// Translates a finding of squawk into a rule of lokstra, if there is one.
fn translate(root: &SyntaxNode, found: &Violation) -> Option<Finding> {
    let element = root.covering_element(found.text_range);
    let node = element.as_node().cloned().or_else(|| element.parent())?;
    let added = || node.ancestors().find_map(ast::AddColumn::cast);
    let is_in = |kind| node.ancestors().any(|node| node.kind() == kind);
    let rule = match found.code {
        Rule::AddingFieldWithDefault => {
            is_rewritten(&node).then_some(LintRule::AddColumnRewrite)?
        }
        // A column of nulls refers to nothing, and PostgreSQL does not read the table.
        Rule::AddingForeignKeyConstraint => {
            added().is_none_or(|column| has_value(&column)).then_some(LintRule::AddForeignKey)?
        }
        Rule::AddingNotNullableField => LintRule::SetNotNull,
        Rule::AddingRequiredField => (!added().is_some_and(|column| is_serial(&column)))
            .then_some(LintRule::AddColumnNotNull)?,
        Rule::AddingSerialPrimaryKeyField => LintRule::AddPrimaryKey,
        Rule::BanDropColumn => is_in(SyntaxKind::ALTER_TABLE).then_some(LintRule::DropColumn)?,
        Rule::BanDropDatabase => LintRule::DropDatabase,
        Rule::BanDropSchema => {
            has_token(&node, SyntaxKind::CASCADE_KW).then_some(LintRule::DropSchema)?
        }
        Rule::BanDropTable => is_in(SyntaxKind::DROP_TABLE).then_some(LintRule::DropTable)?,
        Rule::ChangingColumnType => {
            is_in(SyntaxKind::ALTER_TABLE).then_some(LintRule::ColumnType)?
        }
        Rule::ConstraintMissingNotValid => unvalidated(&node)?,
        Rule::DisallowedUniqueConstraint => LintRule::AddUnique,
        Rule::RenamingColumn => LintRule::RenameColumn,
        Rule::RenamingTable => LintRule::RenameTable,
        Rule::RequireConcurrentIndexCreation => LintRule::CreateIndex,
        Rule::RequireConcurrentReindex => LintRule::Reindex,
        _ => return None,
    };
    Some(Finding { offset: usize::from(found.text_range.start()), rule })
}

/// The rule of a constraint without `NOT VALID`; other constraints have rules of their own.
fn unvalidated(node: &SyntaxNode) -> Option<LintRule> {
    if node.ancestors().any(|node| node.kind() == SyntaxKind::VALIDATE_CONSTRAINT) {
        return Some(LintRule::ValidateConstraint);
    }
    match node.ancestors().find_map(ast::AddConstraint::cast)?.constraint()? {
        Constraint::CheckConstraint(_) => Some(LintRule::AddCheck),
        Constraint::ExcludeConstraint(_) => Some(LintRule::AddExclude),
        Constraint::NotNullConstraint(_) => Some(LintRule::SetNotNull),
        _ => None,
    }
}

fn has_value(column: &ast::AddColumn) -> bool {
    let is_value =
        |it| matches!(it, Constraint::DefaultConstraint(_) | Constraint::GeneratedConstraint(_));
    column.constraints().any(is_value) || is_serial(column)
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

/// Whether a default rewrites the table. Squawk reports every default that it does not know to be
/// constant; lokstra reports a volatile call, or a bare call of an unknown function, which is `VOLATILE`
/// by default.
fn is_rewritten(value: &SyntaxNode) -> bool {
    if value.ancestors().any(|node| node.kind() == SyntaxKind::GENERATED_CONSTRAINT) {
        // From PostgreSQL 18 on, generated columns may be virtual.
        return has_token(value, SyntaxKind::STORED_KW)
            || has_token(value, SyntaxKind::IDENTITY_KW);
    }
    let is_bare = ast::CallExpr::can_cast(value.kind())
        && value.text().to_string().trim_end().ends_with("()");
    let mut calls = value.descendants().filter_map(ast::CallExpr::cast);
    is_bare
        || calls.any(|call| {
            let name =
                call.expr().map(|name| name.syntax().text().to_string().to_ascii_lowercase());
            let name = name.as_deref().and_then(|name| name.rsplit('.').next());
            name.is_some_and(|name| VOLATILE.contains(&name.trim_matches('"')))
        })
}

fn has_token(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.descendants_with_tokens().any(|element| element.kind() == kind)
}
