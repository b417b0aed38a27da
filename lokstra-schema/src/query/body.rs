//! The bodies of SQL functions, which the server checks when it makes the function.

use lokstra_grammar::{Node, SyntaxTree};

use super::scope::{Scope, Source};
use crate::apply::Replay;
use crate::catalog::Uses;
use crate::parse::{self, SYMBOLS};

/// Types that stand for others: the body is checked when the function is called.
const POLYMORPHIC: [&str; 11] = [
    "anyelement",
    "anyarray",
    "anynonarray",
    "anyenum",
    "anyrange",
    "anymultirange",
    "anycompatible",
    "anycompatiblearray",
    "anycompatiblenonarray",
    "anycompatiblerange",
    "anycompatiblemultirange",
];

impl Replay<'_> {
    /// The body of a function in SQL, behind its definition; what one of statements needs.
    pub(crate) fn sql_body(&mut self, node: Node<'_>) -> Uses {
        let mut uses = Uses::default();
        let words = parse::tokens(node);
        if words.iter().any(|word| POLYMORPHIC.contains(&word.as_str())) {
            return Uses::open();
        }
        let scope = parameters(node);
        if let Some(body) = node.child("opt_routine_body") {
            for statement in body.children() {
                self.in_body(statement, &scope, &mut uses);
            }
            return uses;
        }
        let Some(text) = parse::within(node, "func_as").next() else { return uses };
        // A text with two parts is of a library.
        let [text] = parse::all(text, "Sconst")[..] else { return uses };
        let Some((start, body)) = dollar_quoted(text.text()) else { return uses };
        let shift = text.range().start + start;
        for range in lokstra_grammar::split(body).statements {
            let tree = SyntaxTree::parse(&body[range.clone()], &SYMBOLS);
            let Some(root) = tree.as_ref().and_then(SyntaxTree::root) else { return uses };
            let statement =
                if root.symbol() == "stmtmulti" { root.children().pop() } else { Some(root) };
            let Some(statement) = statement else { continue };
            let place = self.place;
            self.place.offset += shift + range.start;
            self.in_body(statement, &scope, &mut Uses::default());
            self.place = place;
        }
        uses
    }

    fn in_body(&mut self, node: Node<'_>, scope: &Scope<'_>, uses: &mut Uses) {
        let is_query = matches!(
            node.symbol(),
            "SelectStmt" | "InsertStmt" | "UpdateStmt" | "DeleteStmt" | "select_no_parens"
        );
        if is_query {
            self.rows(node, scope, uses);
        } else if matches!(node.symbol(), "a_expr") {
            self.walk(node, scope, uses);
        } else {
            uses.is_open = true;
        }
    }
}

/// The names of the parameters, bare or behind the name of the function.
fn parameters<'o>(node: Node<'_>) -> Scope<'o> {
    let function = node.child("func_name").and_then(parse::name).map(|name| name.name);
    let mut source = Source::new(function, Vec::new(), false);
    let (mut is_open, mut composites) = (false, Vec::new());
    for argument in parse::within(node, "func_arg") {
        // What stands before the type: a mode, a name, both or none.
        let Some(ty) = argument.child("func_type") else { continue };
        let names = argument.tokens().start..ty.tokens().start;
        for nth in names {
            match crate::names::fold(node.tree().token(nth)) {
                Some(name) => {
                    // `parameter.field`
                    let fields = Source::open(Some(name.clone()));
                    composites.push(Source { is_qualified: true, ..fields });
                    let (ty, needs) = (crate::catalog::Type::OPEN, None);
                    source.fields.push(super::Field { name, ty, needs });
                }
                None => is_open = true,
            }
        }
    }
    let sources = std::iter::once(source).chain(composites).collect();
    Scope { sources, is_open, ..Scope::default() }
}

/// Where the body of a text in dollars begins, and the body.
fn dollar_quoted(text: &str) -> Option<(usize, &str)> {
    let tag = text.strip_prefix('$')?.find('$')? + 2;
    Some((tag, text.get(tag..text.len().checked_sub(tag)?)?))
}
