//! Whether a connection pooler is between a client and the server.

use crate::client::Client;
use crate::query::{rows, text};

/// What the server takes settings from that were not set since the session began, until the end of
/// the message: the client sends both when it connects, and behind a pooler it connected to that.
const AT_START: &str = "SET LOCAL client_encoding TO DEFAULT;\
     SET LOCAL application_name TO DEFAULT;\
     SELECT s.name, s.source, s.setting FROM pg_catalog.pg_settings s \
     WHERE s.name OPERATOR(pg_catalog.=) ANY (ARRAY['client_encoding', 'application_name']);";

/// What a client is known to have sent when it connected.
#[derive(Clone, Copy)]
pub enum Sent<'s> {
    /// The encoding, as every client of this crate does.
    Encoding,
    /// Also a name.
    Name,
    /// This name. A pooler can be configured to start its own sessions with any encoding and any name
    /// (`[databases]` of PgBouncer), but not with one that was made up a moment ago.
    ThisName(&'s str),
}

/// Reports whether the server received what the client sent, in whatever mode a pooler works.
///
/// PostgreSQL documentation: *54.24. `pg_settings`*, on `source`.
pub fn is_direct(client: &mut Client, sent: Sent<'_>) -> Result<bool, postgres::Error> {
    let answer = client.simple_query(AT_START)?;
    let received = |name, value: Option<&str>| {
        rows(&answer).any(|row| {
            text(row, "name") == Some(name)
                && text(row, "source") == Some("client")
                && (value.is_none() || text(row, "setting") == value)
        })
    };
    Ok(received("client_encoding", None)
        && match sent {
            Sent::Encoding => true,
            Sent::Name => received("application_name", None),
            Sent::ThisName(name) => received("application_name", Some(name)),
        })
}
