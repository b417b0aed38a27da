//! From a connection string to a blocking, encrypted, cancellable client of the [`postgres`] crate.
//!
//! Programs use the [`lokstra`](https://docs.rs/lokstra) crate, which re-exports what is not hidden here.

#[doc(hidden)]
pub mod backoff;
#[doc(hidden)]
pub mod blocking;
#[doc(hidden)]
pub mod client;
#[doc(hidden)]
pub mod connector;
mod dsn;
mod error;
#[doc(hidden)]
pub mod error_chain;
mod hints;
mod host;
#[doc(hidden)]
pub mod notices;
#[doc(hidden)]
pub mod pooler;
mod pools;
#[doc(hidden)]
pub mod query;
mod server_error;
#[doc(hidden)]
pub mod stop;
mod target;
#[doc(hidden)]
pub mod tls;
#[doc(hidden)]
pub mod transient;

pub use dsn::DsnError;
pub use error::ConnectError;
#[cfg(feature = "config")]
pub use error::{ConfigError, PoolProblem};
pub use host::PasswordFrom;
pub use pools::{Pool, Pools};
pub use server_error::ServerError;
pub use stop::Stop;
#[cfg(all(feature = "signals", unix))]
pub use stop::signals::SignalPolicy;
pub use target::ConnectionTarget;

pub use postgres;
