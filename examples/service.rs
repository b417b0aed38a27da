//! A service that is one file: it migrates its database when it boots, and carries the command for
//! whoever has to look after it.
//!
//! ```text
//! service                     boots: applies what is pending, then serves
//! service migration status    looks, and leaves
//! service migration --help    what else it can do
//! ```
//!
//! The database is that of `DATABASE_URL`.

use std::process::ExitCode;

use lokstra::{Migrations, Pools, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("migrations");

fn main() -> ExitCode {
    if let Some(exit) = lokstra::cli::run(&MIGRATIONS) {
        return exit.into();
    }
    match Pools::from_env().and_then(|pools| MIGRATIONS.up_pools(&pools)) {
        Ok(summary) => println!("{summary}\nserving"),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
