//! The parts of a statement that the rules look at, by the names of PostgreSQL's grammar.

use std::sync::LazyLock;

use lokstra_grammar::{Node, Symbols, SyntaxTree};

use super::reader::fold;

const NAMES: &str = "stmtmulti AlterTableStmt DropStmt DropdbStmt IndexStmt ReindexStmt RenameStmt TruncateStmt \
    ColConstraint ColConstraintElem ColId ConstraintAttributeSpec ConstraintElem ExistingIndex TableConstraint \
    Typename a_expr alter_table_cmd any_name b_expr columnDef columnref func_application func_name name \
    opt_concurrently qualified_name relation_expr";

/// The symbols of which a tree has nodes.
pub(super) static SYMBOLS: LazyLock<Symbols> =
    LazyLock::new(|| Symbols::new(NAMES.split_whitespace().collect()));

/// The one statement of a text.
pub(super) fn statement<'n>(tree: &'n SyntaxTree<'_>) -> Option<Node<'n>> {
    let root = tree.root()?;
    if root.symbol() == "stmtmulti" { root.children().pop() } else { Some(root) }
}

/// The table of `ALTER TABLE`, and what is done to it.
pub(super) fn commands(statement: Node<'_>) -> Option<(String, impl Iterator<Item = Node<'_>>)> {
    let table = statement.child("relation_expr").filter(|_| begins(statement, "alter table"))?;
    let commands = statement.descendants().filter(|node| node.symbol() == "alter_table_cmd");
    Some((last_name(table), commands))
}

/// The nth token of a node in lower case; what follows the node is empty.
pub(super) fn word(node: Node<'_>, nth: usize) -> String {
    node.tokens()
        .nth(nth)
        .map(|nth| node.tree().token(nth).to_ascii_lowercase())
        .unwrap_or_default()
}

/// Whether a node begins with these words.
pub(super) fn begins(node: Node<'_>, words: &str) -> bool {
    words.split(' ').enumerate().all(|(nth, expected)| word(node, nth) == expected)
}

/// Whether these words follow each other anywhere in a node.
pub(super) fn contains(node: Node<'_>, words: &str) -> bool {
    let words: Vec<_> = words.split(' ').collect();
    let tokens: Vec<_> = node.tokens().map(|nth| node.tree().token(nth)).collect();
    let is = |(token, word): (&&str, &&str)| token.eq_ignore_ascii_case(word);
    tokens.windows(words.len()).any(|some| some.iter().zip(&words).all(is))
}

/// The first word behind a node, in lower case, the word behind it, and where the first one begins.
pub(super) fn behind(node: Node<'_>) -> (String, String, usize) {
    let (tree, next) = (node.tree(), node.tokens().end);
    let word = |nth| tree.token(nth).to_ascii_lowercase();
    (word(next), word(next + 1), tree.token_range(next).start)
}

/// The children with this symbol.
pub(super) fn all<'n>(node: Node<'n>, symbol: &str) -> Vec<Node<'n>> {
    node.children().into_iter().filter(|child| child.symbol() == symbol).collect()
}

/// The last part of a name, as the server folds it.
pub(super) fn last_name(node: Node<'_>) -> String {
    let mut parts = node.tokens().map(|nth| node.tree().token(nth));
    let is_name =
        |part: &&str| !matches!(*part, "." | "*" | "(" | ")") && !part.eq_ignore_ascii_case("only");
    parts.rfind(is_name).map(fold).unwrap_or_default()
}
