//! A history that another program wrote: columns are added and checksums filled in, in a transaction
//! of its own, so that no script runs under a lock that keeps others from reading the history.

use lokstra_connect::ServerError;
use lokstra_connect::client::Client;
use lokstra_core::text::join;
use lokstra_core::{Database, Version};

use crate::apply::engine::flush::FLUSH_GRACE;
use crate::apply::options::Options;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::session::Session;
use crate::sql::guard::{Guard, number};

/// How an adoption, or another change of the history that is no migration, ended.
#[derive(Debug)]
pub(crate) enum Adoption {
    Done,
    /// Another session holds the lock.
    Busy,
    /// This role may not, the server may only read, or another session is in the way.
    Refused(Box<ServerError>),
}

impl Adoption {
    /// A refusal that does not pass, as an error with the remedy.
    pub(crate) fn refusal(error: ServerError, guard: &Guard<'_>) -> Error {
        let sql = guard.bootstrap_history();
        Error::new(if error.sqlstate == "42501" && !sql.is_empty() {
            ErrorKind::CannotUpgrade { table: guard.table.clone(), sql, source: error }
        } else {
            ErrorKind::Server(error)
        })
    }
}

pub(crate) fn adopt(
    session: &mut Session<'_>,
    guard: &Guard<'_>,
    database: Database<'_>,
    versions: &[Version],
    options: &Options,
) -> Result<Adoption, Error> {
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
    transact(session, guard, if rows.is_empty() { "" } else { &fill_in }, options)
}

/// Runs SQL of ours in one transaction under the lock, with every table there. Nothing stands behind
/// COMMIT, where an error would look like a refusal: what is set ends with the transaction.
pub(crate) fn transact(
    session: &mut Session<'_>,
    guard: &Guard<'_>,
    body: &str,
    options: &Options,
) -> Result<Adoption, Error> {
    let message = format!(
        "{}{}{}{body}{}",
        guard.begin(options.lock_timeout, options.statement_timeout),
        guard.lock(),
        guard.bootstrap(),
        guard.commit(),
    );
    let ask = |client: &mut Client| client.batch_execute(&message);
    let sent = session.cancellable(&options.stop, FLUSH_GRACE, ask);
    let Err(error) = sent else { return Ok(Adoption::Done) };
    let Some(server) = error.as_db_error().map(ServerError::new) else {
        return Err(Error::query(error));
    };
    session.client().batch_execute("ROLLBACK").map_err(Error::query)?;
    Ok(match server.token() {
        Some("busy") => Adoption::Busy,
        _ => Adoption::Refused(Box::new(server)),
    })
}
