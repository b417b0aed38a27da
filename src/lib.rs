//! PostgreSQL schema migrations that are checked while your program compiles, and that your program carries
//! inside its binary.
//!
//! ```no_run
//! use lokstra::{Migrations, embed_migrations};
//!
//! // The pairs `001_create_users.up.sql` and `001_create_users.down.sql` of the folder `migrations`.
//! static MIGRATIONS: Migrations = embed_migrations!("migrations");
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let report = MIGRATIONS.up_url(&std::env::var("DATABASE_URL")?)?;
//!     println!("{report}");
//!     // serve …
//!     Ok(())
//! }
//! ```
//!
//! A mistake in a name, a setting or a script is a compile error. At boot, each pending migration runs in
//! one transaction together with its record, however many processes start at once.
//!
//! # Where next
//!
//! - **A run**: [`Migrations`] applies what is pending over a URL, a client or [`Pools`].
//!   [`Migrations::migrator`] has every option and every other verb: roll back, plan, repair, import.
//! - **What it returns**: a [`Report`] with its parts in [`report`], or an [`Error`] with an [`ErrorKind`], whose
//!   parts are in [`error`].
//! - **While it runs**: [`Migrator::on_event`] receives each [`Event`] ([`event`]), and a [`Stop`] ends the run.
//! - **What is there**: [`history`] reads a database, [`set`] what is embedded, [`maintenance`] changes a
//!   history without running scripts.
//! - **Tests**: [`testing`] has a migrated database for each test, and checks of the embedded migrations.
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `config` (default) | `Pools::from_config`: pools from `config.yaml` |
//! | `sql-check` (default) | the build parses the SQL with PostgreSQL's grammar |
//! | `rustls` | encrypted connections |
//! | `tokio` | `up_async` and the like |
//! | `signals` | `Stop::on_signals` |
//! | `tracing` | every event for your subscriber |
//! | `cli` | the module `cli`: the program contains the command `migration` |
//! | `testing` | `#[lokstra::test]` and `testing::database`, for dev-dependencies |
//! | `verify` | `testing::assert_reversible`: a test that runs each down, for dev-dependencies |
//! | `include-dir` | the module `include_dir`: migrations that the crate of this name embeds |
//!
//! The [README](https://github.com/lokstra/lokstra#readme) is the tour. The folder
//! [docs](https://github.com/lokstra/lokstra/tree/main/docs) has the command line (`cli.md`), what to do when
//! something fails (`operations.md`), hazards (`lint.md`) and what is guaranteed (`guarantees.md`).

pub mod boot;
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
    Error, ErrorKind, Event, Goal, Migrations, Migrator, Pool, Pools, Report, Stop, Summary,
    Version, postgres,
};
#[cfg(feature = "verify")]
pub use lokstra_verify as verify;

#[doc(hidden)]
pub mod __private {
    pub use lokstra_macros::embed;
}

/// The code of the README, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
