//! What the parser has read: the parts of a statement that a check looks at.

use crate::tokens::{Kind, Token};

/// A part of a statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    /// Which of the symbols that are looked at.
    pub(crate) symbol: u16,
    /// Its tokens.
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// The first of the nodes in it: they stand before it.
    pub(crate) first: u32,
}

/// The symbol of a list that is part of a longer one.
pub(crate) const SHORTER: u16 = u16::MAX;

/// A statement with its nodes, each behind those that are in it.
pub(crate) struct Tree<'a> {
    pub(crate) text: &'a str,
    pub(crate) tokens: &'a [Token],
    pub(crate) nodes: &'a [Node],
}

impl<'a> Tree<'a> {
    pub(crate) fn token(&self, nth: usize) -> &'a str {
        self.tokens.get(nth).map_or("", |token| &self.text[token.start..token.end])
    }

    pub(crate) fn text(&self, node: &Node) -> impl DoubleEndedIterator<Item = &'a str> {
        (node.start as usize..node.end as usize).map(|nth| self.token(nth))
    }

    /// The tokens outside of parentheses, with the parentheses.
    pub(crate) fn outside(&self, node: &Node) -> Vec<&'a str> {
        let mut depth = 0;
        let mut outside = Vec::new();
        for text in self.text(node) {
            depth -= usize::from(text == ")" && depth > 0);
            if depth == 0 {
                outside.push(text);
            }
            depth += usize::from(text == "(");
        }
        outside
    }

    /// All nodes in a node.
    pub(crate) fn within(&self, nth: usize) -> &'a [Node] {
        &self.nodes[self.nodes[nth].first as usize..nth]
    }

    /// The nodes in a node that are in no other one within it, the last first.
    pub(crate) fn children(&self, nth: usize) -> impl Iterator<Item = usize> + use<'a> {
        let nodes = self.nodes;
        let first = nodes[nth].first as usize;
        let mut end = nth;
        std::iter::from_fn(move || {
            while end > first {
                let child = end - 1;
                end = match nodes[child].symbol {
                    SHORTER => child,
                    _ => nodes[child].first as usize,
                };
                if nodes[child].symbol != SHORTER {
                    return Some(child);
                }
            }
            None
        })
    }

    /// A name as the server folds it; `None` for what needs more than that.
    pub(crate) fn name(&self, nth: usize) -> Option<String> {
        let text = self.token(nth);
        let name = match self.tokens.get(nth)?.kind {
            Kind::Word if text.is_ascii() => text.to_ascii_lowercase(),
            Kind::Named(super::tokens::NAME) => {
                text.strip_prefix('"')?.strip_suffix('"')?.replace("\"\"", "\"")
            }
            _ => return None,
        };
        (name.len() <= 63).then_some(name)
    }

    /// How many lists in parentheses there are in a node at its highest level, and how many elements
    /// each has; `None` for one that has as many as a table or a value has columns.
    pub(crate) fn widths(&self, node: &Node) -> Vec<(u32, Option<usize>)> {
        let mut found = Vec::new();
        let (mut depth, mut width) = (0, Some(1));
        let mut before = "";
        for nth in node.start..node.end {
            let text = self.token(nth as usize);
            match text {
                ")" | "]" => {
                    depth -= 1;
                    if depth == 0 && text == ")" {
                        found.push((nth, width.filter(|_| before != "(")));
                    }
                }
                "(" | "[" => {
                    depth += 1;
                    if depth == 1 {
                        width = Some(1);
                    }
                }
                "," if depth == 1 => width = width.map(|width| width + 1),
                "*" if depth == 1 && matches!(before, "." | "," | "(") => width = None,
                _ => {}
            }
            before = text;
        }
        found
    }
}

/// Whether these tokens are what a pattern says: words, `a|b` for one of two, `!a` for any other one,
/// `?` for one, `…` for as many as there are.
pub(crate) fn matches(tokens: &[&str], pattern: &str) -> bool {
    let pattern: Vec<&str> = pattern.split(' ').collect();
    rest_matches(tokens, &pattern)
}

fn rest_matches(tokens: &[&str], pattern: &[&str]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return tokens.is_empty() };
    if *first == "…" {
        // Behind the last, everything is as it should be.
        return rest.is_empty() || (0..=tokens.len()).any(|at| rest_matches(&tokens[at..], rest));
    }
    let is = |words: &str, token: &str| words.split('|').any(|it| it.eq_ignore_ascii_case(token));
    tokens.split_first().is_some_and(|(token, tokens)| {
        let fits = match first.strip_prefix('!') {
            Some(words) => !is(words, token),
            None => *first == "?" || is(first, token),
        };
        fits && rest_matches(tokens, rest)
    })
}
