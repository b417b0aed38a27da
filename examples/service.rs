//! A service that is one file: it migrates its database when it boots, and carries the command for
//! its operator.
//!
//! ```text
//! service                     boots: applies what is pending, then serves
//! service migration status    looks, and leaves
//! service migration --help    what else it can do
//! ```
//!
//! The database is that of `DATABASE_URL`. On SIGTERM or SIGINT while it migrates it finishes the migration
//! that runs and ends; afterwards it ends at once, also as the first process of a container.

use std::process::ExitCode;

use lokstra::{Error, Goal, Migrations, Pools, Stop, Summary, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!("migrations");

fn main() -> ExitCode {
    if let Some(exit) = lokstra::cli::run(&MIGRATIONS) {
        return exit.into();
    }
    match migrated() {
        Ok(summary) => println!("{summary}\nserving"),
        // Also of a run that was asked to stop: it must not go on to serve.
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn migrated() -> Result<Summary, Error> {
    let mut migrator = MIGRATIONS.migrator();
    // A process without a thread to spare migrates all the same.
    if let Ok(stop) = stop() {
        migrator = migrator.stop(stop);
    }
    migrator.run_pools(&Pools::from_env()?, Goal::Latest)
}

#[cfg(unix)]
fn stop() -> std::io::Result<Stop> {
    Stop::on_signals(lokstra::SignalPolicy::EndProcess)
}

#[cfg(not(unix))]
fn stop() -> std::io::Result<Stop> {
    Ok(Stop::new())
}
