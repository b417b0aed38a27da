//! Indexes that are built concurrently: what became of one, and what a failure left behind.

pub(crate) mod concurrent;
pub(crate) mod invalid;
