//! Whether two texts of the server say the same: in SQL, an indent or a comment says nothing.

pub(crate) mod lexer;
mod parentheses;

use self::lexer::{Token, tokens};
use self::parentheses::without_redundant;

/// The languages whose functions are compared by their tokens. In others an indent may count.
const LANGUAGES: [&str; 2] = ["sql", "plpgsql"];

/// The properties that are SQL: definitions and expressions.
const PROPERTIES: [&str; 6] =
    ["definition", "default", "generated", "using", "with check", "tables"];

/// Whether this property says the same in both texts.
pub(crate) fn is_same(property: &str, before: &str, after: &str) -> bool {
    let same = || Some(read(before)? == read(after)?);
    PROPERTIES.contains(&property) && same().unwrap_or(false)
}

/// A token, or what stands between parentheses or brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Token(Token),
    Group(char, Vec<Node>),
}

impl Node {
    pub(crate) fn is(&self, word: &str) -> bool {
        matches!(self, Node::Token(token) if token.is(word))
    }
}

/// None if the text cannot be read with certainty.
fn read(text: &str) -> Option<(Vec<Node>, Vec<Node>)> {
    let mut tokens = tokens(text)?;
    let body = match tokens.last() {
        Some(Token::Dollar(body)) if is_known_language(&tokens) => self::body(body)?,
        _ => Vec::new(),
    };
    if !body.is_empty() {
        tokens.pop();
    }
    let mut tokens = tokens.into_iter();
    let nodes = group(&mut tokens, None)?;
    Some((nodes, body))
}

fn is_known_language(tokens: &[Token]) -> bool {
    let mut pairs = tokens.windows(2).rev();
    let language = pairs.find(|two| two[0].is("language"));
    language.is_some_and(|two| LANGUAGES.iter().any(|known| two[1].is(known)))
}

/// Its last statement ends with or without a semicolon.
fn body(text: &str) -> Option<Vec<Node>> {
    let mut body = tokens(text)?;
    while body.last().is_some_and(|token| token.is(";")) {
        body.pop();
    }
    group(&mut body.into_iter(), None)
}

/// Reads up to the sign that closes the group.
fn group(tokens: &mut impl Iterator<Item = Token>, closing: Option<char>) -> Option<Vec<Node>> {
    let mut nodes = Vec::new();
    while let Some(token) = tokens.next() {
        let closed = [')', ']'].into_iter().find(|sign| token.is(sign.encode_utf8(&mut [0; 4])));
        if closed.is_some() {
            return (closed == closing).then(|| simple(nodes));
        }
        nodes.push(match &token {
            Token::Plain(sign) if sign == "(" => Node::Group('(', group(tokens, Some(')'))?),
            Token::Plain(sign) if sign == "[" => Node::Group('[', group(tokens, Some(']'))?),
            _ => Node::Token(token),
        });
    }
    closing.is_none().then(|| simple(nodes))
}

/// Without what can be written in two ways: the server keeps the parentheses of the user.
fn simple(nodes: Vec<Node>) -> Vec<Node> {
    without_redundant(cast_elements(nodes))
}

/// `(ARRAY[a, b])::text[]` is `ARRAY[(a)::text, (b)::text]`: so it comes out when the text that the
/// server wrote is read by the server again.
fn cast_elements(mut nodes: Vec<Node>) -> Vec<Node> {
    let mut at = 0;
    while at < nodes.len() {
        if let Some((length, cast)) = cast_array(&nodes[at..]) {
            nodes.splice(at..at + length, cast);
        }
        at += 1;
    }
    nodes
}

/// How many nodes the cast of an array has, and what it is as an array of casts.
fn cast_array(nodes: &[Node]) -> Option<(usize, Vec<Node>)> {
    let [Node::Group('(', array), rest @ ..] = nodes else { return None };
    let [word, Node::Group('[', elements)] = array.as_slice() else { return None };
    let length = rest.iter().position(|node| matches!(node, Node::Group(..)))?;
    let (cast, array) = rest.split_at(length);
    let is_cast = word.is("array") && cast.first().is_some_and(|node| node.is("::"));
    if !is_cast || !matches!(array.first(), Some(Node::Group('[', empty)) if empty.is_empty()) {
        return None;
    }
    let mut converted = Vec::new();
    for element in elements.split(|node| node.is(",")) {
        if !converted.is_empty() {
            converted.push(Node::Token(Token::Plain(",".to_owned())));
        }
        converted.push(Node::Group('(', element.to_vec()));
        converted.extend_from_slice(cast);
    }
    Some((length + 2, vec![word.clone(), Node::Group('[', without_redundant(converted))]))
}

