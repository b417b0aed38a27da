//! What a program calls: verbs, pools, async runtimes, and what it gets to know.

mod async_runtimes;
#[cfg(feature = "tokio")]
mod awaited;
mod pools;
#[cfg(feature = "verify")]
mod reversible;
mod status;
mod verbs;
