//! The verbs that read or change a database, as an operator types them.

#[path = "../project/mod.rs"]
mod project;

mod database;
mod doctor;
mod document_set;
mod dump;
mod fleet;
mod maintain;
mod marks;
mod plan;
mod status;
mod up_and_down;
mod verify;
