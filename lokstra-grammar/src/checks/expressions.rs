//! What PostgreSQL refuses in the expressions of a definition, and in a list of privileges.

use crate::checks::{Fault, SYMBOLS};
use crate::tree::{Node, Tree};

/// The symbols that are looked for here.
pub(crate) const LOOKED_FOR: [&str; 7] = [
    "CreateTrigStmt",
    "DomainConstraintElem",
    "IndexStmt",
    "alter_column_default",
    "columnref",
    "privilege",
    "privileges",
];

/// Of all versions. PostgreSQL ignores `rule`.
const PRIVILEGES: &str = "connect create delete execute insert maintain references rule select set \
                          temp temporary trigger truncate update usage";

/// The message for a column in `VALUES`, where it can mean nothing.
pub const COLUMN_IN_VALUES: &str = "cannot use a column in VALUES";
/// The message for a column in a default.
pub const COLUMN_IN_DEFAULT: &str = "cannot use column reference in DEFAULT expression";

/// The fault of a node, and whether an `IF EXISTS` makes no difference.
pub(crate) fn fault(tree: &Tree<'_>, nth: usize) -> Option<(Fault, bool)> {
    let name =
        |node: &Node| SYMBOLS.names().get(usize::from(node.symbol)).copied().unwrap_or_default();
    let node = &tree.nodes[nth];
    let first = tree.token(node.start as usize).to_ascii_lowercase();
    let find = |symbol: &str| tree.within(nth).iter().find(|node| name(node) == symbol);
    let query = || find("select_with_parens");
    let (node, message) = match (name(node), first.as_str()) {
        ("ColConstraintElem", "default") | ("alter_column_default", "set") => match query() {
            Some(query) => (query, "cannot use subquery in DEFAULT expression"),
            None => (find("columnref")?, COLUMN_IN_DEFAULT),
        },
        ("ColConstraintElem" | "ConstraintElem" | "DomainConstraintElem", "check") => {
            (query()?, "cannot use subquery in check constraint")
        }
        ("ColConstraintElem", "generated") => {
            (query()?, "cannot use subquery in column generation expression")
        }
        ("IndexStmt", _) => (query()?, "cannot use subquery in an index"),
        ("CreateTrigStmt", _) => (query()?, "cannot use subquery in trigger WHEN condition"),
        // Of a statement by itself: in a rule or a routine, names mean more.
        ("insert_rest", _) if tree.token(0).eq_ignore_ascii_case("insert") => {
            let values =
                tree.nodes[..nth].iter().rposition(|node| name(node) == "values_clause")?;
            let has_more = query().or_else(|| find("from_clause")).is_some();
            let column = tree.within(values).iter().find(|node| name(node) == "columnref");
            (column.filter(|_| !has_more)?, COLUMN_IN_VALUES)
        }
        ("privileges", _) => {
            let is_unknown = |node: &&Node| {
                let at = node.start as usize;
                let is_of_two = node.end > node.start + 1 && !tree.token(at + 1).starts_with('(');
                let known = PRIVILEGES.split(' ').chain(is_of_two.then_some("alter"));
                name(node) == "privilege"
                    && tree.name(at).is_some_and(|name| !known.into_iter().any(|it| it == name))
            };
            let unknown = tree.within(nth).iter().find(is_unknown)?;
            let token = unknown.start as usize;
            return Some((Fault { token, message: "unrecognized privilege type" }, true));
        }
        _ => return None,
    };
    Some((Fault { token: node.start as usize, message }, false))
}
