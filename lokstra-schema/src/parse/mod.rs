//! The parts of a statement that the model reads, by the names of PostgreSQL's grammar.

mod symbols;
mod types;

use std::ops::Range;

use lokstra_grammar::Node;

use crate::names::{Name, fold};
pub(crate) use symbols::SYMBOLS;
pub(crate) use types::{TypeName, type_name};

/// What stands in the statement as a name.
const NAMES: [&str; 5] = ["qualified_name", "any_name", "func_name", "insert_target", "name"];

/// The tokens of a node as they are written, in lower case.
pub(crate) fn tokens(node: Node<'_>) -> Vec<String> {
    node.tokens().map(|nth| node.tree().token(nth).to_ascii_lowercase()).collect()
}

/// Whether these words begin at the first token of a node.
pub(crate) fn starts(node: Node<'_>, words: &[&str]) -> bool {
    let first = node.tokens().start;
    words.iter().zip(first..).all(|(word, nth)| is(node, nth, word))
}

/// Whether a token of the statement is this word.
pub(crate) fn is(node: Node<'_>, nth: usize, word: &str) -> bool {
    node.tree().token(nth).eq_ignore_ascii_case(word)
}

/// Whether these words follow each other among a node's own tokens: those that are in no child.
pub(crate) fn has(node: Node<'_>, words: &[&str]) -> bool {
    let own = own_tokens(node);
    own.windows(words.len())
        .any(|some| some.iter().zip(words).all(|(nth, word)| is(node, *nth, word)))
}

/// The tokens of a node that are in no child.
pub(crate) fn own_tokens(node: Node<'_>) -> Vec<usize> {
    let Range { start: mut nth, end } = node.tokens();
    let mut own = Vec::new();
    for child in node.children() {
        let child = child.tokens();
        own.extend(nth..child.start);
        nth = child.end;
    }
    own.extend(nth..end);
    own
}

/// A name of one or two parts; `None` for one with escapes, or with the name of a database.
pub(crate) fn name(node: Node<'_>) -> Option<Name> {
    let parts: Vec<_> = node.tokens().map(|nth| node.tree().token(nth)).collect();
    match parts[..] {
        [name] => Some(Name { schema: None, name: fold(name)? }),
        [schema, ".", name] => Some(Name { schema: Some(fold(schema)?), name: fold(name)? }),
        _ => None,
    }
}

/// A name of one part.
pub(crate) fn ident(node: Node<'_>) -> Option<String> {
    name(node).filter(|name| name.schema.is_none()).map(|name| name.name)
}

/// The first child that is the name of an object.
pub(crate) fn target(node: Node<'_>) -> Option<Node<'_>> {
    node.children().into_iter().find(|child| NAMES.contains(&child.symbol()))
}

/// The children with this symbol.
pub(crate) fn all<'n>(node: Node<'n>, symbol: &str) -> Vec<Node<'n>> {
    node.children().into_iter().filter(|child| child.symbol() == symbol).collect()
}

/// All nodes with this symbol in a node, in the order of their ends.
pub(crate) fn within<'n>(
    node: Node<'n>,
    symbol: &'static str,
) -> impl Iterator<Item = Node<'n>> + use<'n> {
    node.descendants().filter(move |inner| inner.symbol() == symbol)
}

/// The columns of `(a, b)`, each with its place; `None` for a name with escapes.
pub(crate) fn columns(list: Node<'_>) -> Option<Vec<(String, Range<usize>)>> {
    all(list, "columnElem").into_iter().map(|it| Some((ident(it)?, it.range()))).collect()
}
