//! Pairs of parentheses that change nothing, by the precedence of PostgreSQL's operators.
//!
//! Only what is certain goes: a pair stays where this file does not know what is inside or beside it.

use crate::meaning::Node;
use crate::meaning::lexer::Token;

/// How tightly an operator binds, from the grammar of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// What is not known, so that it counts as the loosest.
    Any,
    Or,
    And,
    Not,
    Is,
    Comparison,
    Like,
    Operator,
    Sum,
    Product,
    Power,
    /// What the server applies before all of these: a cast, a collation.
    Suffix,
    /// A name, a literal, a call: there is no operator.
    Primary,
}

impl Level {
    /// Whether `a . (b . c)` is `a . b . c`.
    fn is_associative(self) -> bool {
        matches!(self, Level::Or | Level::And)
    }

    /// Whether `(a . b) . c` is `a . b . c`.
    fn is_left(self) -> bool {
        !matches!(self, Level::Not | Level::Is | Level::Comparison | Level::Like | Level::Suffix)
    }
}

/// What stands beside a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Neighbour {
    /// An expression ends here.
    Edge,
    Operator(Level),
    /// Only a name or a literal is the same with the pair as without.
    Tight,
    Unknown,
}

/// Begin an expression.
const OPENINGS: [&str; 13] = [
    "select",
    "where",
    "having",
    "when",
    "then",
    "else",
    "case",
    "default",
    "returning",
    "limit",
    "offset",
    "on",
    "by",
];

/// Begin an expression as the first word of a statement.
const STATEMENTS: [&str; 9] =
    ["if", "elsif", "elseif", "while", "return", "perform", "execute", "assert", "until"];

/// End an expression.
const CLOSINGS: [&str; 33] = [
    ",",
    ";",
    "then",
    "loop",
    "from",
    "where",
    "group",
    "order",
    "having",
    "limit",
    "offset",
    "as",
    "else",
    "when",
    "end",
    "union",
    "intersect",
    "except",
    "returning",
    "into",
    "window",
    "for",
    "fetch",
    "join",
    "left",
    "right",
    "inner",
    "cross",
    "full",
    "natural",
    "asc",
    "desc",
    "nulls",
];

/// Begin a query, or something else that is no expression.
const QUERIES: [&str; 8] =
    ["select", "with", "values", "table", "insert", "update", "delete", "default"];

/// Leaves out the pairs that change nothing.
pub(crate) fn without_redundant(nodes: Vec<Node>) -> Vec<Node> {
    let mut kept: Vec<Node> = Vec::with_capacity(nodes.len());
    let mut nodes = nodes.into_iter().peekable();
    let mut is_between = false;
    while let Some(node) = nodes.next() {
        // The AND of BETWEEN joins nothing.
        is_between = !node.is(";") && (is_between || node.is("between"));
        match node {
            Node::Group('(', inner)
                if is_redundant(&inner, before(&kept), behind(nodes.peek()), is_between) =>
            {
                kept.extend(inner);
            }
            node => kept.push(node),
        }
    }
    kept
}

fn is_redundant(inner: &[Node], before: Neighbour, behind: Neighbour, is_between: bool) -> bool {
    let Some(inner) = level(inner) else { return false };
    if inner == Level::Primary {
        return before != Neighbour::Unknown && behind != Neighbour::Unknown;
    }
    let is_safe = |level: Level| !(is_between && level <= Level::Like);
    let is_before = match before {
        Neighbour::Edge => true,
        Neighbour::Operator(level) => {
            is_safe(level) && (inner > level || inner == level && level.is_associative())
        }
        Neighbour::Tight | Neighbour::Unknown => false,
    };
    let is_behind = match behind {
        Neighbour::Edge => true,
        Neighbour::Operator(level) => {
            is_safe(level) && (inner > level || inner == level && level.is_left())
        }
        Neighbour::Tight | Neighbour::Unknown => false,
    };
    is_before && is_behind
}

