//! Changes of a history that run no script: repair, baseline, import.

mod baseline;
mod import;
mod repair;
