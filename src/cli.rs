//! The `lokstra migration` command inside a service, over the migrations that it carries.
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use lokstra::{Migrations, embed_migrations};
//!
//! static MIGRATIONS: Migrations = embed_migrations!("migrations");
//!
//! fn main() -> ExitCode {
//!     if let Some(exit) = lokstra::cli::run(&MIGRATIONS) {
//!         return exit.into();
//!     }
//!     // … the service …
//!     ExitCode::SUCCESS
//! }
//! ```
//!
//! `myservice migration status` and its like then work where there is no file but the program. The
//! verbs that read or write a folder are left to `lokstra` itself.

pub use lokstra_cli::{Cli, Exit};

use crate::Migrations;

/// Runs the command if the first argument of this process is `migration`; else `None`, and the
/// service starts. [`Cli`] has the options.
///
/// Call it before an async runtime is started, and before anything is written to the standard output.
pub fn run(migrations: &Migrations) -> Option<Exit> {
    Cli::new(migrations).run()
}