/// What stands before a pair, at the end of these.
fn before(nodes: &[Node]) -> Neighbour {
    let Some(last) = nodes.last() else { return Neighbour::Edge };
    let Node::Token(Token::Plain(word)) = last else { return Neighbour::Unknown };
    let earlier = &nodes[..nodes.len() - 1];
    let is_behind =
        |words: &[&str]| earlier.last().is_some_and(|node| words.iter().any(|it| node.is(it)));
    match word.as_str() {
        "," | ";" | ":=" | "=>" => Neighbour::Edge,
        "on" if is_behind(&["distinct"]) => Neighbour::Unknown,
        "by" if !is_behind(&["order", "group", "partition"]) => Neighbour::Unknown,
        word if OPENINGS.contains(&word) => Neighbour::Edge,
        // Elsewhere these may be names.
        word if STATEMENTS.contains(&word) => {
            let is_first =
                earlier.is_empty() || is_behind(&[";", "then", "else", "loop", "begin", ">>"]);
            if is_first { Neighbour::Edge } else { Neighbour::Unknown }
        }
        word => match operator(word) {
            None | Some(Level::Is | Level::Suffix) => Neighbour::Unknown,
            Some(Level::Like) if !matches!(word, "like" | "ilike") => Neighbour::Unknown,
            Some(Level::Not) => Neighbour::Operator(Level::Not),
            Some(level) if is_operand(earlier.last()) => Neighbour::Operator(level),
            Some(_) => Neighbour::Tight,
        },
    }
}

/// Whether this can be the left side of an operator.
fn is_operand(node: Option<&Node>) -> bool {
    match node {
        None => false,
        Some(Node::Token(Token::Plain(word))) => {
            let word = word.as_str();
            let is_opening = OPENINGS.contains(&word) || STATEMENTS.contains(&word);
            !is_opening
                && operator(word).is_none()
                && !matches!(word, "," | ";" | ":=" | "=>" | "::" | ".." | ".")
        }
        Some(_) => true,
    }
}

fn behind(node: Option<&Node>) -> Neighbour {
    match node {
        None => Neighbour::Edge,
        Some(Node::Token(Token::Plain(word))) if CLOSINGS.contains(&word.as_str()) => {
            Neighbour::Edge
        }
        Some(Node::Token(Token::Plain(word))) => match operator(word) {
            Some(Level::Suffix) => Neighbour::Tight,
            Some(level) => Neighbour::Operator(level),
            None => Neighbour::Unknown,
        },
        Some(_) => Neighbour::Unknown,
    }
}

/// How tightly a word or a sign binds what is beside it.
fn operator(word: &str) -> Option<Level> {
    Some(match word {
        "or" => Level::Or,
        "and" => Level::And,
        "not" => Level::Not,
        "is" | "isnull" | "notnull" => Level::Is,
        "<" | ">" | "=" | "<=" | ">=" | "<>" | "!=" => Level::Comparison,
        "between" | "in" | "like" | "ilike" | "similar" => Level::Like,
        "+" | "-" => Level::Sum,
        "*" | "/" | "%" => Level::Product,
        "^" => Level::Power,
        "::" | "collate" | "at" => Level::Suffix,
        _ if word.chars().all(|sign| crate::meaning::lexer::OPERATORS.contains(sign)) => {
            Level::Operator
        }
        _ => return None,
    })
}

/// The loosest operator of an expression; `None` for what is no single expression.
fn level(nodes: &[Node]) -> Option<Level> {
    let first = nodes.first()?;
    if QUERIES.iter().any(|word| first.is(word)) {
        return None;
    }
    let mut loosest = Level::Primary;
    for (nth, node) in nodes.iter().enumerate() {
        let word = match node {
            Node::Token(Token::Plain(word)) => word.as_str(),
            Node::Token(Token::Exact(text)) if text.starts_with("/*") => return None,
            Node::Group(..) | Node::Token(_) => continue,
        };
        let level = match word {
            "," | ";" | "as" | ":=" | "=>" | ".." | ":" => return None,
            "case" | "between" | "operator" | "overlaps" | "variadic" | "order" | "from"
            | "union" | "intersect" | "except" | "distinct" | "join" => Level::Any,
            _ => match operator(word) {
                None => continue,
                Some(Level::Suffix) if word == "::" => continue,
                Some(Level::Not) if nth > 0 && is_operand(nodes.get(nth - 1)) => Level::Is,
                Some(Level::Not) => Level::Not,
                // What is tighter is taken for looser than it is.
                Some(Level::Is | Level::Like | Level::Suffix) => Level::Is,
                Some(level) if nth > 0 && is_operand(nodes.get(nth - 1)) => level,
                Some(_) => Level::Any,
            },
        };
        loosest = loosest.min(level);
    }
    Some(loosest)
}

