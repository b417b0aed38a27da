//! What a folder may hold, and how each problem is reported.

#[path = "../folder/mod.rs"]
mod folder;

mod databases;
mod earlier_build;
mod files;
mod lock_file;
mod marks;
mod schema;
mod sql;
mod texts;
