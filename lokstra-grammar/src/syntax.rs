//! The syntax tree of a statement, with the names that PostgreSQL's grammar has for its parts.

use std::ops::Range;
use std::sync::OnceLock;

use crate::parser::{Noted, Parsed, parse};
use crate::string_continuation::masked;
use crate::tables::GRAMMARS;
use crate::tokens::{self, Kind, TEXT, Token};
use crate::tree::{self, SHORTER};

/// The nonterminals of PostgreSQL's grammar that a tree has nodes for.
#[derive(Debug)]
pub struct Symbols {
    names: Vec<&'static str>,
    /// Of each version, when it is first needed.
    noted: [OnceLock<Noted>; GRAMMARS.len()],
}

impl Symbols {
    /// Selects nonterminals.
    pub fn new(names: Vec<&'static str>) -> Symbols {
        Symbols { names, noted: Default::default() }
    }

    pub(crate) fn names(&self) -> &[&'static str] {
        &self.names
    }

    pub(crate) fn noted(&self, version: usize) -> &Noted {
        self.noted[version].get_or_init(|| {
            let grammar = &GRAMMARS[version];
            let mut numbers = vec![SHORTER; grammar.symbols()];
            for (name, nth) in self.names.iter().zip(0..) {
                if let Some(symbol) = grammar.symbol(name) {
                    numbers[symbol] = nth;
                }
            }
            let is_nested = self.names.iter().map(|name| name.ends_with("_expr")).collect();
            Noted { numbers, is_nested }
        })
    }
}

/// A statement as the grammar of the newest version that accepts it reads it.
#[derive(Debug)]
pub struct SyntaxTree<'t> {
    text: &'t str,
    symbols: &'t Symbols,
    tokens: Vec<Token>,
    nodes: Vec<tree::Node>,
}

impl<'t> SyntaxTree<'t> {
    /// Reads one statement; `None` if the grammar of no version accepts it.
    pub fn parse(statement: &'t str, symbols: &'t Symbols) -> Option<SyntaxTree<'t>> {
        let masked = masked(statement);
        let tokens = tokens::tokens(&masked);
        let nodes = (0..GRAMMARS.len()).find_map(|version| {
            match parse(&GRAMMARS[version], symbols.noted(version), &masked, &tokens) {
                Parsed::Accepted(nodes) => Some(nodes),
                Parsed::Refused(_) => None,
            }
        })?;
        Some(SyntaxTree { text: statement, symbols, tokens, nodes })
    }

    /// Returns the whole statement: the last node, which contains all others. `None` for an empty text.
    pub fn root(&self) -> Option<Node<'_>> {
        let nth = self.nodes.len().checked_sub(1)?;
        Some(Node { tree: self, nth })
    }

    /// Returns the whole text.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Counts the tokens.
    pub fn token_count(&self) -> usize {
        self.tokens.len()
    }

    /// Returns a token as it is written; empty after the last.
    pub fn token(&self, nth: usize) -> &'t str {
        self.tokens.get(nth).map_or("", |token| &self.text[token.start..token.end])
    }

    /// Returns the bytes of a token; after the last, the end of the statement.
    pub fn token_range(&self, nth: usize) -> Range<usize> {
        let end = self.text.len();
        self.tokens.get(nth).map_or(end..end, |token| token.start..token.end)
    }

    /// Reports whether a token is a text in quotes, of any kind.
    pub fn is_string(&self, nth: usize) -> bool {
        self.tokens.get(nth).is_some_and(|token| token.kind == Kind::Named(TEXT))
    }

    /// Reports whether a token is a keyword or an unquoted name.
    pub fn is_word(&self, nth: usize) -> bool {
        self.tokens.get(nth).is_some_and(|token| token.kind == Kind::Word)
    }
}

/// A part of a statement.
#[derive(Clone, Copy, Debug)]
pub struct Node<'n> {
    tree: &'n SyntaxTree<'n>,
    nth: usize,
}

impl<'n> Node<'n> {
    fn node(self) -> &'n tree::Node {
        &self.tree.nodes[self.nth]
    }

    /// Returns the tree that it is a part of.
    pub fn tree(self) -> &'n SyntaxTree<'n> {
        self.tree
    }

    /// Returns the nonterminal of PostgreSQL's grammar, as `CreateStmt`.
    pub fn symbol(self) -> &'static str {
        self.tree.symbols.names[usize::from(self.node().symbol)]
    }

    /// Returns the numbers of its tokens.
    pub fn tokens(self) -> Range<usize> {
        let node = self.node();
        node.start as usize..node.end as usize
    }

    /// Returns its bytes in the statement.
    pub fn range(self) -> Range<usize> {
        let tokens = self.tokens();
        let end = tokens.end.saturating_sub(1);
        self.tree.token_range(tokens.start).start..self.tree.token_range(end).end
    }

    /// Returns its text.
    pub fn text(self) -> &'n str {
        &self.tree.text[self.range()]
    }

    /// Returns the nodes in it that are in no other node within it, in the order of the text.
    pub fn children(self) -> Vec<Node<'n>> {
        let nodes = &self.tree.nodes;
        let first = self.node().first as usize;
        let (mut end, mut children) = (self.nth, Vec::new());
        while end > first {
            let nth = end - 1;
            end = nth;
            if nodes[nth].symbol != SHORTER {
                end = nodes[nth].first as usize;
                children.push(Node { tree: self.tree, nth });
            }
        }
        children.reverse();
        children
    }

    /// Returns all nodes in it, each after those that are in it.
    pub fn descendants(self) -> impl DoubleEndedIterator<Item = Node<'n>> + use<'n> {
        let nodes =
            (self.node().first as usize..self.nth).map(move |nth| Node { tree: self.tree, nth });
        nodes.filter(|node| node.node().symbol != SHORTER)
    }

    /// Returns the first child with this symbol.
    pub fn child(self, symbol: &str) -> Option<Node<'n>> {
        self.children().into_iter().find(|child| child.symbol() == symbol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols(names: &[&'static str]) -> Symbols {
        Symbols::new(names.to_vec())
    }

    #[test]
    fn a_tree_has_the_nodes_that_are_asked_for() {
        let symbols = symbols(&["stmtmulti", "CreateStmt", "columnDef", "qualified_name", "ColId"]);
        let tree = SyntaxTree::parse("CREATE TABLE a.b (c int, \"d\" text)", &symbols).unwrap();
        let create = tree.root().unwrap().child("CreateStmt").unwrap();
        let children: Vec<_> =
            create.children().into_iter().map(|node| (node.symbol(), node.text())).collect();
        let expected =
            [("qualified_name", "a.b"), ("columnDef", "c int"), ("columnDef", "\"d\" text")];
        assert_eq!(children, expected);
    }

    #[test]
    fn an_expression_contains_its_operands() {
        let symbols = symbols(&["stmtmulti", "a_expr", "columnref"]);
        let tree = SyntaxTree::parse("SELECT a + b", &symbols).unwrap();
        let texts: Vec<_> = tree.root().unwrap().descendants().map(Node::text).collect();
        assert_eq!(texts, ["a", "a", "b", "b", "a + b"]);
    }

    #[test]
    fn a_statement_of_an_older_version_is_read() {
        let symbols = symbols(&["stmtmulti", "a_expr"]);
        assert!(SyntaxTree::parse("SELECT 5 !", &symbols).is_some());
        assert!(SyntaxTree::parse("SELECT SELECT", &symbols).is_none());
    }
}
