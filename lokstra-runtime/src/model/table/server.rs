//! The server by its name, and what it does not do.

use std::fmt;

use lokstra_connect::ServerError;
use lokstra_core::text::{contains, split_once};
use lokstra_core::write_text;

/// What the server says that it is: `version()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server(pub(crate) String);

/// Servers that speak as PostgreSQL does, by what their `version()` contains.
const OTHERS: [(&str, &str); 4] = [
    ("CockroachDB", "CockroachDB"),
    ("-YB-", "YugabyteDB"),
    ("Redshift", "Amazon Redshift"),
    ("Greenplum", "Greenplum"),
];

impl Server {
    /// Whether this is PostgreSQL as its project or a distribution builds it, as far as it says.
    pub(crate) fn is_plain(&self) -> bool {
        let rest = self.0.strip_prefix("PostgreSQL ").and_then(|rest| split_once(rest, " on "));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        rest.is_some_and(|(version, platform)| {
            let (number, packager) = split_once(version, " (").unwrap_or((version, "Debian"));
            is_number(number)
                && (packager.starts_with("Debian") || packager.starts_with("Ubuntu"))
                && !contains(platform, "Redshift")
        })
    }

    /// What is known of a server of this name and cannot be probed.
    pub(crate) fn known_fault(&self) -> Option<ServerFault> {
        contains(&self.0, "CockroachDB").then_some(ServerFault::SchemaChangesApart)
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = OTHERS.iter().find(|(text, _)| contains(&self.0, text));
        let version = split_once(&self.0, " on ").map_or(&*self.0, |(version, _)| version);
        match known {
            Some((_, name)) if !contains(version, name) => write!(f, "{name} ({version})"),
            _ => f.write_str(version),
        }
    }
}

/// What a server does not do that a migration needs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerFault {
    /// It says that an advisory lock is taken, and does not list it as held.
    LockNotHeld,
    /// A table outlives the rollback of the transaction that creates it.
    DdlStays,
    /// By its documentation, a schema change can fail after its transaction has committed.
    SchemaChangesApart,
    /// It refuses SQL that every run sends, whatever the scripts are.
    Refuses(Box<ServerError>),
}

/// Without what a terminal obeys: `{:#}` is exact.
impl fmt::Display for ServerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(f, &|f| self.write(f))
    }
}

impl ServerFault {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServerFault::LockNotHeld => f.write_str(
                "it grants the migration lock and its pg_locks does not list the lock, so that two \
                 runs could work at the same time",
            ),
            ServerFault::DdlStays => f.write_str(
                "a table that a transaction creates is still there after its ROLLBACK, so that a \
                 failed migration would leave a part of itself behind",
            ),
            ServerFault::SchemaChangesApart => f.write_str(
                "its schema changes can be committed, or fail, apart from their transaction",
            ),
            ServerFault::Refuses(error) => {
                write!(f, "it refuses what every run sends: {}", error.headline())
            }
        }
    }
}

/// What is known of a server without a run: see [`Migrator::check_server`](crate::Migrator::check_server).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerCheck {
    /// Its name and version.
    pub name: String,
    /// Whether it says that it is PostgreSQL, as the project or a distribution builds it.
    pub is_plain: bool,
    /// What it does not do; a run finds more.
    pub faults: Vec<ServerFault>,
}

#[cfg(test)]
mod tests {
    use super::Server;

    /// Each as the server of that name says it.
    const SAID: [(&str, bool, &str); 12] = [
        (
            "PostgreSQL 15.20 (Debian 15.20-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14+deb12u1) 12.2.0, 64-bit",
            true,
            "PostgreSQL 15.20 (Debian 15.20-0+deb12u1)",
        ),
        (
            "PostgreSQL 16.8 on aarch64-unknown-linux-gnu, compiled by aarch64-unknown-linux-gnu-gcc (GCC) 9.5.0, 64-bit",
            true,
            "PostgreSQL 16.8",
        ),
        (
            "PostgreSQL 18.6 (PGlite 0.5.14) on wasm32-unknown-emscripten, compiled by emcc, 32-bit",
            false,
            "PostgreSQL 18.6 (PGlite 0.5.14)",
        ),
        (
            "PostgreSQL 16.2 (EnterpriseDB Advanced Server 16.2.0) on x86_64-pc-linux-gnu, compiled by gcc",
            false,
            "PostgreSQL 16.2 (EnterpriseDB Advanced Server 16.2.0)",
        ),
        (
            "PostgreSQL 12.12 (Greenplum Database 7.1.0 build commit:e7c2b1f) on x86_64-pc-linux-gnu, compiled by gcc",
            false,
            "PostgreSQL 12.12 (Greenplum Database 7.1.0 build commit:e7c2b1f)",
        ),
        (
            "PostgreSQL 11.2-YB-2.20.1.3-b0 on x86_64-pc-linux-gnu, compiled by clang version 16.0.6",
            false,
            "YugabyteDB (PostgreSQL 11.2-YB-2.20.1.3-b0)",
        ),
        (
            "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.63269",
            false,
            "Amazon Redshift (PostgreSQL 8.0.2)",
        ),
        (
            "CockroachDB CCL v25.1.0 (x86_64-pc-linux-gnu, built 2025/02/10 20:01:02, go1.22.8)",
            false,
            "CockroachDB CCL v25.1.0 (x86_64-pc-linux-gnu, built 2025/02/10 20:01:02, go1.22.8)",
        ),
        ("PostgreSQL 16", false, "PostgreSQL 16"),
        ("PostgreSQL 19devel on x86_64-linux, compiled by gcc", false, "PostgreSQL 19devel"),
        (
            "PostgreSQL 9.2.4 (openGauss 5.0.0 build a07d57c3) on x86_64-unknown-linux-gnu, compiled by g++",
            false,
            "PostgreSQL 9.2.4 (openGauss 5.0.0 build a07d57c3)",
        ),
        ("", false, ""),
    ];

    #[test]
    fn a_server_is_named_and_probed_by_what_it_says() {
        for (said, is_plain, name) in SAID {
            let server = Server(said.to_owned());
            assert_eq!((server.is_plain(), server.to_string()), (is_plain, name.to_owned()));
        }
    }
}
