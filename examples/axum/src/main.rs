//! The program: the command for operators, or the service.
//!
//! ```text
//! axum-service                     migrates and serves
//! axum-service migration status    looks, and leaves
//! ```
//!
//! The database is that of `DATABASE_URL`, the address that of `ADDRESS`. `RUNTIME=current-thread` needs no
//! other thread than that of the migrations.

use std::process::ExitCode;

use axum_service::{MIGRATIONS, serve};
use tokio::runtime::Builder;

fn main() -> ExitCode {
    // Before the runtime: the command has threads and signals of its own.
    if let Some(exit) = lokstra::cli::run(&MIGRATIONS) {
        return exit.into();
    }
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let variable = |name, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let url = variable("DATABASE_URL", "postgres://postgres@localhost/axum_service");
    let address = variable("ADDRESS", "127.0.0.1:3000");
    let mut builder = match variable("RUNTIME", "").as_str() {
        "current-thread" => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    let served = match builder.enable_all().build() {
        Ok(runtime) => runtime.block_on(serve(&url, &address)),
        Err(error) => Err(error.into()),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
