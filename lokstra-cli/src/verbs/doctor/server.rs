//! The connection, and the settings of the server, the role and the database.

use std::time::Duration;

use lokstra_runtime::postgres::{Client, Error};
use lokstra_runtime::{ConnectError, Migrator, Pool};

use super::finding::Findings;
use crate::run::query::{Row, identifier, rows, rows_as_it_is};

/// The tested versions.
const SUPPORTED: std::ops::RangeInclusive<i64> = 13..=18;

/// Facts about the server that other checks need.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) role: String,
    pub(super) version: i64,
    pub(super) is_standby: bool,
    pub(super) is_pooled: bool,
    /// Why the second connection, which detects a pooler, failed.
    pub(super) pooler_error: Option<ConnectError>,
    /// Identifies the database, whichever way it is reached.
    identity: String,
}

const FACTS: &str = "SELECT current_user AS role, pg_catalog.current_database() AS database, \
     pg_catalog.current_setting('server_version_num') AS number, \
     pg_catalog.current_setting('server_version') AS version, \
     pg_catalog.pg_is_in_recovery() AS standby, pg_catalog.getdatabaseencoding() AS encoding, \
     pg_catalog.concat_ws(' ', pg_catalog.pg_postmaster_start_time(), d.oid, d.datname) AS identity, \
     (SELECT source FROM pg_catalog.pg_settings WHERE name = 'client_encoding') AS source, \
     pg_catalog.inet_client_addr() IS NULL OR pg_catalog.inet_client_addr() << '127.0.0.0/8' \
     OR pg_catalog.inet_client_addr() = '::1' AS local, \
     (SELECT s.version FROM pg_catalog.pg_stat_ssl s \
     WHERE s.pid = pg_catalog.pg_backend_pid() AND s.ssl) AS tls \
     FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()";

/// Reads the facts; `None` ends the checks.
pub(super) fn facts(client: &mut Client, pool: &Pool) -> Result<Option<(Facts, Row)>, Error> {
    let row = rows(client, FACTS)?.into_iter().next();
    Ok(row.map(|row| {
        // The client sets the encoding when it connects; behind a pooler, the server does not receive
        // it.
        let has_encoding = row.text("source") == "client";
        let (is_pooled, pooler_error) = match pool.has_pooler() {
            Ok(is_pooled) => (is_pooled, None),
            Err(error) => (!has_encoding, Some(error)),
        };
        let facts = Facts {
            role: row.text("role").to_owned(),
            version: row.number("number") / 10_000,
            is_standby: row.is("standby"),
            is_pooled,
            pooler_error,
            identity: row.text("identity").to_owned(),
        };
        (facts, row)
    }))
}

pub(super) fn connection(
    found: &mut Findings,
    target: &str,
    facts: &Facts,
    row: &Row,
    took: Duration,
) {
    let (role, took) = (&facts.role, took.as_millis());
    let text = |tls: &str| format!("{target} as {role}, {tls} ({took} ms)");
    match row.text("tls") {
        _ if facts.is_pooled => found.ok("connection", text("through a connection pooler")),
        "" if row.is("local") => found.ok("connection", text("on this machine, without TLS")),
        "" => found.warning(
            "connection",
            text("without TLS"),
            "set sslmode=verify-full, or sslmode=require at least, in the connection string",
        ),
        version => found.ok("connection", text(version)),
    }
}

pub(super) fn version(found: &mut Findings, facts: &Facts, row: &Row) {
    let text = format!("PostgreSQL {}", row.text("version"));
    match facts.version {
        version if version < *SUPPORTED.start() => found.warning(
            "version",
            format_args!("{text} is older than {}, the oldest tested version", SUPPORTED.start()),
            "upgrade the server: this PostgreSQL version is past its end of life",
        ),
        version if version > *SUPPORTED.end() => found.warning(
            "version",
            format_args!("{text} is newer than {}, the newest tested version", SUPPORTED.end()),
            "try the migrations on a copy first, or look for a newer lokstra",
        ),
        _ => found.ok("version", text),
    }
}

/// Reports whether the server does what migrations need, as far as this shows without a change.
pub(super) fn server_support(
    found: &mut Findings,
    migrator: &mut Migrator<'_>,
    client: &mut Client,
) {
    // If the history cannot be read, other checks report that.
    let Ok(check) = migrator.check_server(client) else { return };
    for fault in &check.faults {
        found.problem(
            "server",
            format_args!("{} does not do what migrations need: {fault}", check.name),
            "use a server that docs/servers.md lists as working; or accept the fault with \
             -unsupported-server",
        );
    }
    if !check.is_plain {
        found.remark(
            "server",
            format_args!("{}: each run tests its DDL before the first script", check.name),
            "see docs/servers.md",
        );
    } else if check.faults.is_empty() {
        found.ok("server", "locks are held, and DDL is rolled back with its transaction");
    }
}

