//! A model of PostgreSQL's catalog that migrations are replayed on while they compile.

pub mod builtin;
