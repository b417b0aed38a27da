//! What a run reports while it runs.

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "tracing")]
mod tracing;
mod transcripts;
