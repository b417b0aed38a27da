//! What a run reports and does not fail for.

use std::fmt;

use lokstra_core::text::join;
use lokstra_core::{Version, one_line, write_text};

use crate::model::table::down_store::DownNotStored;
use crate::model::table::server::ServerFault;

/// Something that deserves attention and does not stop a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The history is ahead of this build: normal in a rolling deploy and after one was undone.
    Ahead {
        /// The applied versions that are not embedded.
        versions: Vec<Version>,
    },
    /// Applied migrations, older than the newest embedded one, are not embedded.
    Missing {
        /// The applied versions.
        versions: Vec<Version>,
    },
    /// The down scripts of applied migrations were edited afterwards: a rollback runs the new text.
    DownEdited {
        /// Their versions.
        versions: Vec<Version>,
    },
    /// A migration was renamed after it was applied; its script is the same.
    Renamed {
        /// The version.
        version: Version,
        /// The description in the history.
        applied: String,
        /// The description now.
        embedded: String,
    },
    /// Another migration is applied under the version of one of these, which a rollback of newer
    /// ones leaves alone.
    Another {
        /// The version.
        version: Version,
        /// The description of the migration that is applied.
        applied: String,
        /// The description of the embedded one.
        embedded: String,
    },
    /// Rows of the history without a checksum were taken on trust.
    Trusted {
        /// Their versions.
        versions: Vec<Version>,
        /// Whether the checksums could be filled in.
        recorded: bool,
    },
    /// The database does not keep the down SQL of what was applied: only a build that has it can
    /// roll it back.
    DownNotStored {
        /// The versions.
        versions: Vec<Version>,
        /// Why.
        reason: DownNotStored,
    },
    /// What the run did is committed, and whether it survives a crash or a failover of the server is not
    /// known: the wait for the disk or for the synchronous standby did not come to its end.
    NotDurable {
        /// The versions.
        versions: Vec<Version>,
    },
    /// The role or the database reads quotes in another way than the build: scripts with a backslash
    /// ran with the settings under which they were checked.
    QuotesAsChecked,
    /// In a debug build: the folder on disk holds other scripts than the program.
    Stale {
        /// The folder, as seen from that of `Cargo.toml`.
        folder: String,
        /// What differs, each with the file.
        differences: Vec<String>,
    },
    /// The connection string has keywords of another program, which mean nothing to a server.
    IgnoredKeywords {
        /// The keywords.
        keywords: Vec<String>,
    },
    /// The run worked on a server that does not do what migrations need, as it was asked to.
    UnsupportedServer {
        /// Its name and version.
        server: String,
        /// What it does not do.
        fault: ServerFault,
    },
    /// A statement could not be cancelled and is still running.
    NotCancelled {
        /// The version.
        version: Version,
        /// Why the request did not reach the server.
        reason: String,
    },
}

impl Warning {
    /// Whether it stays true where the rest of a run is planned from another history.
    pub(crate) fn is_of_the_run(&self) -> bool {
        use Warning::{DownNotStored, IgnoredKeywords, Stale, UnsupportedServer};
        matches!(
            self,
            Stale { .. } | DownNotStored { .. } | IgnoredKeywords { .. } | UnsupportedServer { .. }
        )
    }
}

/// Without what a terminal obeys: `{:#}` is exact.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(f, &|f| self.write(f))
    }
}

impl Warning {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::Ahead { versions } => write!(
                f,
                "{} applied and unknown here: the database is ahead of these migrations",
                list(versions, "is", "are")
            ),
            Warning::Missing { versions } => write!(
                f,
                "{} applied and unknown here, though newer ones are known",
                list(versions, "is", "are")
            ),
            Warning::DownEdited { versions } => write!(
                f,
                "the down SQL of {} edited after it was applied; a rollback runs the new text",
                list(versions, "was", "were")
            ),
            Warning::Renamed { version, applied, embedded } => {
                write!(
                    f,
                    "migration {version} was `{}` when it was applied and is `{embedded}` now",
                    one_line(f, applied)
                )
            }
            Warning::Another { version, applied, embedded } => write!(
                f,
                "{version}_{embedded} is not applied: another migration, {version}_{}, is \
                 applied as {version}",
                one_line(f, applied)
            ),
            Warning::UnsupportedServer { server, fault } => {
                write!(f, "{} does not do what migrations need: {fault:#}", one_line(f, server))
            }
            Warning::NotCancelled { version, reason } => {
                let reason = one_line(f, reason);
                write!(f, "{version} could not be cancelled and is still running: {reason}")
            }
            Warning::Trusted { versions, recorded } => {
                write!(
                    f,
                    "{} applied by another program without a checksum, and trusted",
                    list(versions, "was", "were")
                )?;
                if *recorded {
                    f.write_str("; the checksums are recorded now")?;
                }
                Ok(())
            }
            Warning::DownNotStored { versions, reason } => {
                let is = list(versions, "is", "is");
                write!(f, "the down SQL of {is} not stored in the database: ")?;
                fmt::Display::fmt(reason, f)
            }
            Warning::NotDurable { versions } => write!(
                f,
                "{} committed, and it is unknown whether this survives a crash or a failover: the \
                 wait for the disk or the synchronous standby was interrupted\n    help: wait until \
                 the standby has caught up (pg_stat_replication), and check the status after a failover",
                list(versions, "is", "are")
            ),
            Warning::IgnoredKeywords { keywords } => write!(
                f,
                "the connection string has `{}`, which PostgreSQL does not know and lokstra ignores",
                one_line(f, &join(keywords, "`, `"))
            ),
            Warning::QuotesAsChecked => f.write_str(
                "the role or the database has standard_conforming_strings = off or backslash_quote = off: \
                 scripts with a backslash run under the settings that they were checked under (on, \
                 safe_encoding)",
            ),
            Warning::Stale { folder, differences } => write!(
                f,
                "the program is older than its migrations: {}\n    \
                 help: build again after touching the source file with embed_migrations!, or add a \
                 build.rs with println!(\"cargo:rerun-if-changed={folder}\");",
                one_line(f, &join(differences, ", "))
            ),
        }
    }
}

/// `001 is`, `001 and 002 are`, `001 to 007 (5) are`.
pub(crate) fn list(versions: &[Version], one: &str, many: &str) -> String {
    match versions {
        [] => format!("nothing {one}"),
        [only] => format!("{only} {one}"),
        [first, second] => format!("{first} and {second} {many}"),
        [first, .., last] => format!("{first} to {last} ({}) {many}", versions.len()),
    }
}
