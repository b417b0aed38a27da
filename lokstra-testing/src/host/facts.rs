//! What has to be known of a server before a database is created there.

use lokstra_connect::pooler::{self, Sent};
use lokstra_runtime::postgres::Client;

use super::server::TestServer;
use crate::error::TestError;

/// What decides how databases are created, and what a template depends on besides its migrations.
pub(crate) struct Facts {
    /// `server_version_num`.
    pub(crate) version: i32,
    pub(crate) role: String,
    /// Whether a commit waits for the disk.
    pub(crate) is_durable: bool,
    /// Options of `CREATE DATABASE` that make one like the database that the URL names.
    pub(crate) like: String,
    search_path: String,
}

const FACTS: &str = "SELECT pg_catalog.current_setting('server_version_num')::int4,
    r.rolname::text, r.rolsuper OR r.rolcreatedb, pg_catalog.pg_is_in_recovery(),
    pg_catalog.current_setting('fsync')::bool, pg_catalog.current_setting('search_path'),
    pg_catalog.format('ENCODING %L LC_COLLATE %L LC_CTYPE %L',
        pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype)
    || CASE it.row ->> 'datlocprovider'
        WHEN 'i' THEN pg_catalog.format(' LOCALE_PROVIDER icu ICU_LOCALE %L',
            coalesce(it.row ->> 'datlocale', it.row ->> 'daticulocale'))
        WHEN 'b' THEN pg_catalog.format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L',
            it.row ->> 'datlocale')
        ELSE '' END
FROM pg_catalog.pg_roles r, pg_catalog.pg_database d, pg_catalog.to_jsonb(d) AS it(row)
WHERE r.rolname = current_user AND d.datname = pg_catalog.current_database()";

impl Facts {
    /// Refuses a server on which no test can have a database.
    pub(super) fn read(client: &mut Client, server: &TestServer) -> Result<Facts, TestError> {
        let is_direct = pooler::is_direct(client, Sent::Name);
        if !is_direct.map_err(TestError::server("ask for the settings"))? {
            return Err(TestError::Pooler { named_by: server.named_by });
        }
        let row = client.query_one(FACTS, &[]).map_err(TestError::server("read the role"))?;
        let role: String = row.get(1);
        if !row.get::<_, bool>(2) {
            return Err(TestError::NoCreateDb { role });
        }
        if row.get(3) {
            return Err(TestError::Standby);
        }
        let (version, is_durable) = (row.get(0), row.get(4));
        Ok(Facts { version, role, is_durable, search_path: row.get(5), like: row.get(6) })
    }

    /// All that a template depends on.
    pub(crate) fn identity(&self) -> impl std::hash::Hash + '_ {
        (self.version, &self.role, &self.like, &self.search_path)
    }

    /// How a template is copied. Files are copied faster than they are logged, but for a server that waits
    /// for the disk: it writes everything that is not there yet, before and afterwards.
    pub(crate) fn strategy(&self) -> &'static str {
        if self.version >= 150_000 && !self.is_durable { " STRATEGY file_copy" } else { "" }
    }
}
