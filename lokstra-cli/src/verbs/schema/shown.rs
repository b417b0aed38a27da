//! The schema of a database at a version.

use std::path::Path;

use lokstra_core::{Database, Direction, Version};
use lokstra_source::schema::Schema;

use crate::output::json::Databases;

/// The schema of a database.
pub(super) struct Shown<'a> {
    pub(super) database: &'a str,
    /// The version that it is at; `None` before the first.
    pub(super) version: Option<Version>,
    pub(super) schema: Schema,
}

impl<'a> Shown<'a> {
    pub(super) fn new(database: Database<'a>, at: Option<Version>) -> Shown<'a> {
        let versions = up_to(database, at);
        let version = versions.last().map(|it| it.0);
        let schemas =
            lokstra_source::schemas(Path::new(""), database, &versions, &[versions.len()]);
        let schema = schemas.into_iter().next().unwrap_or_default();
        Shown { database: database.name(), version, schema }
    }
}

/// The up scripts up to and including a version.
pub(super) fn up_to(database: Database<'_>, at: Option<Version>) -> Vec<(Version, Direction)> {
    let versions = database.migrations().map(|it| it.version());
    versions.filter(|it| at.is_none_or(|at| *it <= at)).map(|it| (it, Direction::Up)).collect()
}

/// Makes the document of several databases.
pub(super) fn databases<T>(databases: Vec<T>) -> Databases<T> {
    Databases { databases }
}
