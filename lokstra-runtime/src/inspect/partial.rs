//! Reads which no-transaction scripts have begun and not ended.

use lokstra_connect::client::Client;
use lokstra_connect::query::{holds, number, rows, text};
use lokstra_core::text::to_string;
use lokstra_core::{Direction, TableName, Version};
use postgres::SimpleQueryRow;

use crate::error::Error;
use crate::model::state::partial::PartialScript;
use crate::model::state::snapshot::Snapshot;
use crate::model::table::tables::{self, progress_table};
use crate::session::query::ask;
use crate::sql::progress::BEGUN;

/// The partial scripts of this history. Costs a round trip only where there may be some.
pub(crate) fn read(
    client: &mut Client,
    snapshot: &Snapshot,
    table: &TableName,
) -> Result<Vec<PartialScript>, Error> {
    if !snapshot.may_have_progress {
        return Ok(Vec::new());
    }
    let query = format!(
        "SELECT p.version, p.direction, p.done, p.total, p.running, p.fingerprint FROM {} p \
         WHERE p.history OPERATOR(pg_catalog.=) {} AND {BEGUN} ORDER BY p.version, p.direction",
        progress_table(table),
        tables::name(table)
    );
    let answer = ask(client, &query)?;
    let mut scripts = Vec::new();
    for row in rows(&answer) {
        scripts.extend(parse(row));
    }
    Ok(scripts)
}

fn parse(row: &SimpleQueryRow) -> Option<PartialScript> {
    let count = |name| number(row, name).and_then(|count| usize::try_from(count).ok());
    Some(PartialScript {
        version: number(row, "version").and_then(Version::new)?,
        direction: [Direction::Up, Direction::Down]
            .into_iter()
            .find(|direction| text(row, "direction") == Some(&to_string(direction)))?,
        done: count("done")?,
        total: count("total")?,
        running: holds(row, "running"),
        fingerprint: number(row, "fingerprint")?,
    })
}
