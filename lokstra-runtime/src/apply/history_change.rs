//! Sends one change of the history as one transaction under the lock.

use lokstra_connect::ServerError;
use lokstra_connect::client::Client;

use crate::apply::engine::flush::FLUSH_GRACE;
use crate::apply::options::Options;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::session::Session;
use crate::sql::guard::Guard;
use crate::sql::token;

/// How a change of the history ended: of an upgrade, a baseline, a repair, an import.
#[derive(Debug)]
pub(crate) enum HistoryChange {
    Done,
    /// Another session holds the lock.
    Busy,
    /// This role may not, the server may only read, or another session is in the way.
    Refused(Box<ServerError>),
}

impl HistoryChange {
    /// A refusal that is not transient, as an error with the remedy.
    pub(crate) fn refusal(error: ServerError, guard: &Guard<'_>) -> Error {
        let sql = guard.bootstrap_history();
        Error::new(if error.sqlstate == "42501" && !sql.is_empty() {
            ErrorKind::CannotUpgrade { table: guard.table.clone(), sql, source: error }
        } else {
            ErrorKind::Server(error)
        })
    }
}

/// Runs SQL of ours in one transaction under the lock, with every table there. Nothing stands behind
/// COMMIT, where an error would look like a refusal: what is set ends with the transaction.
pub(crate) fn run(
    session: &mut Session<'_>,
    guard: &Guard<'_>,
    sql: &str,
    options: &Options,
) -> Result<HistoryChange, Error> {
    let message = format!(
        "{}{}{}{sql}{}",
        guard.begin(options.lock_timeout, options.statement_timeout),
        guard.lock(),
        guard.bootstrap(),
        guard.commit(),
    );
    let ask = |client: &mut Client| client.batch_execute(&message);
    let sent = session.cancellable(&options.stop, FLUSH_GRACE, ask);
    let Err(error) = sent else { return Ok(HistoryChange::Done) };
    let Some(server) = error.as_db_error().map(ServerError::new) else {
        return Err(Error::query(error));
    };
    session.client().batch_execute("ROLLBACK").map_err(Error::query)?;
    Ok(match server.token() {
        Some(token::BUSY) => HistoryChange::Busy,
        _ => HistoryChange::Refused(Box::new(server)),
    })
}
