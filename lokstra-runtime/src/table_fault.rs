//! What makes a table unfit to be a tracking table, judged from the catalog before anything is changed.

use std::fmt;

use lokstra_core::{DOWN_TABLE, PROGRESS_TABLE, TableName};

use crate::error::{Error, ErrorKind};
use crate::history::Look;
use crate::plan::{Direction, PlanStep};
use crate::search::{split, split_once};
use crate::sql;

/// One reason for which a table cannot be, or stay, the tracking table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableFault {
    /// It lacks these columns, which every tracking table has: it is the table of another tool.
    Lacks(String),
    /// A column has the name of one of ours and holds something else.
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
    /// No unique index on `version` alone: a migration could be recorded twice.
    NoKey,
}

impl TableFault {
    /// Whether the table is another tool's, so that its rows are not to be read either.
    pub(crate) fn is_foreign(&self) -> bool {
        matches!(self, TableFault::Lacks(_) | TableFault::Type(_))
    }

    /// What to do about it.
    pub fn help(&self, table: &TableName) -> String {
        let table = table.quoted();
        match self {
            TableFault::Lacks(_) | TableFault::Type(_) => {
                "give these migrations a tracking table of their own: `schema-table` in \
                 migration.yaml; lokstra migration import takes the history of another tool over"
                    .to_owned()
            }
            TableFault::Generated(column) if column == "version" => {
                format!("ALTER TABLE {table} ALTER COLUMN version DROP IDENTITY;")
            }
            TableFault::Generated(column) => {
                let column = sql::identifier(column);
                format!("ALTER TABLE {table} ALTER COLUMN {column} DROP EXPRESSION;")
            }
            TableFault::Required(column) => {
                let column = sql::identifier(column);
                format!(
                    "ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL; or give it a default"
                )
            }
            TableFault::TooShort { column, .. } => {
                format!("ALTER TABLE {table} ALTER COLUMN {column} TYPE text;")
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
                write!(f, "it is another tool's: it lacks {columns}")
            }
            TableFault::Type(column) => {
                write!(f, "it is another tool's: its column `{column}` has another type")
            }
            TableFault::Generated(column) => {
                write!(f, "the server generates its column `{column}`, which a run has to write")
            }
            TableFault::Required(column) => {
                write!(
                    f,
                    "its column `{column}` is NOT NULL without a default, and no run fills it in"
                )
            }
            TableFault::TooShort { column, limit, length } => write!(
                f,
                "its column `{column}` holds {limit} characters, and {length} are to be written"
            ),
            TableFault::Unlogged(name) => {
                write!(f, "{name} is UNLOGGED, and so is empty after a crash of the server")
            }
            TableFault::NoKey => f.write_str("it has no primary key or unique index on `version`"),
        }
    }
}

/// The columns of a tracking table and the category of their types, as `pg_type` has them.
const COLUMNS: &str = "(VALUES ('version', 'N'), ('description', 'S'), ('applied_at', 'D'), \
     ('checksum', 'S'), ('down_checksum', 'S'), ('applied_by', 'S'), ('execution_ms', 'N')) \
     w(name, category)";

