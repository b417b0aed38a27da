//! Reads the history of every database.

use lokstra_runtime::Status;

use crate::call::{CommandContext, Target};
use crate::output::state_lines::skipped;

/// Reads the status of the chosen databases, and reports the skipped ones.
pub(crate) fn statuses(
    context: &CommandContext<'_>,
    target: &Target,
) -> Result<Vec<Status>, lokstra_runtime::Error> {
    let statuses = target.migrator().status_pools(&target.pools)?;
    for database in target.migrations.databases() {
        if target.is_asked_for(database)
            && !statuses.iter().any(|status| status.database == database.name())
        {
            context.console.status(skipped(database.name()));
        }
    }
    Ok(statuses)
}
