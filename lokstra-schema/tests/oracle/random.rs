//! Chains of random statements that are mostly about what the statements before have made.

use std::sync::LazyLock;

use lokstra_scratch::Database;
use postgres::Client;

use crate::judge::{Refusal, refused};
use crate::mutants::Random;

/// Each statement with how often it occurs; a word in braces stands for a name or a part.
static STATEMENTS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let lines = include_str!("statements.txt").lines();
    let line = |line: &'static str| {
        let (weight, statement) = line.split_once(' ').unwrap();
        std::iter::repeat_n(statement, weight.parse().unwrap())
    };
    lines.flat_map(line).collect()
});

/// What is in the database.
#[derive(Default)]
struct World(Vec<[String; 5]>);

impl World {
    fn of(client: &mut Client) -> World {
        let rows = client.query(include_str!("world.sql"), &[]).unwrap();
        World(rows.iter().map(|row| [0, 1, 2, 3, 4].map(|nth| row.get(nth))).collect())
    }

    fn all<'w>(&'w self, what: &'w str) -> impl Iterator<Item = &'w [String; 5]> {
        self.0.iter().filter(move |row| row[0] == what)
    }
}

fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(is_plain) && name != "order" {
        name.to_owned()
    } else {
        format!("\"{name}\"")
    }
}

/// A statement whose names are chosen from a world.
struct Writer<'w> {
    world: &'w World,
    random: &'w mut Random,
    /// The tables `{T}` and `{T2}`, once they are chosen.
    tables: [Option<[String; 5]>; 2],
    /// Whether there is nothing that it could be about.
    is_unfounded: bool,
}

