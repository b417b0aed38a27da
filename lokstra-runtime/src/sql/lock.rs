//! The migration lock: takes, checks, finds and releases the advisory lock that guards a tracking table.

use std::fmt;

use lokstra_connect::backoff::entropy;
use lokstra_core::TableName;
use lokstra_core::text::quote::fnv;
use lokstra_core::text::to_string;

use crate::sql::{condition, token};

/// The advisory lock that guards one tracking table. Advisory locks are per database, so the name
/// of the table is enough to distinguish two sets in one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LockKey(i64);

impl LockKey {
    pub(crate) fn of(table: &TableName) -> LockKey {
        LockKey(fnv(&[b"lokstra:", to_string(table).as_bytes()]))
    }

    /// A key that no other program uses.
    pub(crate) fn random() -> LockKey {
        LockKey(entropy().cast_signed())
    }

    /// Takes the lock until the transaction ends, or fails with `lokstra:busy`.
    pub(crate) fn take_in_transaction(self) -> String {
        condition::require(&format!("pg_catalog.pg_try_advisory_xact_lock({self})"), token::BUSY)
    }

    /// Takes the lock until this session releases it, or fails with `lokstra:busy`.
    pub(crate) fn take_in_session(self) -> String {
        condition::require(&format!("pg_catalog.pg_try_advisory_lock({self})"), token::BUSY)
    }

    /// Releases what the session has taken.
    pub(crate) fn release(self) -> String {
        format!("SELECT pg_catalog.pg_advisory_unlock({self})")
    }

    /// The rows of `pg_locks` that hold this key in this database.
    ///
    /// PostgreSQL documentation: *54.12. `pg_locks`*, on advisory locks with a `bigint` key.
    pub(crate) fn held(self) -> String {
        let key = self.0.cast_unsigned();
        format!(
            "l.locktype OPERATOR(pg_catalog.=) 'advisory' AND l.granted \
             AND l.classid OPERATOR(pg_catalog.=) CAST('{}' AS pg_catalog.oid) \
             AND l.objid OPERATOR(pg_catalog.=) CAST('{}' AS pg_catalog.oid) \
             AND l.objsubid OPERATOR(pg_catalog.=) CAST('1' AS pg_catalog.int2) \
             AND l.database OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database d \
             WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())",
            key >> 32,
            key & 0xffff_ffff,
        )
    }

    /// Stands behind the comment that a message of several steps begins with.
    pub(crate) fn comment(self) -> String {
        format!("/* {} */", self.0)
    }

    /// True while this backend holds the key.
    pub(crate) fn held_by_us(self) -> String {
        format!(
            "EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE {} \
             AND l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid())",
            self.held()
        )
    }
}

impl fmt::Display for LockKey {
    /// A literal that is a `bigint` whatever its size.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CAST('{}' AS pg_catalog.int8)", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_key_of_a_table_never_changes() {
        // Two releases that disagree would run at the same time.
        assert_eq!(LockKey::of(&TableName::default()), LockKey(-6_037_108_443_544_077_838));
        let other = "lokstra_core.billing_migrations".parse().unwrap();
        assert_ne!(LockKey::of(&other), LockKey::of(&TableName::default()));
    }
}
