//! `lokstra database`: creates, drops and resets the database itself; and `up -create`.

#[cfg(feature = "folder")]
mod create;
#[cfg(feature = "folder")]
mod drop_database;
mod error;
#[cfg(feature = "folder")]
mod reset;
mod server;
#[cfg(feature = "folder")]
mod url;

use lokstra_runtime::{ConnectError, postgres::error::SqlState};

use self::server::DatabaseServer;
#[cfg(feature = "folder")]
pub(super) use self::{create::CREATE, drop_database::DROP, reset::RESET, url::URL};
use crate::call::{CommandContext, Target};
use crate::output::CommandError;

/// Creates each database of the command that does not exist.
pub(super) fn create_missing(
    context: &CommandContext<'_>,
    target: &Target,
) -> Result<(), CommandError> {
    let is_enabled = |enabled| enabled || target.include_disabled;
    for database in target.databases().filter(|it| is_enabled(it.enabled())) {
        let pool = target.pool(database)?;
        match server::connect_patiently(context, &pool) {
            Ok(_) => {}
            Err(ConnectError::Failed { source, .. })
                if source.code() == Some(&SqlState::UNDEFINED_DATABASE) =>
            {
                let mut server = DatabaseServer::reach(context, &pool)?;
                if server.create()? {
                    context.console.status(server.created());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