impl Writer<'_> {
    fn statement(&mut self) -> String {
        let mut rest = *self.random.of(&STATEMENTS).unwrap();
        let mut sql = String::new();
        while let Some((before, behind)) = rest.split_once('{') {
            let (word, behind) = behind.split_once('}').unwrap();
            sql.push_str(before);
            sql.push_str(&self.part(word));
            rest = behind;
        }
        sql + rest
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.random.below(100) < percent
    }

    fn pick(&mut self, of: &[&str]) -> String {
        (*self.random.of(of).unwrap()).to_owned()
    }

    fn part(&mut self, word: &str) -> String {
        match word {
            "t" | "v" => {
                self.pick(&["t1", "t2", "t3", "t4", "t5", "v1", "v2", "T4", "\"Big\"", "public.t6"])
            }
            "c" => self.pick(&["id", "a", "b", "c", "d", "e", "name", "\"Up\"", "B"]),
            "i" => self.pick(&["i1", "i2", "i3", "i4", "t1_pkey"]),
            "k" => self.pick(&["k1", "k2", "k3", "k4"]),
            "f" => self.pick(&["f1", "f2", "f3", "public.f4"]),
            "e" => self.pick(&["e1", "e2", "e3", "t3"]),
            "s" => self.pick(&["s1", "s2", "t1"]),
            "n" => self.pick(&["n1", "n2", "public"]),
            "g" | "p" => self.pick(&["g1", "g2"]),
            "label" => self.pick(&["a", "b", "d", "e"]),
            "ifn" => self.pick(&["", "", "", "IF NOT EXISTS "]),
            "ife" => self.pick(&["", "", "", "IF EXISTS "]),
            "ifx" => self.pick(&["", " IF EXISTS"]),
            "orr" => self.pick(&["", "", "OR REPLACE "]),
            "casc" => self.pick(&["", "", "", " CASCADE", " RESTRICT"]),
            "uniq" => self.pick(&["", "UNIQUE "]),
            "method" => self.pick(&["btree", "hash", "gin", "gist", "brin"]),
            "like" => self.pick(&["", " INCLUDING ALL", " INCLUDING INDEXES"]),
            "using" => self.pick(&["", " USING NULL", " USING (NULL)"]),
            "default" => {
                self.pick(&["NULL", "1", "'1'", "now()", "'{}'", "true", "f1(1)", "lower('X')"])
            }
            "colcon" => self.column_constraint(),
            "type" => self.data_type(),
            "bool" => self.condition(),
            "T" => self.table(0),
            "T2" => self.table(1),
            "C" | "C2" => self.column(0),
            "D" | "D2" => self.column(1),
            "V" => self.relation("vm"),
            "W" => self.pick(&["a", "b", "id", "x"]),
            "S" => self.relation("S"),
            "I" => self.relation("iI"),
            "K" => self.of_table("constraint", "k1"),
            "G" => self.of_table("trigger", "g1"),
            "P" => self.of_table("policy", "g1"),
            "E" => self.named("type", |_| true, "e1"),
            "N" => self.named("schema", |_| true, "n1"),
            "H" => self.named("function", |row| row[4].is_empty(), "f2"),
            "F" => {
                let rows: Vec<_> = self.world.all("function").cloned().collect();
                match self.random.of(&rows) {
                    Some(row) => format!("{}({})", self.name(row), row[4]),
                    None => "f1(int)".to_owned(),
                }
            }
            _ => panic!("{word}"),
        }
    }

    /// Mostly without its schema where that is `public`.
    fn name(&mut self, row: &[String; 5]) -> String {
        let is_bare = row[1].is_empty() || row[1] == "public" && !self.chance(5);
        if is_bare { quoted(&row[2]) } else { format!("{}.{}", quoted(&row[1]), quoted(&row[2])) }
    }

    fn named(&mut self, what: &str, fits: fn(&[String; 5]) -> bool, or: &str) -> String {
        let rows: Vec<_> = self.world.all(what).filter(|row| fits(row)).cloned().collect();
        match self.random.of(&rows) {
            Some(row) if !self.chance(3) => self.name(row),
            row => {
                self.is_unfounded |= row.is_none();
                or.to_owned()
            }
        }
    }

    fn relation(&mut self, kinds: &str) -> String {
        let rows: Vec<_> =
            self.world.all("relation").filter(|row| kinds.contains(&*row[3])).cloned().collect();
        match self.random.of(&rows) {
            Some(row) if !self.chance(3) => self.name(row),
            row => {
                self.is_unfounded |= row.is_none();
                self.part(if kinds == "iI" { "i" } else { "t" })
            }
        }
    }

    fn table(&mut self, nth: usize) -> String {
        let kinds = if self.chance(5) { "vmSi" } else { "rp" };
        let rows: Vec<_> =
            self.world.all("relation").filter(|row| kinds.contains(&*row[3])).cloned().collect();
        if self.tables[nth].is_none() && !self.chance(2) {
            self.tables[nth] = self.random.of(&rows).cloned();
            self.is_unfounded |= self.tables[nth].is_none();
        }
        match self.tables[nth].clone() {
            Some(row) => self.name(&row),
            None => self.part("t"),
        }
    }

    fn column(&mut self, nth: usize) -> String {
        self.of_table_nth(nth, "column")
            .filter(|_| !self.chance(4))
            .unwrap_or_else(|| self.part("c"))
    }

    fn of_table_nth(&mut self, nth: usize, what: &str) -> Option<String> {
        // A statement may name a column in front of its table.
        if self.tables[nth].is_none() {
            self.table(nth);
        }
        let table = self.tables[nth].clone()?;
        let is_of = |row: &&[String; 5]| row[1] == table[1] && row[2] == table[2];
        let rows: Vec<_> = self.world.all(what).filter(is_of).cloned().collect();
        self.is_unfounded |= rows.is_empty();
        self.random.of(&rows).map(|row| quoted(&row[3]))
    }

    fn of_table(&mut self, what: &str, or: &str) -> String {
        self.of_table_nth(0, what).filter(|_| !self.chance(5)).unwrap_or_else(|| or.to_owned())
    }

    fn data_type(&mut self) -> String {
        if self.chance(15) {
            let name = self.named("type", |_| true, "e1");
            return if self.chance(10) { format!("{name}[]") } else { name };
        }
        self.pick(&[
            "int",
            "int",
            "bigint",
            "integer",
            "text",
            "text",
            "varchar(20)",
            "uuid",
            "timestamptz",
            "date",
            "boolean",
            "jsonb",
            "numeric(10, 2)",
            "text[]",
            "smallint",
            "bytea",
            "character varying",
            "double precision",
            "timestamp with time zone",
            "pg_catalog.int4",
            "json",
            "inet",
            "char(3)",
        ])
    }

    fn column_constraint(&mut self) -> String {
        let table = self.table(1);
        match self.random.below(16) {
            0 => " NOT NULL".to_owned(),
            1 => " UNIQUE".to_owned(),
            2 => " PRIMARY KEY".to_owned(),
            3 => format!(" REFERENCES {table}"),
            4 => format!(" REFERENCES {table} ({}) ON DELETE CASCADE", self.column(1)),
            5 => format!(" DEFAULT {}", self.part("default")),
            6 => " CHECK (id > 0)".to_owned(),
            7 => format!(" NOT NULL DEFAULT {}", self.part("default")),
            8 => format!(" CONSTRAINT {} NOT NULL", self.part("k")),
            _ => String::new(),
        }
    }

    fn condition(&mut self) -> String {
        let (one, two) = (self.column(0), self.column(0));
        match self.random.below(9) {
            0 => format!("{one} IS NULL"),
            1 => format!("{one} = {two}"),
            2 => format!("{one} > '1'"),
            3 => format!("length({one}) > 2"),
            4 => format!("coalesce({one}, {two}) IS NOT NULL"),
            5 => format!("{one}::text IN ('a', 'b') OR NOT ({two} IS NULL)"),
            6 => format!("{one} BETWEEN 1 AND 3"),
            7 => format!("f1({one}) = 1"),
            _ => format!("lower({one}) = 'x'"),
        }
    }
}

