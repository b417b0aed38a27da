//! What PostgreSQL refuses in the expressions of a definition, and in a list of privileges.

use super::checks::SYMBOLS;
use super::tree::Tree;

/// The symbols that are looked for here.
pub(super) const LOOKED_FOR: [&str; 7] = [
    "CreateTrigStmt",
    "DomainConstraintElem",
    "IndexStmt",
    "alter_column_default",
    "columnref",
    "privilege",
    "privileges",
];

/// Of all versions. PostgreSQL ignores `rule`.
const PRIVILEGES: &str = "alter connect create delete execute insert maintain references rule select \
                          set temp temporary trigger truncate update usage";

/// The fault of a node, as PostgreSQL words it, and whether an `IF EXISTS` makes no difference.
pub(super) fn fault(tree: &Tree<'_>, nth: usize) -> Option<(&'static str, bool)> {
    let node = &tree.nodes[nth];
    let first = tree.token(node.start as usize).to_ascii_lowercase();
    let has =
        |name| tree.within(nth).iter().any(|it| SYMBOLS.get(usize::from(it.symbol)) == Some(&name));
    let has_query = || has("select_with_parens");
    let symbol = *SYMBOLS.get(usize::from(node.symbol))?;
    let message = match (symbol, first.as_str()) {
        ("ColConstraintElem", "default") | ("alter_column_default", "set") => match has_query() {
            true => "cannot use subquery in DEFAULT expression",
            false if has("columnref") => "cannot use column reference in DEFAULT expression",
            false => return None,
        },
        ("ColConstraintElem" | "ConstraintElem" | "DomainConstraintElem", "check")
            if has_query() =>
        {
            "cannot use subquery in check constraint"
        }
        ("ColConstraintElem", "generated") if has_query() => {
            "cannot use subquery in column generation expression"
        }
        ("IndexStmt", _) if has_query() => "cannot use subquery in an index",
        ("CreateTrigStmt", _) if has_query() => "cannot use subquery in trigger WHEN condition",
        ("privileges", _) => {
            let mut privileges = tree
                .within(nth)
                .iter()
                .filter(|it| SYMBOLS.get(usize::from(it.symbol)) == Some(&"privilege"));
            let is_unknown = privileges.any(|it| {
                let name = tree.name(it.start as usize);
                name.is_some_and(|name| !PRIVILEGES.split(' ').any(|known| known == name))
            });
            return is_unknown.then_some(("unrecognized privilege type", true));
        }
        _ => return None,
    };
    Some((message, false))
}
