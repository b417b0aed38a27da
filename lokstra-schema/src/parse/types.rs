//! The names of types: `int[]`, `timestamp with time zone`, `public.mood`.

use lokstra_grammar::Node;

use super::name;
use crate::names::{Name, fold};

/// A type as a statement names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TypeName {
    /// Several words have one space between them.
    pub(crate) name: Name,
    pub(crate) is_quoted: bool,
    pub(crate) is_array: bool,
    /// Whether it is written with a length or precision.
    pub(crate) has_modifiers: bool,
}

/// Reads a `Typename`; `None` for `a.b%TYPE` and names with escapes.
pub(crate) fn type_name(node: Node<'_>) -> Option<TypeName> {
    let tree = node.tree();
    let mut words: Vec<&str> = Vec::new();
    let (mut depth, mut is_array, mut has_modifiers) = (0, false, false);
    for nth in node.tokens() {
        let token = tree.token(nth);
        match token {
            "(" => (depth, has_modifiers) = (depth + 1, true),
            "[" => (depth, is_array) = (depth + 1, true),
            ")" | "]" => depth -= 1,
            "%" if depth == 0 => return None,
            _ if depth > 0 => {}
            _ if token.eq_ignore_ascii_case("setof") && words.is_empty() => {}
            _ if token.eq_ignore_ascii_case("array") && !words.is_empty() => is_array = true,
            _ => words.push(token),
        }
    }
    let type_of = |name: Name, is_quoted| TypeName { name, is_quoted, is_array, has_modifiers };
    match words[..] {
        [one] => Some(type_of(Name { schema: None, name: fold(one)? }, one.starts_with('"'))),
        [schema, ".", one] => {
            let name = Name { schema: Some(fold(schema)?), name: fold(one)? };
            Some(type_of(name, one.starts_with('"')))
        }
        [] => name(node).map(|name| type_of(name, false)),
        _ if words.contains(&".") => None,
        // `interval day to second` is an interval.
        [first, ..] if first.eq_ignore_ascii_case("interval") => {
            Some(type_of(Name { schema: None, name: "interval".to_owned() }, false))
        }
        _ => {
            let name = words.join(" ").to_ascii_lowercase();
            Some(type_of(Name { schema: None, name }, false))
        }
    }
}
