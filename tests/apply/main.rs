//! How a run applies and rolls back: scripts, sessions, retries, and what goes over the wire.

mod concurrently;
mod copy_in;
mod divergences;
mod failures;
mod no_transaction;
mod nothing_to_do;
mod records;
mod retries;
mod round_trips;
mod scripts;
mod sessions;
