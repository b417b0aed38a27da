//! `database create`: creates the database unless it exists.

use serde::Serialize;

use super::server::DatabaseServer;
use crate::call::{CommandContext, Verb, flags};
use crate::output::json::{Connection, Databases};
use crate::output::{CommandError, Exit};

pub(crate) const CREATE: Verb = Verb {
    name: "create",
    about: "Create the database, unless it exists",
    details: "Over a folder of several databases, each that does not exist. `migration up\n\
              -create` also applies the migrations.",
    examples: &[("", "The database of DATABASE_URL"), ("-db db_main", "That of one pool")],
    flags: flags::on_database,
    run: create,
};

/// A database of the document of `create` and of `drop`.
#[derive(Serialize)]
pub(super) struct DatabaseObject {
    pub(super) database: String,
    pub(super) connection: Connection,
    /// `created` or `exists`; `dropped` or `missing`.
    pub(super) outcome: &'static str,
}

fn create(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let target = context.target_without_folder()?;
    let mut databases = Vec::new();
    for database in target.databases().filter(|it| it.enabled() || target.include_disabled) {
        let mut server = DatabaseServer::reach(context, &target.pool(database)?)?;
        let is_created = server.create()?;
        context.console.output(if is_created {
            server.created()
        } else {
            format!("The database {} exists", server.place())
        })?;
        databases.push(DatabaseObject {
            database: database.name().to_owned(),
            connection: Connection::from(&server.connection),
            outcome: if is_created { "created" } else { "exists" },
        });
    }
    context.console.document(|| Databases { databases })?;
    Ok(Exit::Done)
}