/// For the look: a line a fault, `code rest`; NULL where there is no table, or none of these.
///
/// PostgreSQL documentation: *51.7. `pg_attribute`*, *51.64. `pg_type`*.
pub(crate) fn look_sql(table: &TableName) -> String {
    let class = |name: &str| {
        format!("CAST(pg_catalog.to_regclass({}) AS pg_catalog.oid)", sql::literal(name))
    };
    let quoted = |name: &str| sql::identifier(table.schema()) + "." + &sql::identifier(name);
    let history = class(&table.quoted());
    let (progress, down) = (class(&quoted(PROGRESS_TABLE)), class(&quoted(DOWN_TABLE)));
    format!(
        "pg_catalog.concat_ws(E'\\n', \
         (SELECT pg_catalog.string_agg(pg_catalog.concat(f.code, f.name), E'\\n') FROM (SELECT \
         CAST(a.attname AS pg_catalog.text) AS name, CASE WHEN w.name IS NULL THEN \
         CASE WHEN a.attnotnull AND NOT a.atthasdef AND CAST(a.attidentity AS pg_catalog.text) \
         OPERATOR(pg_catalog.=) '' THEN 'required ' END \
         WHEN (CAST(a.attgenerated AS pg_catalog.text) OPERATOR(pg_catalog.<>) '' \
         OR CAST(a.attidentity AS pg_catalog.text) OPERATOR(pg_catalog.=) 'a') THEN 'generated ' \
         WHEN CAST(t.typcategory AS pg_catalog.text) OPERATOR(pg_catalog.<>) w.category \
         THEN 'type ' \
         WHEN a.atttypid OPERATOR(pg_catalog.=) ANY (CAST('{{1042,1043}}' AS pg_catalog.oid[])) \
         AND a.atttypmod OPERATOR(pg_catalog.>) 4 \
         THEN pg_catalog.concat('limit ', a.atttypmod OPERATOR(pg_catalog.-) 4, ' ') END AS code \
         FROM pg_catalog.pg_attribute a \
         JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid \
         LEFT JOIN {COLUMNS} \
         ON w.name OPERATOR(pg_catalog.=) CAST(a.attname AS pg_catalog.text) \
         WHERE a.attrelid OPERATOR(pg_catalog.=) {history} \
         AND a.attnum OPERATOR(pg_catalog.>) CAST('0' AS pg_catalog.int2) \
         AND NOT a.attisdropped) f WHERE f.code IS NOT NULL), \
         (SELECT pg_catalog.string_agg(pg_catalog.concat('unlogged ', \
         pg_catalog.quote_ident(CAST(n.nspname AS pg_catalog.text)), '.', \
         pg_catalog.quote_ident(CAST(c.relname AS pg_catalog.text))), E'\\n') \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
         ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
         WHERE c.oid OPERATOR(pg_catalog.=) ANY (ARRAY[{history}, {progress}, {down}]) \
         AND CAST(c.relpersistence AS pg_catalog.text) OPERATOR(pg_catalog.=) 'u'), \
         (SELECT 'key ' FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) {history} \
         AND CAST(c.relkind AS pg_catalog.text) OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p']) \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a \
         ON a.attrelid OPERATOR(pg_catalog.=) i.indrelid \
         AND a.attnum OPERATOR(pg_catalog.=) i.indkey[0] \
         WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid AND i.indisunique AND i.indisvalid \
         AND i.indnkeyatts OPERATOR(pg_catalog.=) CAST('1' AS pg_catalog.int2) \
         AND i.indpred IS NULL \
         AND CAST(a.attname AS pg_catalog.text) OPERATOR(pg_catalog.=) 'version'))) AS faults"
    )
}

/// What the look found: the faults, and the columns that hold only so many characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    pub(crate) all: Vec<TableFault>,
    limits: Vec<(String, usize)>,
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

/// Fails where the table of this look cannot have the records of these steps.
#[inline(never)]
pub(crate) fn refuse(look: &Look, table: &TableName, steps: &[PlanStep<'_>]) -> Result<(), Error> {
    let mut faults = look.facts.faults.all.clone();
    let applied = steps.iter().filter(|step| step.direction == Direction::Up);
    let descriptions = applied.map(|step| step.migration.description().chars().count());
    let longest = descriptions.max().unwrap_or(0);
    for (column, limit) in &look.facts.faults.limits {
        let length = match column.as_str() {
            "description" => longest,
            "applied_by" => look.facts.session_user.chars().count(),
            _ => 64,
        };
        if length > *limit {
            faults.push(TableFault::TooShort { column: column.clone(), limit: *limit, length });
        }
    }
    refusal(faults, table)
}

/// The error with these faults; none where there are none.
pub(crate) fn refusal(faults: Vec<TableFault>, table: &TableName) -> Result<(), Error> {
    if faults.is_empty() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::UnfitTable { table: table.clone(), faults }))
}
