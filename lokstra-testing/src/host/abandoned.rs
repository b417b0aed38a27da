//! Finds the databases on a server that no living process uses.

/// Marked as ours, of a role that this one may act for, and without the lock of an owner, whose key is the
/// third part of the name. `pg_locks` shows the locks of all databases of the server.
macro_rules! unheld {
    ($more:literal) => {
        concat!(
            "SELECT d.datname FROM pg_catalog.pg_database d
WHERE d.datconnlimit = 1000717393
    AND pg_catalog.pg_has_role(d.datdba, 'MEMBER')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks l
        WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
            AND pg_catalog.lpad(pg_catalog.to_hex(l.classid::int8), 8, '0')
                || pg_catalog.lpad(pg_catalog.to_hex(l.objid::int8), 8, '0')
                = pg_catalog.split_part(d.datname, '_', 3))
    AND ",
            $more
        )
    };
}

/// The databases of processes that have ended.
pub(crate) const ABANDONED: &str =
    unheld!("d.datname ~ '^lokstra_(test|build)_[0-9a-f]{16}_[0-9]+$'");

/// The templates that were made for the same purpose as the one in `$2`, which has replaced them, and that no
/// living process holds.
pub(crate) const OUTDATED: &str = unheld!(
    "d.datname ~ '^lokstra_template_[0-9a-f]{16}$' AND d.datname <> $2
    AND pg_catalog.shobj_description(d.oid, 'pg_database') = $1"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::MARK;

    #[test]
    fn the_queries_look_for_the_mark_that_is_set() {
        assert!(ABANDONED.contains(&MARK.to_string()) && OUTDATED.contains(&MARK.to_string()));
    }
}