pub(super) fn encoding(found: &mut Findings, row: &Row) {
    match row.text("encoding") {
        "UTF8" => found.ok("encoding", "UTF8"),
        other => found.warning(
            "encoding",
            format_args!("{other}: the server converts the scripts, which are UTF-8"),
            "avoid characters that this encoding lacks, or create a database with ENCODING 'UTF8' \
             TEMPLATE template0",
        ),
    }
}

pub(super) fn pooler(found: &mut Findings, facts: &Facts, pool: &Pool, needs_session: bool) {
    const HELP: &str = "give the pool a direct connection (direct-dsn in config.yaml, or \
         LOKSTRA_DSN_…_DIRECT), or write `pooler: session` if the pooler keeps sessions";
    if let Some(direct) = pool.direct_connection() {
        return direct_connection(found, facts, direct);
    }
    if let (false, Some(error)) = (facts.is_pooled, &facts.pooler_error) {
        let message = format_args!("unknown: a second connection failed: {error}");
        found.warning("pooler", message, "allow the role and the pooler two connections");
    } else if !facts.is_pooled {
        found.ok("pooler", "none");
    } else if pool.has_session_pooler() {
        found.ok("pooler", "a connection pooler in session mode, according to the pool");
    } else if needs_session {
        let message = "a connection pooler, through which the pending no-transaction migrations are \
                       refused";
        found.problem("pooler", message, HELP);
    } else {
        let message = "a connection pooler, through which a no-transaction migration is refused";
        found.warning("pooler", message, HELP);
    }
}

fn direct_connection(found: &mut Findings, facts: &Facts, direct: &Pool) {
    let mut client = match direct.connect() {
        Ok(client) => client,
        Err(error) => return found.error("pooler", &error.into()),
    };
    match self::facts(&mut client, direct) {
        Err(error) => found.not_checked("pooler", &error),
        Ok(None) => {}
        Ok(Some((there, _))) if there.identity != facts.identity => found.problem(
            "pooler",
            "the direct connection leads to another server or database than the pool",
            "correct the direct connection: its migrations would run elsewhere",
        ),
        Ok(Some((there, _))) if there.is_pooled => found.problem(
            "pooler",
            "the direct connection leads through a connection pooler too",
            "point the direct connection at the server itself",
        ),
        Ok(Some(_)) => found.ok("pooler", "the direct connection leads to the same database"),
    }
}

/// The settings, in milliseconds except the last three; `transaction_timeout` is new in PostgreSQL 17.
const SETTINGS: &str = "SELECT s.name, s.reset_val, pg_catalog.current_schema() AS schema \
     FROM pg_catalog.pg_settings s WHERE s.name OPERATOR(pg_catalog.=) ANY (ARRAY[\
     'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', \
     'transaction_timeout', 'default_transaction_read_only', 'synchronous_commit', 'search_path'])";

pub(super) fn settings(found: &mut Findings, client: &mut Client, facts: &Facts) {
    let rows = match rows_as_it_is(client, SETTINGS) {
        Ok(rows) => rows,
        Err(error) => return found.not_checked("settings", &error),
    };
    let role = identifier(&facts.role);
    let before = found.len();
    for row in &rows {
        let (name, value) = (row.text("name"), row.text("reset_val"));
        match (name, value) {
            ("statement_timeout" | "transaction_timeout", limit) if limit != "0" => {
                found.warning(
                    "settings",
                    format_args!("{name} is {limit} ms: a transactional migration that takes longer fails"),
                    format!("ALTER ROLE {role} SET {name} = 0;, or SET LOCAL {name} = 0; in the script"),
                );
            }
            ("lock_timeout" | "idle_in_transaction_session_timeout", limit) if limit != "0" => {
                found.ok(
                    "settings",
                    format_args!("{name} is {limit} ms, and a migration sets or needs its own"),
                );
            }
            ("default_transaction_read_only", "on") => found.problem(
                "settings",
                "default_transaction_read_only is on for this role or database",
                format!("ALTER ROLE {role} SET default_transaction_read_only = off;"),
            ),
            ("synchronous_commit", "off") => found.warning(
                "settings",
                "synchronous_commit is off: a crash of the server can undo the last migrations that \
                 were reported as applied",
                format!("ALTER ROLE {role} SET synchronous_commit = on;"),
            ),
            ("search_path", path) if row.text("schema").is_empty() => found.problem(
                "settings",
                format_args!("search_path is {path}, and none of its schemas exists: CREATE TABLE without a schema fails"),
                format!("create one of its schemas, or ALTER ROLE {role} SET search_path = public;"),
            ),
            ("search_path", path) if row.text("schema") != "public" => found.ok(
                "settings",
                format_args!("search_path is {path}: objects without a schema are created in {}", row.text("schema")),
            ),
            _ => {}
        }
    }
    if found.len() == before {
        found.ok("settings", "no setting of the role or the database interferes");
    }
}