/// A chain that the server accepts, and what it refused on the way.
pub(crate) struct Chain {
    pub(crate) accepted: Vec<String>,
    /// Behind how many of the accepted ones, the statement, and why.
    pub(crate) refused: Vec<(usize, String, Refusal)>,
}

/// What every chain begins with.
const BEGINNING: [&str; 4] = [
    "CREATE TABLE t1 (id int PRIMARY KEY, a text, b int)",
    "CREATE TABLE t2 (id bigserial PRIMARY KEY, c timestamptz, name text UNIQUE, ref int REFERENCES t1)",
    "CREATE FUNCTION f2() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    "CREATE TYPE e1 AS ENUM ('a', 'b', 'c')",
];

/// Writes a chain and runs it in a transaction, which is rolled back.
pub(crate) fn chain(client: &mut Client, random: &mut Random, length: usize) -> Chain {
    client.batch_execute("BEGIN").unwrap();
    let mut chain = Chain { accepted: Vec::new(), refused: Vec::new() };
    let mut world = World::default();
    for nth in 0..length {
        let mut sql = BEGINNING.get(nth).map_or_else(String::new, |sql| (*sql).to_owned());
        let mut tries = 0;
        while sql.is_empty() {
            let tables = [None, None];
            let mut writer = Writer { world: &world, random, tables, is_unfounded: false };
            sql = writer.statement();
            tries += 1;
            if writer.is_unfounded && tries < 5 {
                sql.clear();
            }
        }
        // By itself: of a text that cannot be parsed, nothing runs.
        client.batch_execute("SAVEPOINT s").unwrap();
        match client.batch_execute(&sql) {
            Ok(()) => {
                chain.accepted.push(sql);
                world = World::of(client);
            }
            Err(error) => {
                client.batch_execute("ROLLBACK TO s").unwrap();
                let refusal = refused(&error, 0..sql.len());
                chain.refused.push((chain.accepted.len(), sql, refusal));
            }
        }
    }
    client.batch_execute("ROLLBACK").unwrap();
    chain
}

/// Whether the server accepts all of these.
pub(crate) fn is_accepted(client: &mut Client, statements: &[String]) -> bool {
    let answer = client.batch_execute(&format!("BEGIN;\n{}", script(statements)));
    client.batch_execute("ROLLBACK").unwrap();
    answer.is_ok()
}

pub(crate) fn script(statements: &[String]) -> String {
    statements.iter().flat_map(|sql| [sql, ";\n"]).collect()
}

/// Fewer statements that the server accepts and that `is_wrong` as well.
pub(crate) fn smaller(
    client: &mut Client,
    statements: &[String],
    is_wrong: impl Fn(&[String]) -> bool,
) -> Vec<String> {
    let mut kept = statements.to_vec();
    for nth in (0..statements.len()).rev() {
        let mut less = kept.clone();
        less.remove(nth);
        if is_wrong(&less) && is_accepted(client, &less) {
            kept = less;
        }
    }
    kept
}

/// A session with notices off.
pub(crate) fn session(database: &Database) -> Client {
    let mut client = database.client().unwrap();
    let settings = "SET client_min_messages = error; SET statement_timeout = '20s'";
    client.batch_execute(settings).unwrap();
    client
}
