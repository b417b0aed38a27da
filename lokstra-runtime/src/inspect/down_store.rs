//! Whether a table of another owner can store down SQL.

use lokstra_connect::client::Client;
use lokstra_connect::query::{rows, text};
use lokstra_core::TableName;
use lokstra_core::text::quote;

use crate::error::Error;
use crate::model::state::snapshot::Snapshot;
use crate::model::table::down_store::{DownNotStored, DownStore};
use crate::model::table::tables::down_table;
use crate::sql::down_store::{MAY_WRITE, TRUSTED_OWNER};

/// Before something is stored: a table of another session will do if that is a superuser. Not a part of
/// the snapshot, since `pg_roles` would be most of what a snapshot costs the server.
pub(crate) fn check_store_owner(
    client: &mut Client,
    history: &TableName,
    snapshot: &mut Snapshot,
) -> Result<(), Error> {
    let DownStore::Refused(DownNotStored::Foreign { .. }) = snapshot.facts.down_store else {
        return Ok(());
    };
    let query = format!(
        "SELECT {MAY_WRITE} AS may_write, current_user AS role \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles o \
         ON o.oid OPERATOR(pg_catalog.=) c.relowner WHERE ({TRUSTED_OWNER}) \
         AND c.oid OPERATOR(pg_catalog.=) \
         CAST(pg_catalog.to_regclass({}) AS pg_catalog.oid)",
        quote::literal(&down_table(history))
    );
    for row in rows(&client.simple_query(&query).map_err(Error::query)?) {
        snapshot.facts.down_store = if text(row, "may_write") == Some("t") {
            DownStore::Usable
        } else {
            let role = text(row, "role").unwrap_or_default().to_owned();
            DownStore::Refused(DownNotStored::MissingPrivileges {
                role,
                table: down_table(history),
            })
        };
    }
    Ok(())
}
