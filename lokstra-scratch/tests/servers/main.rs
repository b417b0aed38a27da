//! Servers, databases and poolers: how they start, who shares them, and that nothing of them stays.

mod common;

mod databases;
mod environment;
mod fetch;
mod pgbouncer;
mod private;
mod shared;
