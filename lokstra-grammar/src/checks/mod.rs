//! What PostgreSQL refuses although its grammar takes it, whatever is in the database.

mod escapes;
mod expressions;
mod queries;
mod rules;

use std::collections::HashSet;
use std::sync::LazyLock;

pub use expressions::{COLUMN_IN_DEFAULT, COLUMN_IN_VALUES};

use crate::syntax::Symbols;
use crate::tree::{SHORTER, Tree, matches};
use escapes::of_tokens;
use rules::{DEFERRED, FORBIDDEN, ONCE, Once, ROLE_OPTIONS, WRONG};

/// Where a statement is wrong, and how PostgreSQL words it.
pub(crate) struct Fault {
    pub(crate) token: usize,
    pub(crate) message: &'static str,
}

/// Symbols that only the functions below look at.
const OTHERS: [&str; 28] = [
    "AlterOptRoleElem",
    "ColConstraintElem",
    "ConstraintAttributeElem",
    "ConstraintAttributeSpec",
    "ConstraintElem",
    "CreateForeignTableStmt",
    "CreateFunctionStmt",
    "CreateSchemaStmt",
    "CreateStmt",
    "PartitionSpec",
    "RowSecurityDefaultPermissive",
    "aggr_arg",
    "arg_class",
    "enum_val_list",
    "from_clause",
    "hash_partbound",
    "insert_rest",
    "offset_clause",
    "oper_argtypes",
    "opt_float",
    "opt_routine_body",
    "schema_stmt",
    "select_no_parens",
    "select_with_parens",
    "set_clause",
    "simple_select",
    "sort_clause",
    "values_clause",
];
const MORE: [&str; 3] = ["target_el", "target_list", "with_clause"];

/// The symbols of the grammar of which the parser makes nodes.
pub(crate) static SYMBOLS: LazyLock<Symbols> = LazyLock::new(|| {
    let patterns = FORBIDDEN.iter().chain(WRONG).map(|(symbol, ..)| *symbol);
    let lists = ONCE.iter().flat_map(|once| [once.list, once.element]);
    let mut symbols: Vec<_> =
        patterns.chain(lists).chain(OTHERS).chain(MORE).chain(expressions::LOOKED_FOR).collect();
    symbols.sort_unstable();
    symbols.dedup();
    Symbols::new(symbols)
});

/// For each symbol, what of the tables is about it.
static OF_SYMBOL: LazyLock<Vec<[Vec<usize>; 3]>> = LazyLock::new(|| {
    let of = |name: &str, symbols: &mut dyn Iterator<Item = &str>| {
        symbols.enumerate().filter(|(_, it)| *it == name).map(|(nth, _)| nth).collect()
    };
    let entries = |name: &&str| {
        [
            of(name, &mut FORBIDDEN.iter().map(|(symbol, ..)| *symbol)),
            of(name, &mut WRONG.iter().map(|(symbol, ..)| *symbol)),
            of(name, &mut ONCE.iter().map(|once| once.list)),
        ]
    };
    SYMBOLS.names().iter().map(entries).collect()
});

/// The first fault of a statement that the grammar takes.
pub(crate) fn fault(tree: &Tree<'_>) -> Option<Fault> {
    if let Some(fault) = of_tokens(tree) {
        return Some(fault);
    }
    let is = |nth: Option<usize>, word: &str| {
        nth.is_some_and(|nth| tree.token(nth).eq_ignore_ascii_case(word))
    };
    let is_if_exists = |nth: usize| {
        let before = nth.checked_sub(1 + usize::from(is(nth.checked_sub(1), "not")));
        is(Some(nth), "exists") && is(before, "if")
    };
    let is_sure = LazyLock::new(|| !(0..tree.tokens.len()).any(is_if_exists));
    let mut checker = Checker { tree, options: vec![0; tree.nodes.len()] };
    let (mut first, sure) = (None, &is_sure);
    for nth in 0..tree.nodes.len() {
        if tree.nodes[nth].symbol == SHORTER {
            continue;
        }
        let found = checker.check(nth);
        let found = found.filter(|(_, is_always)| *is_always || **sure).map(|(fault, _)| fault);
        first = first.or(found);
        if first.is_some() {
            break;
        }
    }
    first
}

