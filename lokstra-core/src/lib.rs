//! The shared model of Lokstra migrations: what the macro writes, what the folder reader produces
//! and what the runtime executes.
//!
//! This crate has no dependencies, and everything that a binary embeds can be built in a `const`.
//! Programs use the [`lokstra`](https://docs.rs/lokstra) crate, which re-exports what they need.

mod builder;
mod checksum;
mod direction;
pub mod files;
mod fingerprint;
mod identifier;
mod layout;
mod printable;
mod set;
mod snippet;
#[doc(hidden)]
pub mod text;
mod version;

pub use builder::{Builder, DatabaseSpec, MigrationSpec, ScriptSpec, TooLarge};
pub use checksum::{Checksum, ParseChecksumError};
pub use direction::Direction;
pub use fingerprint::Fingerprint;
pub use identifier::{Identifier, IdentifierError, TableName};
pub use printable::{one_line, printable, printable_line, write_text};
pub use set::{Database, Migration, Mode, Script, Set};
pub use snippet::{Position, Snippet};
pub use version::{ParseVersionError, Version};

/// The schema of the tracking table where `schema-table` names none.
pub const DEFAULT_SCHEMA: &str = "lokstra_core";

/// The table beside the tracking table, with the progress of no-transaction scripts.
pub const PROGRESS_TABLE: &str = "lokstra_progress";

/// The table beside the tracking table, with the down SQL of what is applied.
pub const DOWN_TABLE: &str = "lokstra_down";

/// The tracking table where `migration.yaml` names none.
pub const DEFAULT_TABLE: &str = "schema_migrations";
