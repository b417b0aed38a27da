//! A database that is dropped at the end.

use std::sync::atomic::{AtomicU32, Ordering};

use lokstra_runtime::Pool;
use lokstra_runtime::postgres::Client;

use crate::error::VerifyError;

/// A scratch database on a given server, dropped whatever happens.
///
/// Its name says what it is and when it was made. What a killed process leaves is dropped by the next
/// one that comes an hour later.
pub(crate) struct ScratchDatabase {
    server: Pool,
    pub(crate) name: String,
    pub(crate) pool: Pool,
    pub(crate) keep: bool,
}

/// Like the database that is connected to, so that text sorts and folds as there. PostgreSQL 15 added
/// the provider, and 17 gave the name of its locale another column.
const LIKE: &str =
    "SELECT format('ENCODING %L LC_COLLATE %L LC_CTYPE %L', pg_encoding_to_char(d.encoding),
        d.datcollate, d.datctype)
    || CASE it.row ->> 'datlocprovider'
        WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L',
            coalesce(it.row ->> 'datlocale', it.row ->> 'daticulocale'))
        WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', it.row ->> 'datlocale')
        ELSE '' END,
    extract(epoch FROM now())::bigint
FROM pg_catalog.pg_database d, to_jsonb(d) AS it(row) WHERE d.datname = current_database()";

/// Those that are old and unused.
const ABANDONED: &str = "SELECT format('DROP DATABASE %I', d.datname) FROM pg_catalog.pg_database d
WHERE d.datname ~ '^lokstra_verify_[0-9]+_[0-9]+_[0-9]+$'
    AND split_part(d.datname, '_', 3)::numeric < extract(epoch FROM now()) - 3600
    AND pg_has_role(d.datdba, 'MEMBER')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)";

/// Another container may have the same process id in the same second.
const TRIES: u32 = 3;

impl ScratchDatabase {
    /// Without a template, the database is empty.
    pub(crate) fn create(
        server: &Pool,
        template: Option<&str>,
        options: &str,
        keep: bool,
    ) -> Result<Self, VerifyError> {
        let mut client = server.connect()?;
        drop_abandoned(&mut client);
        let like = client.query_one(LIKE, &[])?;
        let (like, seconds): (String, i64) = (like.get(0), like.get(1));
        let kept = if keep { "kept_" } else { "" };
        let mut tries = TRIES;
        loop {
            let name =
                format!("lokstra_verify_{kept}{seconds}_{}_{}", std::process::id(), unique());
            // No session can connect to template0, so none can block the copy.
            let template = template.unwrap_or("template0");
            let create = format!("CREATE DATABASE {name} TEMPLATE {template} {like}{options}");
            tries -= 1;
            match client.batch_execute(&create) {
                Ok(()) => {
                    let (server, pool) = (server.clone(), server.sibling(&name));
                    return Ok(ScratchDatabase { server, name, pool, keep });
                }
                Err(error) if tries > 0 && is_duplicate(&error) => {}
                Err(source) => return Err(VerifyError::Create { source }),
            }
        }
    }
}

impl Drop for ScratchDatabase {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        // At best: the server may be gone. The next verification comes by.
        if let Ok(mut client) = self.server.connect() {
            let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
            client.batch_execute(&drop).ok();
        }
    }
}

fn drop_abandoned(client: &mut Client) {
    let statements = client.query(ABANDONED, &[]).unwrap_or_default();
    for statement in statements {
        // Another process may be faster.
        client.batch_execute(statement.get(0)).ok();
    }
}

fn is_duplicate(error: &lokstra_runtime::postgres::Error) -> bool {
    error.as_db_error().is_some_and(|server| server.code().code() == "42P04")
}

fn unique() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    COUNT.fetch_add(1, Ordering::Relaxed)
}
