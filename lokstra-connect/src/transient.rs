//! Which failures are transient: of a server that is not there yet, of a connection that was lost, and
//! of a statement that a later attempt may run.

use std::io;

use postgres::error::{DbError, Severity};

use crate::client::client_gave_up;
use crate::error::ConnectError;
use crate::server_error::ServerError;
use lokstra_core::text::{contains, to_string};

/// Reports whether a later attempt can succeed without a change of the server or of the settings.
pub fn is_transient(error: &ConnectError) -> bool {
    match error {
        ConnectError::Timeout { .. } => true,
        ConnectError::Failed { source, .. } => is_transient_client_error(source),
        _ => false,
    }
}

fn is_transient_client_error(error: &postgres::Error) -> bool {
    if let Some(server) = error.as_db_error() {
        return is_transient_server_error(server.code().code(), server.message());
    }
    let Some(io) = io_cause(error) else { return error.is_closed() };
    // A standby may be promoted, whichever host of several it is.
    if is_of_the_wrong_kind(io) {
        return true;
    }
    is_transient_io_error(io.kind(), to_string(error).starts_with("error connecting"))
}

fn is_transient_io_error(kind: io::ErrorKind, is_connecting: bool) -> bool {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, InvalidInput, PermissionDenied, TimedOut,
        UnexpectedEof,
    };
    match kind {
        // A name that is not known yet has no kind of its own.
        _ if is_connecting => !matches!(kind, PermissionDenied | InvalidInput),
        // A proxy takes the connection before there is a server behind it, and lets go.
        ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof | TimedOut => true,
        _ => false,
    }
}

/// PostgreSQL documentation: *Appendix A. Error Codes*.
fn is_transient_server_error(code: &str, message: &str) -> bool {
    match code {
        // Shut down, crashed, starting up or recovering; too many connections.
        "57P01" | "57P02" | "57P03" | "53300" => true,
        // The one code of PgBouncer, for what passes and for what does not.
        "08P01" => TRANSIENT_PGBOUNCER_MESSAGES.iter().any(|known| contains(message, known)),
        _ => false,
    }
}

/// Its own words, and those of the server, which older versions send on under that code.
const TRANSIENT_PGBOUNCER_MESSAGES: [&str; 11] = [
    "cannot connect to server",
    "no more connections allowed",
    "client connections exceeded",
    "query_wait_timeout",
    "client_login_timeout",
    "server login has been failing",
    "shutting down",
    // 57P03: starting up, in recovery mode, not accepting connections.
    "the database system is",
    // 53300: clients already, connections for a role or a database; slots that are kept.
    "too many c",
    "connection slots are reserved",
    // 57P01 and 57P02.
    "terminating connection",
];

/// `target_session_attrs`: the client's own words, and not an error of the system.
fn is_of_the_wrong_kind(io: &io::Error) -> bool {
    io.kind() == io::ErrorKind::PermissionDenied && io.get_ref().is_some()
}

/// Whether a server was reached that is not what `target_session_attrs` requires.
pub(crate) fn wants_another_kind(error: &ConnectError) -> bool {
    let ConnectError::Failed { source, .. } = error else { return false };
    io_cause(source).is_some_and(is_of_the_wrong_kind)
}

fn io_cause(error: &postgres::Error) -> Option<&io::Error> {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref() {
            return Some(io);
        }
        cause = error.source();
    }
    None
}

/// Reports whether another attempt of the statement can succeed: `lock_not_available`, `deadlock_detected` and
/// `serialization_failure`.
///
/// PostgreSQL documentation: *13.5. Serialization Failure Handling*.
pub fn is_retryable(server: &ServerError) -> bool {
    is_lock_conflict(server) || server.sqlstate == "40001"
}

/// Reports whether another session's lock was in the way: `lock_not_available` and `deadlock_detected`.
pub fn is_lock_conflict(server: &ServerError) -> bool {
    matches!(server.sqlstate.as_str(), "55P03" | "40P01")
}

/// Reports whether this is the end of a connection and not the answer to a query.
pub fn is_connection_loss(error: &postgres::Error) -> bool {
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

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::{is_transient_io_error, is_transient_server_error};

    #[test]
    fn a_server_that_is_not_ready_passes_and_one_that_refuses_does_not() {
        for code in ["57P01", "57P02", "57P03", "53300"] {
            assert!(is_transient_server_error(code, ""), "{code}");
        }
        for code in ["28P01", "28000", "3D000", "0A000", "42501", "08P01"] {
            assert!(!is_transient_server_error(code, "no such database: app"), "{code}");
        }
    }

    #[test]
    fn what_a_pooler_sends_on_passes_as_it_would_from_the_server() {
        for message in [
            "pgbouncer cannot connect to server",
            "server login failed: FATAL the database system is starting up",
            "client_login_timeout (server down)",
            "client connections exceeded (max_db_client_connections)",
            "the database system is starting up",
            "the database system is in recovery mode",
            "the database system is not yet accepting connections",
            "sorry, too many clients already",
            "too many connections for role \"app\"",
            "remaining connection slots are reserved for non-replication superuser connections",
            "terminating connection due to administrator command",
        ] {
            assert!(is_transient_server_error("08P01", message), "{message}");
        }
        for message in [
            "password authentication failed for user \"app\"",
            "database \"app\" does not exist",
            "database \"app\" is not currently accepting connections",
            "role \"app\" is not permitted to log in",
            "unsupported startup parameter: options",
            "bouncer config error",
        ] {
            assert!(!is_transient_server_error("08P01", message), "{message}");
        }
    }

    #[test]
    fn a_closed_connection_is_transient_and_a_refused_certificate_is_not() {
        assert!(is_transient_io_error(ErrorKind::ConnectionReset, false));
        assert!(is_transient_io_error(ErrorKind::UnexpectedEof, false));
        assert!(!is_transient_io_error(ErrorKind::InvalidData, false));
    }

    #[test]
    fn an_unknown_name_is_transient_and_a_forbidden_socket_is_not() {
        assert!(is_transient_io_error(ErrorKind::Other, true));
        assert!(!is_transient_io_error(ErrorKind::PermissionDenied, true));
    }
}
