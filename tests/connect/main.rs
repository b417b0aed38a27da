//! From a connection string to a session: waiting, encryption, poolers, standbys, secrets.

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "rustls")]
mod certificates;
mod connections;
mod pgbouncer;
mod secrets;
mod standby;
#[cfg(feature = "rustls")]
mod tls;
mod waiting;
