//! The names of what this crate creates on a server, and how its databases are recognised.

use std::fmt;

/// The number of a process among all that use the server, as the key of the advisory lock that it holds
/// while it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner(pub(crate) u64);

/// `CONNECTION LIMIT` of every database of ours, more than a server has connections. `CREATE DATABASE` sets
/// it together with the name, so there is no instant without it, and no database has it by accident: a name
/// alone would prove nothing.
pub(crate) const MARK: i32 = 1_000_717_393;

pub(crate) const TEST: &str = "lokstra_test_";
pub(crate) const BUILD: &str = "lokstra_build_";
pub(crate) const TEMPLATE: &str = "lokstra_template_";
pub(crate) const KEPT: &str = "lokstra_kept_";

impl Owner {
    pub(crate) fn random() -> Owner {
        Owner(lokstra_connect::backoff::entropy())
    }

    /// The name of a database of this process.
    pub(crate) fn name(self, prefix: &str, nth: u32) -> String {
        format!("{prefix}{self}_{nth}")
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The databases of processes that have ended: marked, named as ours, of a role that this one may act for,
/// and without the lock of their owner. `pg_locks` shows the locks of all databases of the server.
pub(crate) const ABANDONED: &str = "SELECT d.datname FROM pg_catalog.pg_database d
WHERE d.datconnlimit = 1000717393
    AND d.datname ~ '^lokstra_(test|build)_[0-9a-f]{16}_[0-9]+$'
    AND pg_catalog.pg_has_role(d.datdba, 'MEMBER')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks l
        WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
            AND pg_catalog.lpad(pg_catalog.to_hex(l.classid::int8), 8, '0')
                || pg_catalog.lpad(pg_catalog.to_hex(l.objid::int8), 8, '0')
                = pg_catalog.split_part(d.datname, '_', 3))";

/// The templates that were made for the same purpose as the one in `$2`, which has replaced them, and that no
/// living process holds.
pub(crate) const OUTDATED: &str = "SELECT d.datname FROM pg_catalog.pg_database d
WHERE d.datconnlimit = 1000717393
    AND d.datname ~ '^lokstra_template_[0-9a-f]{16}$' AND d.datname <> $2
    AND pg_catalog.shobj_description(d.oid, 'pg_database') = $1
    AND pg_catalog.pg_has_role(d.datdba, 'MEMBER')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks l
        WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
            AND pg_catalog.lpad(pg_catalog.to_hex(l.classid::int8), 8, '0')
                || pg_catalog.lpad(pg_catalog.to_hex(l.objid::int8), 8, '0')
                = pg_catalog.split_part(d.datname, '_', 3))";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queries_look_for_the_mark_that_is_set() {
        assert!(ABANDONED.contains(&MARK.to_string()) && OUTDATED.contains(&MARK.to_string()));
    }

    #[test]
    fn a_name_is_shorter_than_the_server_allows() {
        assert!(Owner(u64::MAX).name(TEMPLATE, u32::MAX).len() <= 63);
        assert_eq!(Owner(10).name(TEST, 7), "lokstra_test_000000000000000a_7");
    }
}
