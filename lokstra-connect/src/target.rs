//! Which server and database a run works on, without anything secret.

use std::fmt;

use postgres::Config;
use postgres::config::Host;

use lokstra_core::text::to_string;

/// Which server and database a run works on, as the connection string has it; never the password.
/// `Display` is `postgres at localhost:5432, database app, user svc`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionTarget {
    /// The name or address of the host, or the directory of a socket.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database on that server.
    pub database: String,
    /// The user that connects.
    pub user: String,
}

impl ConnectionTarget {
    pub(crate) fn of(config: &Config) -> ConnectionTarget {
        // As the client does.
        let user = config.get_user().map(str::to_owned).or_else(|| whoami::username().ok());
        let user = user.unwrap_or_default();
        let database = config.get_dbname().unwrap_or(&user).to_owned();
        let port = config.get_ports().first().copied().unwrap_or(5432);
        ConnectionTarget { host: host(config), port, database, user }
    }
}

/// The first host, for messages.
pub(crate) fn host(config: &Config) -> String {
    match (config.get_hosts().first(), config.get_hostaddrs().first()) {
        (Some(Host::Tcp(host)), _) => host.clone(),
        #[cfg(unix)]
        (Some(Host::Unix(path)), _) => to_string(&path.display()),
        (None, Some(address)) => to_string(address),
        (None, None) => "no host".to_owned(),
    }
}

impl fmt::Display for ConnectionTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ConnectionTarget { host, port, database, user } = self;
        write!(f, "postgres at {host}:{port}, database {database}, user {user}")
    }
}
