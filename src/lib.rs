#![doc = include_str!("../README.md")]

#[cfg(feature = "cli")]
pub mod cli;
mod embed;
pub mod error;
pub mod event;
pub mod history;
#[cfg(feature = "include-dir")]
pub mod include_dir;
pub mod maintenance;
pub mod report;
pub mod set;
pub mod testing;

#[cfg(feature = "testing")]
pub use lokstra_macros::test;
#[cfg(all(feature = "signals", unix))]
pub use lokstra_runtime::SignalPolicy;
pub use lokstra_runtime::{
    Error, ErrorKind, Event, Goal, MigrationConfig, Migrations, Migrator, Pool, Pools, Report,
    Stop, Summary, Version, check_db_migration, check_db_migrations_auto, postgres,
};
#[cfg(feature = "verify")]
pub use lokstra_verify as verify;

#[doc(hidden)]
pub mod __private {
    pub use lokstra_macros::embed;
}
