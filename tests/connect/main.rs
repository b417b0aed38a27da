//! From a connection string to a session: waiting, encryption, poolers, standbys, secrets.

#[cfg(feature = "rustls")]
mod certificates;
mod connections;
mod pgbouncer;
mod secrets;
mod standby;
#[cfg(feature = "rustls")]
mod tls;
mod waiting;
