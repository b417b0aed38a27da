//! Who is migrating, whom that run waits for, and how far it is.

use lokstra_connect::client::Client;
use lokstra_connect::query::{rows, text};
use postgres::SimpleQueryRow;

use crate::error::Error;
use crate::inspect::lock::holder::{self, SESSION};
use crate::model::state::activity::{Activity, IndexProgress};
use crate::model::state::holder::Holder;
use crate::sql::lock::LockKey;

/// Who holds the key, what he waits for, and how far he is.
pub(crate) fn read(client: &mut Client, key: LockKey) -> Result<Option<Activity>, Error> {
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
