//! Whether the history is exactly what is embedded: all that a boot with nothing to do has to know.

use lokstra_connect::client::Client;
use lokstra_connect::query::{rows, text};
use lokstra_core::{Database, Direction, TableName};
use postgres::SimpleQueryMessage;
use postgres::error::SqlState;

use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::inspect::snapshot::{self, READ_LOCK_TIMEOUT};
use crate::model::run::step::Goal;
use crate::model::state::snapshot::Snapshot;

/// Whose session it is that asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionOwner {
    Own,
    /// It may be in a transaction, which our COMMIT would end.
    Borrowed,
}

/// The snapshot for a run towards this goal; `None` where there is nothing to do.
pub(crate) fn snapshot_unless_reached(
    client: &mut Client,
    owner: SessionOwner,
    table: &TableName,
    database: Database<'_>,
    goal: Goal,
) -> Result<Option<Snapshot>, Error> {
    let is_reached_when_current = match goal {
        Goal::To(version) => database.newest() == Some(version),
        _ => goal.direction() == Direction::Up,
    };
    if is_reached_when_current {
        snapshot_unless_current(client, owner, table, database)
    } else {
        snapshot::read(client, table).map(Some)
    }
}

/// Looks at the history, unless it is row for row what is embedded (`None`): then nothing is to be
/// done.
///
/// The server answers with one number for all rows, which the set has had since it was built. Only
/// where it is another one, a second round trip reads them. Without facts of the catalog, too: to
/// a session that has just begun they are most of what a snapshot costs.
pub(crate) fn snapshot_unless_current(
    client: &mut Client,
    owner: SessionOwner,
    table: &TableName,
    database: Database<'_>,
) -> Result<Option<Snapshot>, Error> {
    match client.simple_query(&fingerprint_sql(owner, table)) {
        Ok(answer) if is_current(&answer, database)? => Ok(None),
        Ok(_) => snapshot::read(client, table).map(Some),
        Err(error) if is_foreign(&error) => snapshot::read(client, table).map(Some),
        Err(error) if snapshot::is_missing(&error) => {
            snapshot::read_without_table(client, table).map(Some)
        }
        Err(error) => Err(snapshot::refusal(error, table)),
    }
}

/// A version that is no number, or a column of a type that cannot be hashed: the snapshot says which.
fn is_foreign(error: &postgres::Error) -> bool {
    matches!(
        error.code(),
        Some(
            &SqlState::INVALID_TEXT_REPRESENTATION
                | &SqlState::NUMERIC_VALUE_OUT_OF_RANGE
                | &SqlState::CANNOT_COERCE
                | &SqlState::UNDEFINED_FUNCTION
                | &SqlState::WRONG_OBJECT_TYPE
                | &SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE
        )
    )
}

/// The [`Fingerprint`](lokstra_core::Fingerprint) of the rows, to which one that lacks a checksum adds
/// something else. A column that the table lacks is the one of `missing`, where a name leads that
/// `rows` does not have. Few functions, since a session that has just begun has to look up each of
/// them: a count would be a tenth of it.
///
/// PostgreSQL documentation: *7.2.1.5. LATERAL Subqueries*.
fn fingerprint_sql(owner: SessionOwner, table: &TableName) -> String {
    let moments = match owner {
        SessionOwner::Own => "",
        SessionOwner::Borrowed => {
            ", CURRENT_TIMESTAMP AS began, pg_catalog.statement_timestamp() AS sent"
        }
    };
    let columns = ["description", "down_checksum", "checksum"];
    let version = "CAST(version AS pg_catalog.int8)".to_owned();
    let hash = columns
        .iter()
        .fold(version, |seed, column| format!("pg_catalog.hashtextextended({column}, {seed})"));
    format!(
        "SET LOCAL lock_timeout='{READ_LOCK_TIMEOUT}ms';\
         SELECT pg_catalog.sum(COALESCE(rows.hash, CAST('1' AS pg_catalog.int8))) AS fingerprint\
         {moments} FROM (SELECT NULL AS version, NULL AS description, NULL AS checksum, \
         NULL AS down_checksum) missing, LATERAL (SELECT {hash} AS hash FROM {}) rows;",
        table.quoted()
    )
}

fn is_current(answer: &[SimpleQueryMessage], database: Database<'_>) -> Result<bool, Error> {
    let row = rows(answer).next().ok_or_else(|| Error::new(ErrorKind::EmptyResponse))?;
    // A transaction of the caller's began before this message.
    if text(row, "began") != text(row, "sent") {
        return Err(Error::new(ErrorKind::InTransaction));
    }
    // Of no rows, the sum is NULL.
    let sum = text(row, "fingerprint").unwrap_or("0");
    Ok(database.fingerprint().is_sum(sum))
}
