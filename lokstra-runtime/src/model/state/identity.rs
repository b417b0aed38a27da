//! Whether a row of the history and the embedded migration of its version are one migration.

use lokstra_core::{Database, Migration, Version};

use crate::model::state::history::{Applied, History};

/// How a row and the embedded migration of its version relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    Same,
    /// The text of the row, under another description.
    Renamed,
    /// The description of the row, and another text.
    Edited,
    /// Nothing is known against it: the row has no checksum.
    Unchecked,
    /// Nothing speaks for it: neither the text nor the description is that of the row.
    Another,
}

impl Identity {
    pub(crate) fn of(row: &Applied, migration: Migration<'_>) -> Identity {
        let described = row.description.as_deref();
        let is_named_so = described.is_none_or(|name| is_alike(name, migration.description()));
        match row.checksum {
            None if is_named_so => Identity::Unchecked,
            Some(applied) if applied == migration.up().checksum() => match described {
                Some(name) if name != migration.description() => Identity::Renamed,
                _ => Identity::Same,
            },
            Some(_) if is_named_so => Identity::Edited,
            _ => Identity::Another,
        }
    }

    /// Of the row of this version; `None` where there is no row or no such migration.
    pub(crate) fn at(
        version: Version,
        database: Database<'_>,
        history: &History,
    ) -> Option<Identity> {
        Some(Identity::of(history.get(version)?, database.migration(version)?))
    }
}

/// Separators and case apart: other programs write `create users` for `001_create_users.sql`.
fn is_alike(one: &str, other: &str) -> bool {
    let letters = |name: &'_ str| -> Vec<u8> {
        name.bytes()
            .filter(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii())
            .map(|byte| byte.to_ascii_lowercase())
            .collect()
    };
    one == other || letters(one) == letters(other)
}

/// What a history and a set have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kinship {
    /// The history is of these migrations, as far as can be said.
    Related,
    /// No applied migration is one of these, and none takes the version of one: another program
    /// uses the table, or a squash replaced every file.
    Strangers,
    /// No text is common, hardly a description, and versions are taken: another program uses the
    /// table.
    Foreign,
}

impl Kinship {
    /// One row alone under a version of the set says too little: a branch may have begun with
    /// another migration. Without migrations, or without rows, there is nothing to compare.
    #[inline(never)]
    pub(crate) fn of(database: Database<'_>, history: &History) -> Kinship {
        let identity = |row: &Applied| Identity::at(row.version, database, history);
        let is_common = |row: &Applied| {
            database.migrations().any(|migration| row.checksum == Some(migration.up().checksum()))
        };
        let is_named = |row: &&Applied| {
            let name = row.description.as_deref();
            name.is_none_or(|name| database.migrations().any(|m| is_alike(name, m.description())))
        };
        let is_nothing = history.is_empty() || database.newest().is_none();
        if is_nothing || history.iter().any(is_common) {
            return Kinship::Related;
        }
        if history.iter().all(|row| identity(row).is_none()) {
            return Kinship::Strangers;
        }
        let is_taken = |row: &Applied| identity(row) == Some(Identity::Another);
        let is_identified = |row: &Applied| identity(row).is_some_and(|it| it != Identity::Another);
        let is_known = history.iter().any(is_identified)
            && history.iter().filter(is_named).count() * 2 >= history.len();
        if history.len() > 1 && history.iter().any(is_taken) && !is_known {
            Kinship::Foreign
        } else {
            Kinship::Related
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_alike;

    #[test]
    fn separators_and_case_make_no_other_description() {
        assert!(is_alike("create users", "create_users"));
        assert!(is_alike("Create-Users", "create_users"));
        assert!(!is_alike("create_user", "create_users"));
        assert!(!is_alike("größe", "grösse"));
    }
}
