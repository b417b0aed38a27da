//! Asks every database for its history.

use lokstra_runtime::Status;

use crate::call::{CommandContext, Target};
use crate::output::status::skipped;

/// Of the databases that are asked for; says which are skipped.
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
