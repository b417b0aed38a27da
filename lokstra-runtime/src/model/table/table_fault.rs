//! What makes a table unfit to be a tracking table.

use std::fmt;

use lokstra_core::text::{quote, split, split_once};
use lokstra_core::{TableName, one_line};

/// One reason for which a table cannot be, or stay, the tracking table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableFault {
    /// It lacks these columns, which every tracking table has: it is the table of another tool.
    Lacks(String),
    /// A column has the name of one of lokstra's and another meaning.
    Type(String),
    /// The server fills in a column that a run writes.
    Generated(String),
    /// A column that no run knows must be filled in.
    Required(String),
    /// A column is too short for what a run writes into it.
    TooShort {
        /// The column.
        column: String,
        /// How many characters it holds.
        limit: usize,
        /// How many are to be written.
        length: usize,
    },
    /// This table, or the one beside it that has the progress or the down SQL, is UNLOGGED: empty after
    /// a crash of the server.
    Unlogged(String),
    /// It is no table: a view, a foreign table, an index, …
    Kind(String),
    /// A partition of it is a foreign table, which takes no part in our transaction.
    ForeignPartition(String),
    /// No unique index on `version` alone: a migration could be recorded twice.
    NoKey,
}

impl TableFault {
    /// Whether the table is another tool's, so that its rows are not to be read either.
    pub(crate) fn is_foreign(&self) -> bool {
        matches!(self, TableFault::Lacks(_) | TableFault::Type(_))
            || matches!(self, TableFault::Kind(kind) if !kind.ends_with("view") && kind != FOREIGN)
    }

    /// Returns what to do about it.
    pub fn help(&self, table: &TableName) -> String {
        let table = table.quoted();
        match self {
            TableFault::Lacks(_) | TableFault::Type(_) => {
                "give these migrations a tracking table of their own: `schema-table` in \
                 migration.yaml; to import the history of another tool, use lokstra migration import"
                    .to_owned()
            }
            TableFault::Generated(column) if column == "version" => {
                format!("ALTER TABLE {table} ALTER COLUMN version DROP IDENTITY;")
            }
            TableFault::Generated(column) => {
                let column = quote::identifier(column);
                format!("ALTER TABLE {table} ALTER COLUMN {column} DROP EXPRESSION;")
            }
            TableFault::Required(column) => {
                let column = quote::identifier(column);
                format!(
                    "ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL; or give it a default"
                )
            }
            TableFault::TooShort { column, .. } => {
                format!("ALTER TABLE {table} ALTER COLUMN {column} TYPE text;")
            }
            TableFault::Kind(kind) if kind.ends_with("view") => {
                "name the table behind it as the tracking table: `schema-table` in migration.yaml"
                    .to_owned()
            }
            TableFault::Kind(kind) if kind == FOREIGN => {
                "migrate over a connection to the server that has the table, or give these migrations \
                 a table of this database: `schema-table` in migration.yaml"
                    .to_owned()
            }
            TableFault::Kind(_) => "give the tracking table a name that is free: `schema-table` in \
                                    migration.yaml; or rename what has this one"
                .to_owned(),
            TableFault::ForeignPartition(name) => {
                format!("ALTER TABLE {table} DETACH PARTITION {name};")
            }
            TableFault::Unlogged(name) => format!("ALTER TABLE {name} SET LOGGED;"),
            TableFault::NoKey => format!("ALTER TABLE {table} ADD PRIMARY KEY (version);"),
        }
    }
}

impl fmt::Display for TableFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TableFault::Lacks(columns) => {
                write!(f, "it belongs to another tool: it lacks {}", one_line(f, columns))
            }
            TableFault::Type(column) => {
                let column = one_line(f, column);
                write!(f, "it belongs to another tool: its column `{column}` has another type")
            }
            TableFault::Generated(column) => {
                let column = one_line(f, column);
                write!(f, "the server generates its column `{column}`, which a run has to write")
            }
            TableFault::Required(column) => {
                let column = one_line(f, column);
                write!(
                    f,
                    "its column `{column}` is NOT NULL without a default, and runs do not fill it in"
                )
            }
            TableFault::TooShort { column, limit, length } => write!(
                f,
                "its column `{column}` holds {limit} characters, and {length} are to be written"
            ),
            TableFault::Kind(kind) => write!(f, "it is {kind}, which cannot keep the history"),
            TableFault::ForeignPartition(name) => {
                let name = one_line(f, name);
                write!(f, "its partition {name} is a foreign table, outside of the transaction")
            }
            TableFault::Unlogged(name) => {
                let name = one_line(f, name);
                write!(f, "{name} is UNLOGGED, and so is empty after a crash of the server")
            }
            TableFault::NoKey => f.write_str("it has no primary key or unique index on `version`"),
        }
    }
}

const FOREIGN: &str = "a foreign table";

/// By `relkind`.
fn kind(code: &str) -> &'static str {
    match code {
        "v" => "a view",
        "m" => "a materialized view",
        "f" => FOREIGN,
        "i" | "I" => "an index",
        "S" => "a sequence",
        _ => "a composite type",
    }
}

/// What the snapshot found: the faults, and the columns that hold only so many characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    pub(crate) all: Vec<TableFault>,
    pub(crate) limits: Vec<(String, usize)>,
}

impl Faults {
    pub(crate) fn parse(lines: &str) -> Faults {
        let mut faults = Faults::default();
        for (code, rest) in split(lines, "\n").filter_map(|line| split_once(line, " ")) {
            let name = rest.to_owned();
            faults.all.push(match code {
                "required" => TableFault::Required(name),
                "generated" => TableFault::Generated(name),
                "type" => TableFault::Type(name),
                "unlogged" => TableFault::Unlogged(name),
                "key" => TableFault::NoKey,
                "kind" => TableFault::Kind(kind(rest).to_owned()),
                "partition" => TableFault::ForeignPartition(name),
                _ => {
                    let limit = split_once(rest, " ")
                        .and_then(|(limit, name)| Some((name.to_owned(), limit.parse().ok()?)));
                    faults.limits.extend(limit);
                    continue;
                }
            });
        }
        faults
    }
}
