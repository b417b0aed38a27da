//! The verbs that write or check a folder of migrations.

#[path = "../project/mod.rs"]
mod project;

mod create;
mod init;
mod lint;
