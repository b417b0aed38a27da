//! The rules that squawk lacks.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AlterTableAction, AstNode, Constraint, Stmt};

use super::Finding;
use crate::problem::LintRule;

/// Finds hazards that squawk has no rule for.
pub(super) fn own(statement: &Stmt) -> Vec<Finding> {
    let finding = |node: &SyntaxNode, rule| {
        let offset = usize::from(node.text_range().start());
        Finding { offset, rule }
    };
    match statement {
        Stmt::Truncate(truncate) => vec![finding(truncate.syntax(), LintRule::Truncate)],
        Stmt::AlterTable(table) => {
            let columns = table.actions().filter_map(|action| match action {
                AlterTableAction::AddColumn(column) => Some(column),
                _ => None,
            });
            let of_column = |column: ast::AddColumn| {
                let serial = is_serial(&column)
                    .then(|| finding(column.syntax(), LintRule::AddColumnRewrite));
                let check =
                    column.constraints().find(|it| matches!(it, Constraint::CheckConstraint(_)));
                serial.into_iter().chain(check.map(|it| finding(it.syntax(), LintRule::AddCheck)))
            };
            columns.flat_map(of_column).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether the type is `serial` or similar, which has an implicit default.
pub(super) fn is_serial(column: &ast::AddColumn) -> bool {
    let name = column.ty().map(|ty| ty.syntax().text().to_string().to_ascii_lowercase());
    matches!(
        name.as_deref().map(str::trim),
        Some("serial" | "bigserial" | "smallserial" | "serial4" | "serial8" | "serial2")
    )
}
