//! What an error means of a server that is not PostgreSQL.

use lokstra_connect::client::Client;
use lokstra_connect::query::{owned, rows};

use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::model::table::server::{Server, ServerFault};
use crate::session::query::ask;
use crate::sql::guard::Guard;
use crate::sql::token;

/// What it means that the guard has failed with this token.
pub(crate) fn lock_fault(guard: &Guard<'_>, token: Option<&str>) -> Option<Error> {
    let is_unheld = token == Some(token::UNHELD);
    is_unheld.then(|| Error::unsupported(&guard.snapshot.facts.server, ServerFault::LockNotHeld))
}

/// The result, where the server has refused what PostgreSQL knows: then it is another one, and named.
pub(crate) fn named<T>(client: &mut Client, result: Result<T, Error>) -> Result<T, Error> {
    let error = match result {
        Err(error) => error,
        done => return done,
    };
    // Functions, features, syntax and objects that are not there.
    let refused = match error.kind() {
        ErrorKind::Server(server)
            if matches!(&*server.sqlstate, "42883" | "0A000" | "42601" | "42704") =>
        {
            server.clone()
        }
        _ => return Err(error),
    };
    let version = ask(client, "SELECT version() AS version")
        .ok()
        .and_then(|answer| owned(rows(&answer).next()?, "version"));
    match version.map(Server) {
        Some(server) if !server.is_plain() => Err(error.with_kind(ErrorKind::UnsupportedServer {
            server: server.to_string(),
            fault: ServerFault::Refuses(Box::new(refused)),
        })),
        _ => Err(error),
    }
}
