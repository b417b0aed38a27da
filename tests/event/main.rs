//! What a run reports while it runs.

#[path = "../support/mod.rs"]
mod support;

mod transcripts;