#[cfg(test)]
mod tests {
    use super::is_same;

    fn function(language: &str, body: &str) -> String {
        format!(
            "CREATE OR REPLACE FUNCTION public.f()\n RETURNS integer\n LANGUAGE {language}\n\
             AS $function${body}$function$\n"
        )
    }

    #[test]
    fn an_indent_a_comment_or_capitals_in_sql_say_nothing() {
        for (before, after) in [
            ("BEGIN\n    RETURN 1;\nEND\n", "BEGIN RETURN 1; -- as before\nEND;"),
            ("select A+1 from B", "SELECT a + 1\n/* of /* all */ */ FROM b;"),
            ("SELECT 'a' || $q$b$q$ || E'\\'' || 1..2", "SELECT 'a'||$q$b$q$||E'\\''||1 .. 2"),
            ("SELECT a <> -1, b::text, c[1]", "SELECT a<>-1 , b :: text , c [1]"),
        ] {
            for language in ["sql", "plpgsql"] {
                let (before, after) = (function(language, before), function(language, after));
                assert!(is_same("definition", &before, &after), "{before}{after}");
                assert!(!is_same("comment", &before, &after));
            }
            let other = "plpython3u";
            assert!(!is_same("definition", &function(other, before), &function(other, after)));
        }
    }

    #[test]
    fn what_is_in_quotes_counts_to_the_letter() {
        for (before, after) in [
            ("SELECT 'a b'", "SELECT 'a  b'"),
            ("SELECT 'A'", "SELECT 'a'"),
            ("SELECT \"A\"", "SELECT \"a\""),
            ("SELECT $q$a b$q$", "SELECT $q$a  b$q$"),
            ("SELECT '-- a'", "SELECT '-- b'"),
            ("SELECT E'\\' -- a'", "SELECT E'\\' -- b'"),
            ("SELECT a <@ b", "SELECT a < @ b"),
            ("SELECT a -- b", "SELECT a - b"),
            ("SELECT /*+ SeqScan(a) */ 1", "SELECT 1"),
            ("SELECT 12", "SELECT 1 2"),
            ("SELECT 1; SELECT 2", "SELECT 1 SELECT 2"),
            ("SELECT 'a", "SELECT  'a"),
        ] {
            let (before, after) = (function("sql", before), function("sql", after));
            assert!(!is_same("definition", &before, &after), "{before}{after}");
        }
    }

    #[test]
    fn parentheses_that_precedence_makes_redundant_say_nothing() {
        for (before, after) in [
            ("SELECT 1 + 1", "SELECT (1 + 1)"),
            ("RETURN a;", "RETURN (a);"),
            ("RETURN (a * b) + c;", "RETURN a * b + c;"),
            ("RETURN (a + b) - c;", "RETURN a + b - c;"),
            ("x := ((a));", "x := a;"),
            ("IF (a > 1) AND (b IS NULL) THEN", "IF a > 1 AND b IS NULL THEN"),
            (
                "BEGIN IF (NOT (a = 1)) THEN x := (1); END IF; END",
                "BEGIN IF NOT a = 1 THEN x := 1; END IF; END",
            ),
            (
                "SELECT a FROM t WHERE (b = 1 OR (c = 2)) LIMIT (1)",
                "SELECT a FROM t WHERE b = 1 OR c = 2 LIMIT 1",
            ),
            (
                "SELECT a FROM t JOIN u ON (t.b = u.b) WHERE c",
                "SELECT a FROM t JOIN u ON t.b = u.b WHERE c",
            ),
            (
                "SELECT CASE WHEN (a) THEN (b || c) ELSE (d) END",
                "SELECT CASE WHEN a THEN b || c ELSE d END",
            ),
            (
                "SELECT f((a)), (b)::text, -(c), (a || b) || c",
                "SELECT f(a), b::text, -c, a || b || c",
            ),
            ("SELECT a WHERE (b BETWEEN 1 AND 2)", "SELECT a WHERE b BETWEEN 1 AND 2"),
            ("SELECT a WHERE (b IN (1, 2)) AND c", "SELECT a WHERE b IN (1, 2) AND c"),
            ("SELECT a WHERE b = ((SELECT 1))", "SELECT a WHERE b = (SELECT 1)"),
            ("SELECT a WHERE b LIKE ('x' || c)", "SELECT a WHERE b LIKE 'x' || c"),
        ] {
            let (before, after) = (function("plpgsql", before), function("plpgsql", after));
            assert!(is_same("definition", &before, &after), "{before}{after}");
        }
    }

