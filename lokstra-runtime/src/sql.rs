//! Pieces of SQL that mean the same under every setting of the session.

use std::fmt::{self, Write};

use lokstra_core::TableName;

use crate::search::{replace, shown};

/// A string literal. Written with `E''`, so that `standard_conforming_strings` does not matter.
///
/// PostgreSQL documentation: *4.1.2.2. String Constants with C-Style Escapes*.
pub(crate) fn literal(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 3);
    quoted.push_str("E'");
    for character in text.chars() {
        match character {
            '\'' => quoted.push_str("''"),
            '\\' => quoted.push_str("\\\\"),
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    quoted
}

/// A string literal for an operator to type or paste: what a terminal would not show is escaped.
pub(crate) fn typable_literal(text: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    if !text.contains(|c| is_hidden(c) || c == '\\') {
        return format!("'{}'", replace(text, "'", "''"));
    }
    let mut typable = String::new();
    for character in literal(text).chars() {
        if is_hidden(character) {
            write!(typable, "\\u{:04X}", u32::from(character)).ok();
        } else {
            typable.push(character);
        }
    }
    typable
}

/// The name of a tracking table, by which the tables beside it have its rows.
#[inline(never)]
pub(crate) fn name(history: &TableName) -> String {
    literal(&shown(history))
}

/// A quoted identifier, whatever it contains.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", replace(name, "\"", "\"\""))
}

/// A text that can stand inside `/* */`.
pub(crate) fn comment(text: &str) -> String {
    replace(&replace(text, "*/", "* /"), "/*", "/ *")
}

/// The advisory lock that guards one tracking table. Advisory locks are per database, so the name
/// of the table is enough to tell two sets in one database apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LockKey(i64);

impl LockKey {
    pub(crate) fn of(table: &TableName) -> LockKey {
        LockKey(fnv(&[b"lokstra:", shown(table).as_bytes()]))
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

/// FNV-1a: stable over versions of Rust and of this crate, since the lock key and the progress of
/// half-done scripts outlive the process. Not for checksums.
pub(crate) fn fnv(parts: &[&[u8]]) -> i64 {
    let bytes = parts.iter().flat_map(|part| part.iter());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed()
}

/// A query that fails with `lokstra:<token>` in its message unless `condition` holds.
pub(crate) fn require(condition: &str, token: &str) -> String {
    format!("SELECT {};", required(condition, 0, token, "int4"))
}

/// An expression that is `value`, of this type, where `condition` holds, and otherwise fails with
/// `lokstra:<token>` in its message. A cast, not a `RAISE`: a role may lack the right to use plpgsql.
/// The planner cannot do it ahead, as long as the condition has no constant value.
pub(crate) fn required(condition: &str, value: i64, token: &str, kind: &str) -> String {
    format!(
        "CAST(CASE WHEN {condition} THEN '{value}' ELSE 'lokstra:{token}:' END AS pg_catalog.{kind})"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_survive_quotes_and_backslashes() {
        assert_eq!(literal(r"it's a \ path"), r"E'it''s a \\ path'");
        assert_eq!(identifier(r#"odd"role"#), r#""odd""role""#);
        assert_eq!(comment("a */ b"), "a * / b");
    }

    #[test]
    fn the_lock_key_of_a_table_never_changes() {
        // Two releases that disagree would run at the same time.
        assert_eq!(LockKey::of(&TableName::default()), LockKey(-6_037_108_443_544_077_838));
        let other = "lokstra_core.billing_migrations".parse().unwrap();
        assert_ne!(LockKey::of(&other), LockKey::of(&TableName::default()));
    }
}
