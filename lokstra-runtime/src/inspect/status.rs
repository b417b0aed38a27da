//! Reads where every migration of a database stands.

use lokstra_connect::client::Client;
use lokstra_core::{Database, TableName};

use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::inspect::{partial, privileges, snapshot};
use crate::model::state::status::Status;

/// Of a role that may not read a table of ours.
pub(crate) fn is_denied(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Server(server) if server.sqlstate == "42501")
}

/// One round trip, and a second where there may be partial scripts.
pub(crate) fn read(
    client: &mut Client,
    database: Database<'_>,
    table: TableName,
) -> Result<Status, Error> {
    let snapshot = snapshot::read(client, &table);
    let snapshot = privileges::with_missing_grants(client, &table, snapshot)?;
    let partial_scripts = match partial::read(client, &snapshot, &table) {
        Err(error) if is_denied(&error) => Vec::new(),
        read => read?,
    };
    Ok(Status { partial_scripts, ..Status::new(database, table, &snapshot.history) })
}
