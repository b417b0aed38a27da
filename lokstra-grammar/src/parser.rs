//! The automaton that bison makes of PostgreSQL's gram.y: reads tokens with the tables of one version, and
//! keeps the nodes that are asked for.
//!
//! The tables are those of PostgreSQL (see data/NOTICE); the corpus test writes and compares them.

use crate::tables::{Action, Grammar};
use crate::tokens::Token;
use crate::tree::{Node, SHORTER};

/// What the automaton made of a statement.
pub(crate) enum Parsed {
    Accepted(Vec<Node>),
    /// The first token that the grammar does not take; one more than there are is the end.
    Refused(usize),
}

/// What the parser has read and not yet made a part of something.
#[derive(Clone, Copy)]
struct Entry {
    state: u32,
    /// Its first token, and how many nodes were made before it.
    start: u32,
    nodes: u32,
    /// The node of the symbol itself, or [`NO_NODE`].
    node: u32,
}

const NO_NODE: u32 = u32::MAX;

/// For each symbol of a grammar the number of its nodes, or [`SHORTER`] if it makes none.
#[derive(Debug)]
pub(crate) struct Noted {
    pub(crate) numbers: Vec<u16>,
    /// By number, whether a symbol that begins with another of its kind contains that one: `a + b`. In a list,
    /// the longer takes the place of the shorter.
    pub(crate) is_nested: Vec<bool>,
}

pub(crate) fn parse(grammar: &Grammar, noted: &Noted, text: &str, tokens: &[Token]) -> Parsed {
    let number = |nth: usize| match tokens.get(nth) {
        Some(token) => grammar.token(token.kind, &text.as_bytes()[token.start..token.end]),
        None => 0,
    };
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let mut nodes: Vec<Node> = Vec::new();
    let mut states = vec![Entry { state: 0, start: 0, nodes: 0, node: NO_NODE }];
    let mut state = 0;
    let mut next = number(0);
    for nth in 0..=tokens.len() {
        let mut token = next;
        next = number(nth + 1);
        token = grammar.before(token, next);
        loop {
            match grammar.action(state, token) {
                Action::Shift(shifted) => {
                    state = shifted;
                    let (start, nodes) = (small(nth), small(nodes.len()));
                    states.push(Entry { state: small(state), start, nodes, node: NO_NODE });
                    break;
                }
                Action::Reduce(rule) => {
                    let below = states.len() - grammar.length(rule);
                    let mut made = Entry {
                        state: 0,
                        start: small(nth),
                        nodes: small(nodes.len()),
                        node: NO_NODE,
                    };
                    made =
                        states.get(below).map_or(made, |first| Entry { node: NO_NODE, ..*first });
                    let symbol = noted.numbers[grammar.made(rule)];
                    if symbol != SHORTER && (made.start as usize) < nth {
                        // A list that has become longer is one list.
                        let first = states.get(below).map_or(NO_NODE, |first| first.node);
                        if let Some(first) = nodes.get_mut(first as usize)
                            && first.symbol == symbol
                            && !noted.is_nested[usize::from(symbol)]
                        {
                            first.symbol = SHORTER;
                        }
                        made.node = small(nodes.len());
                        let (start, end, first) = (made.start, small(nth), made.nodes);
                        nodes.push(Node { symbol, start, end, first });
                    }
                    states.truncate(below);
                    let before = states.last().map_or(0, |entry| entry.state as usize);
                    state = grammar.after(rule, before);
                    states.push(Entry { state: small(state), ..made });
                }
                Action::Accept => return Parsed::Accepted(nodes),
                Action::Refuse => return Parsed::Refused(nth),
            }
        }
    }
    Parsed::Refused(tokens.len())
}
