//! A run that is stopped, by the program or by a signal.

mod indexes;
mod runs;
#[cfg(all(feature = "signals", unix))]
mod signals;
mod statements;
