//! The end of a connection.

use lokstra_core::{Mode, Version};
use postgres::error::{DbError, Severity};

use crate::client::client_gave_up;
use crate::error::{Error, ErrorKind};

/// What was running when a connection was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interrupted {
    /// The version.
    pub version: Version,
    /// The last one that was sent together with it; mostly the same.
    pub last: Version,
    /// Transactional: done as a whole or not at all. No-transaction: the statements that came to
    /// their end stay, and the next run goes on behind them.
    pub mode: Mode,
}

/// Whether this is the end of a connection and not the answer to a query.
pub(crate) fn is_lost(error: &postgres::Error) -> bool {
    let io =
        std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
    // The server ends the connection: an operator (57P01), a crash (57P02), a timeout (25P04), …
    let severity = error.as_db_error().and_then(DbError::parsed_severity);
    let fatal = matches!(severity, Some(Severity::Fatal | Severity::Panic));
    // PgBouncer, when it gives up: a server that crashed, `query_wait_timeout`.
    let pooler = error
        .as_db_error()
        .is_some_and(|server| server.code().code() == "08P01" && server.severity() == "FATAL");
    error.is_closed() || io || fatal || pooler || client_gave_up(error)
}

/// Whether a stop ended the wait for an answer, and gave the connection up.
pub(crate) fn is_given_up(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionLost { source, .. } if client_gave_up(source))
}
