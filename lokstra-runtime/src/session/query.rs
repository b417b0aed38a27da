//! Asks what no script is to blame for, as a run's `Error`.

use lokstra_connect::client::{Answer, Client};

use crate::error::Error;

/// Asks something that no script is to blame for.
pub(crate) fn ask(client: &mut Client, query: &str) -> Result<Answer, Error> {
    client.simple_query(query).map_err(Error::query)
}
