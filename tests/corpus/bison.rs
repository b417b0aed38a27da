//! A parser that bison made, read from its C source: the rules of the grammar and the tables.

use std::collections::{HashMap, HashSet};

pub(crate) struct Bison {
    /// The symbols, tokens first.
    pub(crate) names: Vec<String>,
    /// How many of them are tokens.
    pub(crate) tokens: usize,
    /// What each rule makes, and of what.
    pub(crate) rules: Vec<(usize, Vec<usize>)>,
    tables: HashMap<&'static str, Vec<i32>>,
    end: i32,
    no_row: i32,
    no_action: i32,
}

/// The tables that the build needs, in the order of the file, and the bytes that an entry takes.
const TABLES: [(&str, usize); 8] = [
    ("yypact", 4),
    ("yydefact", 2),
    ("yypgoto", 2),
    ("yydefgoto", 2),
    ("yytable", 2),
    ("yycheck", 2),
    ("yyr1", 2),
    ("yyr2", 1),
];

impl Bison {
    pub(crate) fn read(source: &str) -> Bison {
        let table = |name| numbers(table(source, name)).collect::<Vec<i32>>();
        let (made, lengths) = (table("yyr1"), table("yyr2"));
        let (starts, parts) = (table("yyprhs"), table("yyrhs"));
        let rules = (1..made.len()).map(|nth| {
            let start = index(starts[nth]);
            let parts = &parts[start..start + index(lengths[nth])];
            (index(made[nth]), parts.iter().map(|part| index(*part)).collect())
        });
        Bison {
            names: names(self::table(source, "yytname")),
            tokens: index(define(source, "YYNTOKENS")),
            rules: rules.collect(),
            tables: TABLES.iter().map(|(name, _)| (*name, table(name))).collect(),
            end: define(source, "YYFINAL"),
            no_row: define(source, "YYPACT_NINF"),
            no_action: define(source, "YYTABLE_NINF"),
        }
    }

    pub(crate) fn symbol(&self, name: &str) -> usize {
        let nth = self.names.iter().position(|it| it == name);
        nth.unwrap_or_else(|| panic!("no symbol {name}"))
    }

    /// The file that the build includes: eight numbers, the tables, and each token with its number,
    /// keywords as they are written, and each
    /// other symbol behind a dot.
    pub(crate) fn file(&self, keywords: &[(String, String)]) -> Vec<u8> {
        let length = |name| i32::try_from(self.tables[name].len()).unwrap();
        let head = [
            i32::try_from(self.tokens).unwrap(),
            self.end,
            self.no_row,
            self.no_action,
            length("yypact"),
            length("yypgoto"),
            length("yytable"),
            length("yyr1"),
        ];
        let mut file: Vec<u8> = head.into_iter().flat_map(i32::to_le_bytes).collect();
        for (name, size) in TABLES {
            for entry in &self.tables[name] {
                file.extend(&entry.to_le_bytes()[..size]);
            }
        }
        let keyword_tokens: HashSet<&str> = keywords.iter().map(|(_, token)| &**token).collect();
        let others = self.names[..self.tokens]
            .iter()
            .filter(|name| !keyword_tokens.contains(&***name) && *name != "error")
            .map(|name| (name, name));
        let words = keywords.iter().map(|(word, token)| (word, token));
        let mut lines: Vec<_> = words
            .chain(others)
            .map(|(word, token)| format!("{word} {}", self.symbol(token)))
            .collect();
        let others = self.names.iter().enumerate().skip(self.tokens);
        lines.extend(others.map(|(nth, name)| format!(".{name} {nth}")));
        lines.sort();
        file.extend(lines.join("\n").bytes());
        file
    }
}

/// The keywords and their tokens, from kwlist.h.
pub(crate) fn keywords(source: &str) -> Vec<(String, String)> {
    let keyword = |line: &str| {
        let (word, rest) = line.strip_prefix("PG_KEYWORD(\"")?.split_once("\", ")?;
        Some((word.to_owned(), rest.split_once(',')?.0.to_owned()))
    };
    source.lines().filter_map(keyword).collect()
}

/// What stands between the braces of a table.
fn table<'a>(source: &'a str, name: &str) -> &'a str {
    let (_, rest) = source.split_once(&format!(" {name}[] =\n{{")).expect("a table of bison");
    // A token may be a brace, in quotes.
    &rest[..rest.find("\n};").expect("the end of a table")]
}

fn numbers(table: &str) -> impl Iterator<Item = i32> {
    table.split(',').map(|number| number.trim().parse().expect("a number"))
}

fn names(table: &str) -> Vec<String> {
    table.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn define(source: &str, name: &str) -> i32 {
    let (_, rest) = source.split_once(&format!("#define {name} ")).expect("a constant of bison");
    rest.lines().next().unwrap().trim().parse().expect("a number")
}

fn index(number: i32) -> usize {
    usize::try_from(number).expect("no number below zero")
}
