//! From a connection string to a session: waiting, encryption, poolers, standbys, secrets.

#[cfg(feature = "rustls")]
mod certificates;
mod connections;
mod hosts;
mod pgbouncer;
mod pgbouncer_waits;
mod secrets;
mod standby;
#[cfg(feature = "rustls")]
mod tls;
mod unanswered;
mod waiting;