    #[test]
    fn parentheses_that_say_something_count() {
        for (before, after) in [
            ("SELECT a - (b - c)", "SELECT a - b - c"),
            ("SELECT (a + b) * c", "SELECT a + b * c"),
            ("SELECT a || (b || c)", "SELECT a || b || c"),
            ("SELECT (a = b) = c", "SELECT a = b = c"),
            ("SELECT NOT (a AND b)", "SELECT NOT a AND b"),
            ("SELECT (NOT a) IS NULL", "SELECT NOT a IS NULL"),
            ("SELECT (a + b)::text", "SELECT a + b::text"),
            ("SELECT -(a + b)", "SELECT -a + b"),
            ("SELECT (-1)::text", "SELECT -1::text"),
            ("SELECT (a).b", "SELECT a.b"),
            ("SELECT (a, b)", "SELECT a, b"),
            ("SELECT f((a, b))", "SELECT f(a, b)"),
            ("SELECT a IN ((SELECT 1))", "SELECT a IN (SELECT 1)"),
            ("SELECT a = ANY ((SELECT 1))", "SELECT a = ANY (SELECT 1)"),
            ("SELECT DISTINCT ON (a) b", "SELECT DISTINCT ON a b"),
            ("SELECT f(a)", "SELECT f a"),
            ("SELECT assert(a)", "SELECT assert a"),
            ("SELECT a BETWEEN 1 AND (b = c)", "SELECT a BETWEEN 1 AND b = c"),
            ("SELECT a WHERE b AND (c OR d)", "SELECT a WHERE b AND c OR d"),
            ("SELECT (a /*+ b */)", "SELECT a /*+ b */"),
            ("SELECT (a COLLATE \"C\") || b", "SELECT a COLLATE \"D\" || b"),
            ("SELECT x FROM (a) b", "SELECT x FROM a b"),
        ] {
            let (before, after) = (function("sql", before), function("sql", after));
            assert!(!is_same("definition", &before, &after), "{before}{after}");
        }
    }

    #[test]
    fn parentheses_in_a_chain_of_one_operator_say_nothing() {
        for (before, after) in [
            ("CHECK ((a OR (b OR c)))", "CHECK ((a OR b OR c))"),
            ("CHECK (((a AND b) AND (c AND (d AND e))))", "CHECK ((a AND b AND c AND d AND e))"),
            (
                "CHECK (((a)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[])))",
                "CHECK (((a)::text = ANY (ARRAY[('x'::character varying)::text, ('y'::character varying)::text])))",
            ),
        ] {
            assert!(is_same("definition", before, after), "{before}\n{after}");
            assert!(is_same("definition", after, before), "{before}\n{after}");
        }
        for (before, after) in [
            ("CHECK ((a OR (b AND c)))", "CHECK (((a OR b) AND c))"),
            ("CHECK ((a AND (b OR c)))", "CHECK ((a AND b OR c))"),
            ("CHECK ((a - (b - c)))", "CHECK ((a - b - c))"),
            ("CHECK ((a OR (b OR c)))", "CHECK ((a OR c OR b))"),
            ("CHECK ((a BETWEEN b AND (c AND d)))", "CHECK ((a BETWEEN b AND c AND d))"),
        ] {
            assert!(!is_same("definition", before, after), "{before}\n{after}");
        }
    }
}
