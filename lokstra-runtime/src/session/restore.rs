//! What the session of a borrowed client held before the run, and gets back after each step.

use lokstra_connect::client::Client;
use lokstra_connect::query::{owned, rows, text};
use lokstra_core::text::quote;

use crate::error::Error;
use crate::session::query::ask;

/// Not of custom settings (`app.tenant`), which the server does not list, nor of new temporary
/// objects, cursors and advisory locks where the caller has some too.
#[derive(Debug, Default)]
struct CallerSession {
    settings: Vec<(String, String)>,
    channels: Vec<String>,
    has_temporary: bool,
    has_cursors: bool,
    has_locks: bool,
}

/// The SQL that puts it back, from what the session holds now.
pub(crate) fn restore_sql(client: &mut Client) -> Result<String, Error> {
    CallerSession::read(client).map(|session| session.restore())
}

impl CallerSession {
    fn read(client: &mut Client) -> Result<CallerSession, Error> {
        let query = "SELECT 'setting' AS kind, s.name, s.setting FROM pg_catalog.pg_settings s \
             WHERE s.source OPERATOR(pg_catalog.=) 'session' \
             UNION ALL SELECT 'channel', c.name, NULL \
             FROM pg_catalog.pg_listening_channels() c(name) \
             UNION ALL SELECT 'temporary', NULL, NULL WHERE EXISTS \
             (SELECT FROM pg_catalog.pg_depend d WHERE d.refclassid OPERATOR(pg_catalog.=) \
             CAST(CAST('pg_catalog.pg_namespace' AS pg_catalog.regclass) AS pg_catalog.oid) \
             AND d.refobjid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()) \
             UNION ALL SELECT 'cursor', NULL, NULL WHERE EXISTS \
             (SELECT FROM pg_catalog.pg_cursors c WHERE c.is_holdable) \
             UNION ALL SELECT 'lock', NULL, NULL WHERE EXISTS (SELECT FROM pg_catalog.pg_locks l \
             WHERE l.locktype OPERATOR(pg_catalog.=) 'advisory' \
             AND l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid())";
        let answer = ask(client, query)?;
        let mut session = CallerSession::default();
        for row in rows(&answer) {
            let required = |column| owned(row, column).unwrap_or_default();
            match text(row, "kind") {
                Some("setting") => session.settings.push((required("name"), required("setting"))),
                Some("channel") => session.channels.push(required("name")),
                Some("lock") => session.has_locks = true,
                Some("temporary") => session.has_temporary = true,
                _ => session.has_cursors = true,
            }
        }
        Ok(session)
    }

    /// One implicit transaction, in which a channel that was listened to loses no notification.
    fn restore(&self) -> String {
        let listen =
            self.channels.iter().map(|name| format!("LISTEN {};", quote::identifier(name)));
        format!(
            "{}UNLISTEN *;{}{}{}{}",
            self.restore_settings(),
            listen.collect::<String>(),
            if self.has_temporary { "" } else { "DISCARD TEMP;" },
            if self.has_cursors { "" } else { "CLOSE ALL;" },
            if self.has_locks { "" } else { "SELECT pg_catalog.pg_advisory_unlock_all();" },
        )
    }

    /// Puts back every setting of the session that differs from what the caller had; not those of a
    /// transaction, nor `temp_buffers`, which no session can change once it has used a temporary
    /// table.
    fn restore_settings(&self) -> String {
        let literals = |(name, value): &(String, String)| {
            format!("({}, {})", quote::literal(name), quote::literal(value))
        };
        let mut wanted: Vec<String> = self.settings.iter().map(literals).collect();
        if wanted.is_empty() {
            wanted.push("(NULL, NULL)".to_owned());
        }
        format!(
            "SELECT pg_catalog.set_config(s.name, COALESCE(w.value, s.reset_val), false) \
             FROM pg_catalog.pg_settings s LEFT JOIN (VALUES {}) w(name, value) \
             ON w.name OPERATOR(pg_catalog.=) s.name \
             WHERE (s.source OPERATOR(pg_catalog.=) 'session' OR w.name IS NOT NULL) \
             AND s.setting OPERATOR(pg_catalog.<>) COALESCE(w.value, s.reset_val) \
             AND s.context OPERATOR(pg_catalog.=) ANY (ARRAY['user', 'superuser']) \
             AND s.name OPERATOR(pg_catalog.<>) ALL (ARRAY['transaction_isolation', \
             'transaction_read_only', 'transaction_deferrable', 'temp_buffers']);",
            wanted.join(", ")
        )
    }
}