struct Checker<'a> {
    tree: &'a Tree<'a>,
    /// What a query has: for each node, some of the bits of [`queries::OPTIONS`].
    options: Vec<u8>,
}

/// A fault, and whether the parser itself looks for it.
type Found = Option<(Fault, bool)>;

impl Checker<'_> {
    fn name(&self, nth: usize) -> &'static str {
        SYMBOLS.names().get(usize::from(self.tree.nodes[nth].symbol)).copied().unwrap_or_default()
    }

    fn check(&mut self, nth: usize) -> Found {
        let node = &self.tree.nodes[nth];
        let [forbidden, wrong, once] = &OF_SYMBOL[usize::from(node.symbol)];
        let here = |message| Fault { token: node.start as usize, message };
        if !forbidden.is_empty() || !wrong.is_empty() {
            let outside = self.tree.outside(node);
            let reads = |(_, pattern, _): &&(&str, &str, &str)| matches(&outside, pattern);
            if let Some((.., message)) = forbidden.iter().map(|nth| &FORBIDDEN[*nth]).find(reads) {
                return Some((here(message), true));
            }
            if let Some((.., message)) = wrong.iter().map(|nth| &WRONG[*nth]).find(reads) {
                return Some((here(message), false));
            }
        }
        let twice = once.iter().map(|nth| &ONCE[*nth]).find_map(|once| self.twice(nth, once));
        twice.or_else(|| {
            expressions::fault(self.tree, nth).or_else(|| {
                let (message, is_always) = self.other(nth)?;
                Some((here(message), is_always))
            })
        })
    }

    fn twice(&self, nth: usize, once: &Once) -> Found {
        let mut elements: Vec<_> =
            self.tree.children(nth).filter(|child| self.name(*child) == once.element).collect();
        elements.reverse();
        if elements.len() < 2 {
            return None;
        }
        let mut seen: HashSet<(usize, String)> = HashSet::new();
        for element in elements {
            let node = &self.tree.nodes[element];
            let fault = Fault { token: node.start as usize, message: once.message };
            let kind = if once.kinds.is_empty() {
                // `a.b` is a part of a column.
                let is_part = once.element == "insert_column_item" && node.end > node.start + 1;
                let word = self.tree.name(node.start as usize).filter(|_| !is_part);
                word.map(|word| (0, word))
            } else {
                let outside = self.tree.outside(node);
                let kind =
                    once.kinds.iter().position(|kind| kind.iter().any(|it| matches(&outside, it)));
                // What may stand twice if it is the same.
                let is_null = once.kinds[0].contains(&"not null");
                kind.map(|kind| {
                    (kind, if is_null { outside.len().to_string() } else { String::new() })
                })
            };
            let Some(kind) = kind else { continue };
            let is_null = once.kinds.first().is_some_and(|kind| kind.contains(&"not null"));
            let is_first = seen.insert(kind);
            if is_null && seen.len() == 2 || !is_null && !is_first {
                return Some((fault, once.is_always));
            }
        }
        None
    }

    fn other(&mut self, nth: usize) -> Option<(&'static str, bool)> {
        let tree = self.tree;
        let node = &tree.nodes[nth];
        let first = node.start as usize;
        let word = |nth: usize, words: &str| {
            words.split(' ').any(|word| tree.token(first + nth).eq_ignore_ascii_case(word))
        };
        let count = node.end - node.start;
        let always = |message| Some((message, true));
        let has_child = |name: &str| tree.children(nth).any(|child| self.name(child) == name);
        match self.name(nth) {
            "AlterOptRoleElem" if count == 1 => {
                let option = tree.name(first)?;
                let is_known = ROLE_OPTIONS.split(' ').any(|known| known == option);
                (!is_known).then_some(("unrecognized role option", true))
            }
            "RowSecurityDefaultPermissive" => {
                let name = tree.name(first + 1)?;
                let is_known = matches!(&*name, "permissive" | "restrictive");
                (!is_known).then_some(("unrecognized row security option", true))
            }
            "PartitionSpec" => {
                let name = tree.name(first + 2)?;
                let is_known = matches!(&*name, "list" | "range" | "hash");
                (!is_known).then_some(("unrecognized partitioning strategy", false))
            }
            "hash_partbound" => {
                let mut names = tree.text(node).step_by(3).map(str::to_ascii_lowercase);
                let (one, two, more) = (names.next()?, names.next(), names.next());
                let names = [Some(&*one), two.as_deref()];
                let is_right = more.is_none()
                    && (names == [Some("modulus"), Some("remainder")]
                        || names == [Some("remainder"), Some("modulus")]);
                // A name may be quoted.
                (!is_right && !one.starts_with('"')).then_some((
                    "modulus and remainder of a hash partition must be specified once",
                    true,
                ))
            }
            "opt_float" => match tree.token(first + 1).parse::<u64>() {
                Ok(0) => always("precision for type float must be at least 1 bit"),
                Ok(54..) => always("precision for type float must be less than 54 bits"),
                _ => None,
            },
            "oper_argtypes" => match tree.widths(node)[..] {
                [(_, Some(1))] => always("missing argument"),
                _ => None,
            },
            "aggr_arg" if word(0, "out inout") || word(1, "out inout") && count > 2 => {
                always("aggregates cannot have output arguments")
            }
            "CreateSchemaStmt" if word(2, "if") && has_child("schema_stmt") => {
                always("CREATE SCHEMA IF NOT EXISTS cannot include schema elements")
            }
            "ConstraintAttributeSpec" => {
                let elements: Vec<_> = tree.text(node).collect();
                let has = |pattern| matches(&elements, pattern);
                let is_not = has("… not deferrable …");
                if is_not && has("… initially deferred …") {
                    return always(DEFERRED);
                }
                let is_both = has("… initially deferred …") && has("… initially immediate …")
                    || is_not && (has("deferrable …") || has("… !not deferrable …"));
                is_both.then_some(("conflicting constraint properties", true))
            }
            "CreateStmt" | "CreateForeignTableStmt" => {
                let nodes = tree.within(nth).iter().filter(|node| {
                    let name = SYMBOLS.names().get(usize::from(node.symbol));
                    matches!(name, Some(&"ColConstraintElem" | &"ConstraintElem"))
                        && tree.token(node.start as usize).eq_ignore_ascii_case("primary")
                });
                (nodes.count() > 1)
                    .then_some(("multiple primary keys for a table are not allowed", false))
            }
            _ => self.lists(nth),
        }
    }

    /// What is about lists and queries.
    fn lists(&mut self, nth: usize) -> Option<(&'static str, bool)> {
        let tree = self.tree;
        let node = &tree.nodes[nth];
        let always = |message| Some((message, true));
        let word = |nth: usize, word: &str| {
            tree.token(node.start as usize + nth).eq_ignore_ascii_case(word)
        };
        match self.name(nth) {
            "enum_val_list" => {
                let mut labels = HashSet::new();
                let mut plain = tree.text(node).filter(|text| text.starts_with('\''));
                plain
                    .any(|label| !labels.insert(label))
                    .then_some(("this enum label is used more than once", true))
            }
            "values_clause" => {
                let widths: Vec<_> =
                    tree.widths(node).into_iter().map(|(_, width)| width).collect();
                let known = widths.first().copied().flatten()?;
                let is_other = |width: &Option<usize>| width.is_some_and(|width| width != known);
                widths
                    .iter()
                    .any(is_other)
                    .then_some(("VALUES lists must all be the same length", true))
            }
            "ColConstraintElem" if word(0, "references") => {
                self.reference(nth, 1).then_some((KEYS_DISAGREE, false))
            }
            "ConstraintElem" if word(0, "foreign") => {
                let width = tree.widths(node).first().copied()?.1?;
                self.reference(nth, width).then_some((KEYS_DISAGREE, false))
            }
            "set_clause" => {
                let outside = tree.outside(node);
                let is_row = matches(&outside, "( ) = ( )") || matches(&outside, "( ) = row ( )");
                let widths = tree.widths(node);
                let [(_, Some(columns)), (_, Some(values))] = widths[..] else { return None };
                (is_row && values > 1 && columns != values)
                    .then_some(("number of columns does not match number of values", true))
            }
            "CreateFunctionStmt" => self.function(nth),
            "insert_rest" => {
                let list = tree.children(nth).find(|it| self.name(*it) == "insert_column_list")?;
                let items = |it: &usize| self.name(*it) == "insert_column_item";
                let columns = tree.children(list).filter(items).count();
                let query = tree.children(nth).find(|it| self.name(*it).starts_with("select_"))?;
                match self.width(query)? {
                    width if width > columns => {
                        always("INSERT has more expressions than target columns")
                    }
                    width if width < columns => {
                        always("INSERT has more target columns than expressions")
                    }
                    _ => None,
                }
            }
            "simple_select" => self.select(nth),
            "select_with_parens" => {
                let inner = tree.children(nth).find(|it| self.name(*it).starts_with("select_"))?;
                self.options[nth] = self.options[inner];
                None
            }
            "select_no_parens" => self.query(nth),
            _ => None,
        }
    }

    /// Whether `REFERENCES a (b, c)` names another number of columns.
    fn reference(&self, nth: usize, width: usize) -> bool {
        let tree = self.tree;
        let node = &tree.nodes[nth];
        let outside = tree.outside(node);
        let Some(at) = outside.iter().position(|it| it.eq_ignore_ascii_case("references")) else {
            return false;
        };
        let names = ["? (", "? . ? (", "? . ? . ? ("];
        let before = outside[..at].iter().filter(|it| **it == "(").count();
        let is_list = names.iter().any(|names| matches(&outside[at + 1..], &format!("{names} …")));
        let widths = tree.widths(node);
        is_list && widths.get(before).is_some_and(|(_, it)| it.is_some_and(|it| it != width))
    }

    fn function(&self, nth: usize) -> Option<(&'static str, bool)> {
        let tree = self.tree;
        let node = &tree.nodes[nth];
        let children: Vec<_> = tree.children(nth).collect();
        let find = |name| children.iter().copied().find(|it| self.name(*it) == name);
        let is_output = |it: &super::tree::Node| {
            self.tree
                .text(it)
                .any(|it| ["out", "inout"].iter().any(|word| it.eq_ignore_ascii_case(word)))
        };
        if matches(&tree.outside(node), "… returns table ( ) …")
            && tree.within(nth).iter().any(|it| {
                SYMBOLS.names().get(usize::from(it.symbol)) == Some(&"arg_class") && is_output(it)
            })
        {
            return Some(("OUT and INOUT arguments aren't allowed in TABLE functions", true));
        }
        let has_body = find("opt_routine_body").is_some();
        let options = find("createfunc_opt_list");
        let has = |word: &str| {
            let mut items = options.into_iter().flat_map(|list| tree.children(list));
            items.any(|it| tree.token(tree.nodes[it].start as usize).eq_ignore_ascii_case(word))
        };
        if has_body {
            return has("as").then_some(("duplicate function body specified", true));
        }
        if !has("language") {
            return Some(("no language specified", true));
        }
        (!has("as")).then_some(("no function body specified", true))
    }
}

const KEYS_DISAGREE: &str = "number of referencing and referenced columns for foreign key disagree";
