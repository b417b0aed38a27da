//! What the tools have in common, and where they differ.

mod dbmate;
mod diesel;
mod flyway;
mod golang_migrate;
mod goose;
mod refinery;
mod sqlx;
mod suspect;

use crate::verbs::import::source::{Found, History, Row, Source, Theirs, numbering};

/// A tool whose migrations can be taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Refinery,
    Sqlx,
    Diesel,
    GolangMigrate,
    Goose,
    Dbmate,
    Flyway,
}

impl Tool {
    pub(crate) const ALL: [Tool; 7] = [
        Tool::Refinery,
        Tool::Sqlx,
        Tool::Diesel,
        Tool::GolangMigrate,
        Tool::Goose,
        Tool::Dbmate,
        Tool::Flyway,
    ];

    /// As it is named on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Tool::Refinery => "refinery",
            Tool::Sqlx => "sqlx",
            Tool::Diesel => "diesel",
            Tool::GolangMigrate => "golang-migrate",
            Tool::Goose => "goose",
            Tool::Dbmate => "dbmate",
            Tool::Flyway => "flyway",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Tool> {
        Tool::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// The table of its history, unless somebody gave it another name.
    pub(crate) fn table(self) -> &'static str {
        match self {
            Tool::Refinery => "refinery_schema_history",
            Tool::Sqlx => "_sqlx_migrations",
            Tool::Diesel => "__diesel_schema_migrations",
            Tool::GolangMigrate | Tool::Dbmate => "schema_migrations",
            Tool::Goose => "goose_db_version",
            Tool::Flyway => "flyway_schema_history",
        }
    }

    /// The migrations in its folder, and what in them would be something else here.
    pub(crate) fn read(self, source: &Source) -> Found {
        let mut found = self.find(source);
        found.remarks.extend(numbering::renumbered(self.name(), &found.migrations));
        suspect::look(self, source, &mut found);
        found
    }

    /// The tools that would read all of this folder.
    pub(crate) fn that_read(source: &Source) -> Vec<&'static str> {
        let reads = |tool: &Tool| {
            let found = tool.read(source);
            found.obstacles.is_empty() && found.migrations.len() > found.remarks.len()
        };
        Tool::ALL.into_iter().filter(reads).map(Tool::name).collect()
    }

    fn find(self, source: &Source) -> Found {
        match self {
            Tool::Refinery => refinery::read(source),
            Tool::Sqlx => sqlx::read(source),
            Tool::Diesel => diesel::read(source),
            Tool::GolangMigrate => golang_migrate::read(source),
            Tool::Goose => goose::read(source),
            Tool::Dbmate => dbmate::read(source),
            Tool::Flyway => flyway::read(source),
        }
    }

    /// Reads its table into the columns of [`Row`].
    pub(crate) fn query(self, table: &str) -> String {
        let columns = match self {
            Tool::Refinery => refinery::COLUMNS,
            Tool::Sqlx => sqlx::COLUMNS,
            Tool::Diesel => diesel::COLUMNS,
            Tool::GolangMigrate => golang_migrate::COLUMNS,
            Tool::Goose => goose::COLUMNS,
            Tool::Dbmate => dbmate::COLUMNS,
            Tool::Flyway => flyway::COLUMNS,
        };
        let (columns, order) = columns;
        format!("SELECT {columns} FROM {table} ORDER BY {order}")
    }

    /// What the rows mean.
    pub(crate) fn history(self, rows: Vec<Row>, theirs: &[Theirs]) -> History {
        match self {
            Tool::Refinery | Tool::Diesel | Tool::Dbmate => History::of_applied(rows),
            Tool::Sqlx => sqlx::history(rows),
            Tool::GolangMigrate => golang_migrate::history(&rows, theirs),
            Tool::Goose => goose::history(rows),
            Tool::Flyway => flyway::history(rows, theirs),
        }
    }
}
