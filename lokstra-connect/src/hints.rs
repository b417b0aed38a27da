//! What to do about a connection that is refused.

use std::borrow::Cow;

use crate::error_chain::chain;
use crate::host::PasswordFrom;
use lokstra_core::text::contains;

/// What to do about a refusal that does not say it.
pub(crate) fn connect_help(
    source: &postgres::Error,
    password_from: Option<PasswordFrom>,
) -> Option<Cow<'static, str>> {
    let code = source.as_db_error().map(|server| server.code().code());
    if let (Some("28P01"), Some(from)) = (code, password_from) {
        return Some(format!("the password came from {from}: correct it there").into());
    }
    if code == Some("3D000") {
        return Some("correct its name, or create it: lokstra database create".into());
    }
    // Also of a role that is not there, or may not log in.
    let refused = "check that the role exists and has LOGIN, and that pg_hba.conf of the server \
                   allows it from this host, to this database, with or without TLS";
    let refused = (code == Some("28000")).then_some(refused);
    known_help(source).or(refused).map(Cow::Borrowed)
}

fn known_help(source: &postgres::Error) -> Option<&'static str> {
    let server = source.as_db_error();
    if server.is_some_and(|server| contains(server.message(), "unsupported startup parameter")) {
        // `schema` of config.yaml, PGOPTIONS.
        return Some(
            "PgBouncer does not accept `options`: remove them, or list them in its \
             ignore_startup_parameters",
        );
    }
    let text = chain(source);
    if cfg!(not(feature = "rustls")) && contains(&text, "no encryption") {
        return Some("if the server requires TLS, add the feature `rustls` of `lokstra`");
    }
    // A server that has answered may use the words of the system for something of its own.
    let unreached = if server.is_none() { &UNREACHED[..] } else { &[] };
    let known = unreached.iter().chain(&HELP);
    known.into_iter().find(|(words, _)| contains(&text, words)).map(|(_, help)| *help)
}

/// What to do about the words of the system.
const UNREACHED: [(&str, &str); 4] = [
    (
        "Connection refused",
        "check that the server runs and listens there; inside a container, `localhost` is the \
         container itself and not its host",
    ),
    (
        "No such file or directory",
        "check that the server runs, listens on this port, and has this folder in unix_socket_directories",
    ),
    (
        "database does not allow writes",
        "connect to the primary server; to wait longer for a promotion, raise `connect_wait` \
         (-connect-wait)",
    ),
    (
        "failed to lookup address",
        "check the name of the host, and that it can be resolved from here",
    ),
];

/// What to do about the words of the client and of rustls.
const HELP: [(&str, &str); 7] = [
    (
        "requires a valid client certificate",
        "name one that is issued to the role: `sslcert` and `sslkey`",
    ),
    ("password missing", "give it in the connection string, in PGPASSWORD or in ~/.pgpass"),
    (
        "does not support TLS",
        "turn on `ssl` on the server, or write `sslmode=prefer` if the network is trusted",
    ),
    (
        "UnknownIssuer",
        "the server's certificate is not signed by any CA in `sslrootcert`: add the right CA, or do \
         not trust the server",
    ),
    ("certificate expired", "renew the server's certificate"),
    (
        "not valid for name",
        "connect to a host that the certificate is for, or let the authority issue one for this \
         host; its common name alone does not count",
    ),
    ("fatal alert: UnknownCA", "the server trusts no CA that signed the certificate in `sslcert`"),
];
