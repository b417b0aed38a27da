//! What is between a history and the embedded migrations, and what to do about it.

use std::fmt;

use lokstra_core::{Checksum, Version, one_line, printable_line};

use crate::model::change::repair::Repair;

/// One way in which the history and the embedded migrations disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Divergence {
    /// An applied migration was edited afterwards.
    Edited {
        /// The version.
        version: Version,
        /// The up script that is embedded now.
        path: String,
        /// The checksum in the history.
        applied: Checksum,
        /// The checksum of the embedded script.
        embedded: Checksum,
    },
    /// Another migration, of another name and text, is applied under the version of this one.
    #[non_exhaustive]
    Another {
        /// The version that both have.
        version: Version,
        /// The up script that is embedded and not applied.
        path: String,
        /// The description of the migration that is applied.
        applied: String,
        /// The description of the one that is not.
        embedded: String,
        /// How many rollbacks, from the newest applied migration on, take it back.
        rollbacks: usize,
        /// Whether the history and these migrations have anything in common.
        is_alone: bool,
    },
    /// The applied migrations, with their descriptions, are those of another program.
    #[non_exhaustive]
    Foreign {
        /// The applied migrations.
        applied: Vec<(Version, Option<String>)>,
        /// Whether some take versions of these migrations. If not, a squash may have replaced all
        /// files: `allow_missing` then runs those that are newer than every applied one.
        is_certain: bool,
    },
    /// A pending migration is older than the newest applied one.
    OutOfOrder {
        /// The pending version.
        version: Version,
        /// Its up script.
        path: String,
        /// The newest applied version.
        newest: Version,
    },
    /// The history has a migration that is newer than all embedded ones, which are not all applied
    /// (or `strict` was asked for).
    Ahead {
        /// The version in the history.
        version: Version,
        /// Its description in the history.
        description: Option<String>,
    },
    /// The history has a migration, among the embedded ones, that is not embedded.
    Removed {
        /// The version in the history.
        version: Version,
        /// Its description in the history.
        description: Option<String>,
    },
}

impl Divergence {
    /// Returns what to do about it.
    pub fn help(&self) -> String {
        printable_line(&self.exact_help())
    }

    /// The same, with the names as they are.
    pub(crate) fn exact_help(&self) -> String {
        match self {
            Divergence::Edited { path, version, .. } => format!(
                "restore {path} as it was when it was applied, and put the change into a new \
                 migration; to edit {version} itself, restore it, roll it back, and then edit it; \
                 or, if the database matches the file, {}",
                Repair::Accept(*version).how()
            ),
            Divergence::Another { version, applied, embedded, rollbacks, is_alone, .. } => {
                let another_program = if *is_alone {
                    "; or, if another program uses this tracking table, give these migrations one of \
                     their own: `schema-table` in migration.yaml"
                } else {
                    ""
                };
                format!(
                    "roll {version}_{applied} back with the build that applied it, or with the down \
                     SQL that is stored in the database: lokstra migration down -steps {rollbacks} \
                     -stored (in a program: `stored_down(true)`); or keep it, with its files, and \
                     move {version}_{embedded} behind it: lokstra migration renumber, or a new file \
                     name; or, if both are one migration, restore its name or its text{another_program}"
                )
            }
            Divergence::Foreign { .. } => {
                "give these migrations a tracking table of their own: `schema-table` in \
                 migration.yaml (in a program: `table`); or, if this is the wrong database, correct \
                 its pool"
                    .into()
            }
            Divergence::OutOfOrder { path, newest, .. } => format!(
                "rename {} so that its version is above {newest}, or allow it with \
                 `out_of_order(true)` (on the command line: -out-of-order)",
                path.rsplit('/').next().unwrap_or(path)
            ),
            Divergence::Ahead { .. } => {
                "use the newer build that migrated this database, or a later one".into()
            }
            Divergence::Removed { version, .. } => format!(
                "restore the files of {version}, or continue without them with \
                 `allow_missing(true)` (on the command line: -allow-missing), or, if they were \
                 removed on purpose, {}",
                Repair::Forget(*version).how()
            ),
        }
    }
}

struct Named<'a>(Version, &'a Option<String>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Some(description) => write!(f, "{}_{}", self.0, one_line(f, description)),
            None => write!(f, "{}", self.0),
        }
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Divergence::Edited { version, path, applied, embedded } => write!(
                f,
                "{}: migration {version} was edited after it was applied: the history has \
                 checksum {}, the file {}",
                one_line(f, path),
                applied.short(),
                embedded.short()
            ),
            Divergence::Another { version, path, applied, embedded, .. } => write!(
                f,
                "{}: {version}_{embedded} is not applied: another migration, \
                 {version}_{}, is applied as {version}",
                one_line(f, path),
                one_line(f, applied)
            ),
            Divergence::Foreign { applied, is_certain } => {
                match applied.len() {
                    1 => f.write_str("the only applied migration is not one of these (")?,
                    n => write!(f, "none of the {n} applied migrations is one of these (")?,
                }
                let end = |f: &mut fmt::Formatter<'_>, one: Option<&(Version, Option<String>)>| {
                    one.map_or(Ok(()), |(version, name)| Named(*version, name).fmt(f))
                };
                end(f, applied.first())?;
                if applied.len() > 1 {
                    f.write_str(" to ")?;
                    end(f, applied.last())?;
                }
                f.write_str(if *is_certain {
                    "): another program uses this tracking table"
                } else {
                    ")"
                })
            }
            Divergence::OutOfOrder { version, path, newest } => write!(
                f,
                "{}: migration {version} is not applied, but {newest}, which comes after it, is",
                one_line(f, path)
            ),
            Divergence::Ahead { version, description } => {
                f.write_str("migration ")?;
                Named(*version, description).fmt(f)?;
                f.write_str(" is applied and newer than all of these migrations")
            }
            Divergence::Removed { version, description } => {
                f.write_str("migration ")?;
                Named(*version, description).fmt(f)?;
                f.write_str(" is applied and unknown here")
            }
        }
    }
}
