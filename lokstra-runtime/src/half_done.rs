use std::fmt;

use lokstra_core::{TableName, Version};
use postgres::SimpleQueryRow;

use crate::answer::{ask, holds, number, rows, text};
use crate::client::Client;
use crate::error::Error;
use crate::history::{Look, progress_table};
use crate::plan::Direction;
use crate::progress::is_this;
use crate::search::shown;
use crate::sql;

/// A no-transaction script that has begun and not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HalfDone {
    /// The version.
    pub version: Version,
    /// Which of its scripts.
    pub direction: Direction,
    /// How many statements are done.
    pub done: usize,
    /// How many there were.
    pub total: usize,
    /// Whether the next one, which commits by itself, has begun and not been recorded: it runs now,
    /// or was cut off.
    pub running: bool,
    /// Of the statements that are done.
    pub(crate) fingerprint: i64,
}

/// Of the rows of the table `p`, those of a script that is half-done: where the server refused the first
/// statement, nothing is.
pub(crate) const BEGUN: &str =
    "(p.done OPERATOR(pg_catalog.>) CAST('0' AS pg_catalog.int4) OR p.running)";

impl fmt::Display for HalfDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HalfDone { direction, done, total, .. } = self;
        write!(f, "{done} of {total} statements of its {direction} script are done")?;
        if self.running {
            write!(f, ", the next one is running or was cut off")?;
        }
        Ok(())
    }
}

impl HalfDone {
    fn parse(row: &SimpleQueryRow) -> Option<HalfDone> {
        let count = |name| number(row, name).and_then(|count| usize::try_from(count).ok());
        Some(HalfDone {
            version: number(row, "version").and_then(Version::new)?,
            direction: [Direction::Up, Direction::Down]
                .into_iter()
                .find(|direction| text(row, "direction") == Some(&shown(direction)))?,
            done: count("done")?,
            total: count("total")?,
            running: holds(row, "running"),
            fingerprint: number(row, "fingerprint")?,
        })
    }

    /// A condition on the table `p`: this row as it was read.
    pub(crate) fn unchanged(&self, table: &TableName) -> String {
        format!(
            "{} AND p.done OPERATOR(pg_catalog.=) {} AND {}p.running",
            is_this(table, self.version, self.direction),
            self.done,
            if self.running { "" } else { "NOT " }
        )
    }
}

/// The half-done scripts of this history. Costs a round trip only where there may be some.
pub(crate) fn read(
    client: &mut Client,
    look: &Look,
    table: &TableName,
) -> Result<Vec<HalfDone>, Error> {
    if !look.may_have_progress {
        return Ok(Vec::new());
    }
    let query = format!(
        "SELECT p.version, p.direction, p.done, p.total, p.running, p.fingerprint FROM {} p \
         WHERE p.history OPERATOR(pg_catalog.=) {} AND {BEGUN} ORDER BY p.version, p.direction",
        progress_table(table),
        sql::name(table)
    );
    let answer = ask(client, &query)?;
    let mut scripts = Vec::new();
    for row in rows(&answer) {
        scripts.extend(HalfDone::parse(row));
    }
    Ok(scripts)
}