#[cfg(test)]
mod tests {
    use lokstra_runtime::Pool;
    use lokstra_scratch::Server;

    use crate::meaning::is_same;

    /// A sequence of numbers that is the same in each run.
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % end as u64).unwrap()
        }

        fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
            words[self.below(words.len())]
        }
    }

    /// A tree of operators as text: `{` and `}` stand where parentheses may.
    fn expression(random: &mut Random, depth: u32) -> String {
        if depth == 0 || random.below(6) == 0 {
            return random.of(&["i", "j", "3", "p", "q", "s", "'x'", "{3}", "t.i"]).to_owned();
        }
        let mut part = || {
            let part = expression(random, depth - 1);
            if random.below(4) == 0 { part } else { format!("{{{part}}}") }
        };
        let (a, b, c) = (part(), part(), part());
        match random.below(16) {
            0 => format!("{a} IS NULL"),
            1 => format!("NOT {a}"),
            2 => format!("- {a}"),
            3 => format!("{a} BETWEEN {b} AND {c}"),
            4 => format!("{a} IN ({b}, {c})"),
            5 => format!("CASE WHEN {a} THEN {b} ELSE {c} END"),
            6 => format!("{a}::text"),
            7 => format!("coalesce({a}, {b})"),
            8 => format!("{a} NOT LIKE {b}"),
            9 => format!("{a} {} {b}", random.of(&["AND", "OR"])),
            10 => format!("{a} {} {b}", random.of(&["||", "=", "<", "<>"])),
            11 => format!("@ {a}"),
            _ => format!("{a} {} {b}", random.of(&["+", "-", "*", "/", "%", "AND", "OR"])),
        }
    }

    /// Some of its pairs.
    fn with_some(random: &mut Random, expression: &str) -> String {
        let mut open = Vec::new();
        let mut text = String::new();
        for sign in expression.chars() {
            match sign {
                '{' => {
                    open.push(random.below(2) == 0);
                    text.push_str(if open.last() == Some(&true) { "(" } else { "" });
                }
                '}' => text.push_str(if open.pop() == Some(true) { ")" } else { "" }),
                sign => text.push(sign),
            }
        }
        text
    }

    #[test]
    fn what_is_the_same_without_a_pair_is_the_same_to_the_server() {
        let database = Server::shared().unwrap().database().unwrap();
        let mut client = Pool::from_url(database.url()).connect().unwrap();
        client.batch_execute("CREATE TABLE t (i int, j int, p bool, q bool, s text)").unwrap();
        // How the server reads it, and what comes out: chains of AND and OR are read as they are written.
        let mut meaning = |expression: &str| {
            let view =
                format!("CREATE OR REPLACE VIEW v AS SELECT ({expression})::text AS x FROM t");
            client.batch_execute(&view).ok()?;
            let read = client.query_one("SELECT pg_get_viewdef('v'::regclass)", &[]).unwrap();
            let value = client.query_one("SELECT array_agg(x)::text FROM v", &[]).ok();
            let value = value.map(|row| row.get::<_, Option<String>>(0));
            Some((read.get::<_, String>(0), value))
        };
        let mut random = Random(0x5eed);
        let (mut same, mut other) = (0, 0);
        for _ in 0..6_000 {
            let tree = expression(&mut random, 3);
            let (one, two) = (with_some(&mut random, &tree), with_some(&mut random, &tree));
            if one == two {
                continue;
            }
            let (before, after) = (meaning(&one), meaning(&two));
            if before.is_none() && after.is_none() {
                continue;
            }
            if is_same("definition", &format!("SELECT {one}"), &format!("SELECT {two}")) {
                let (before, after) = (before.unwrap(), after.unwrap());
                assert_eq!(before.1, after.1, "{one}\n{two}");
                let chain = [" AND (", " OR ("].iter().any(|it| before.0.contains(it));
                assert!(before.0 == after.0 || chain, "{one}\n{two}");
                same += 1;
            } else {
                other += usize::from(before == after);
            }
        }
        assert!(same > 100 && same > 2 * other, "{same} found, {other} not");
    }
}
