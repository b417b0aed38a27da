//! A history that another program wrote: columns are added and checksums filled in, in a transaction
//! of its own, so that no script runs under a lock that keeps others from reading the history.

use lokstra_core::text::join;
use lokstra_core::{Database, Version};

use crate::apply::history_change::{self, HistoryChange};
use crate::apply::options::Options;
use crate::error::Error;
use crate::session::Session;
use crate::sql::guard::{Guard, number};

pub(crate) fn upgrade(
    session: &mut Session<'_>,
    guard: &Guard<'_>,
    database: Database<'_>,
    versions: &[Version],
    options: &Options,
) -> Result<HistoryChange, Error> {
    let mut rows = Vec::new();
    for migration in versions.iter().filter_map(|version| database.migration(*version)) {
        rows.push(format!(
            "({}, '{}', '{}')",
            number(migration.version().get()),
            migration.up().checksum(),
            migration.down().checksum()
        ));
    }
    let rows = join(&rows, ", ");
    let fill_in = format!(
        "UPDATE {} h SET checksum = v.checksum, down_checksum = v.down_checksum \
         FROM (VALUES {rows}) v(version, checksum, down_checksum) \
         WHERE h.version OPERATOR(pg_catalog.=) v.version AND h.checksum IS NULL;",
        guard.table.quoted(),
    );
    history_change::run(session, guard, if rows.is_empty() { "" } else { &fill_in }, options)
}
