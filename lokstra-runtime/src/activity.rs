use std::fmt;

use postgres::SimpleQueryRow;

use crate::answer::{rows, text};
use crate::client::Client;
use crate::error::Error;
use crate::holder::{self, Holder, SESSION};
use crate::sql::LockKey;

/// A run of migrations that is going on, seen from another session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Activity {
    /// Who migrates.
    pub runner: Holder,
    /// The sessions that it waits for.
    pub blockers: Vec<Holder>,
    /// How far it is with an index that it builds.
    pub index: Option<IndexProgress>,
}

/// How far the building of an index is.
///
/// PostgreSQL documentation: *28.4.4. CREATE INDEX Progress Reporting*.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexProgress {
    /// `building index: scanning table`, `waiting for writers before build`, …
    pub phase: String,
    /// What of the phase is done, in its own unit: blocks, tuples, or sessions that are waited for.
    pub done: u64,
    /// Of how many; 0 where the server does not say.
    pub total: u64,
}

impl fmt::Display for IndexProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let IndexProgress { phase, done, total } = self;
        match (done * 100).checked_div(*total) {
            Some(percent) => write!(f, "{phase}, {done} of {total} ({percent} %)"),
            None => f.write_str(phase),
        }
    }
}

/// Who holds the key, what he waits for, and how far he is.
pub(crate) fn look(client: &mut Client, key: LockKey) -> Result<Option<Activity>, Error> {
    let Some(runner) = holder::find(client, key)? else { return Ok(None) };
    let Holder::Session { pid, .. } = runner else {
        return Ok(Some(Activity { runner, blockers: Vec::new(), index: None }));
    };
    let blockers = format!(
        "SELECT a.pid, {SESSION} FROM pg_catalog.pg_stat_activity a \
         WHERE a.pid OPERATOR(pg_catalog.=) ANY (pg_catalog.pg_blocking_pids({pid}))"
    );
    // Each phase counts in one of three units, and leaves the totals of the others at 0.
    let index = format!(
        "SELECT p.phase, p.lockers_total, p.lockers_done, p.blocks_total, p.blocks_done, \
         p.tuples_total, p.tuples_done FROM pg_catalog.pg_stat_progress_create_index p \
         WHERE p.pid OPERATOR(pg_catalog.=) CAST('{pid}' AS pg_catalog.int4)"
    );
    let mut ask = |query: &str| client.simple_query(query).map_err(Error::query);
    let blockers = rows(&ask(&blockers)?).filter_map(holder::session).collect();
    let index = rows(&ask(&index)?).next().map(progress);
    Ok(Some(Activity { runner, blockers, index }))
}

fn progress(row: &SimpleQueryRow) -> IndexProgress {
    let number = |name: &str| text(row, name).and_then(|text| text.parse().ok()).unwrap_or(0);
    let unit = [["lockers_total", "lockers_done"], ["blocks_total", "blocks_done"]]
        .into_iter()
        .find(|[total, _]| number(total) > 0)
        .unwrap_or(["tuples_total", "tuples_done"]);
    let phase = text(row, "phase").unwrap_or_default().to_owned();
    IndexProgress { phase, total: number(unit[0]), done: number(unit[1]) }
}
