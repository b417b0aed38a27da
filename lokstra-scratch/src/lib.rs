//! Throw-away PostgreSQL servers: the one place that knows how to find or fetch PostgreSQL, start
//! it and leave nothing behind.
//!
//! ```
//! let database = lokstra_scratch::Server::shared()?.database()?;
//! database.client()?.batch_execute("CREATE TABLE person (name text)")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Server::shared`] is for nearly every test: all processes of a checkout share one server and
//! each test takes a [`Database`] of its own. [`Server::start`] is for a test that needs settings,
//! a TCP port, or a server that it may crash.
//!
//! A server belongs to a watchdog, a small `sh` script that reads a pipe which every user of the
//! server holds open. When the last user has gone, even by `SIGKILL`, the kernel closes the pipe,
//! and the watchdog stops the server and removes its directory.

mod account;
mod error;
mod home;
mod options;
mod pgbouncer;
mod pglite;
mod programs;
mod server;

pub use error::Error;
pub use options::ServerOptions;
pub use pgbouncer::{PgBouncer, PoolMode};
pub use pglite::PGlite;
pub use programs::{fetch, find};
pub use server::Server;
pub use server::database::Database;
pub use server::private::PrivateServer;
