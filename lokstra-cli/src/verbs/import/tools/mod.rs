//! The supported tools.

mod dbmate;
mod diesel;
mod flyway;
mod golang_migrate;
mod goose;
mod refinery;
mod sqlx;
mod suspect;

use crate::verbs::import::source::{Found, History, Row, Source, SourceMigration, numbering};

/// A tool whose migrations can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SourceTool {
    Refinery,
    Sqlx,
    Diesel,
    GolangMigrate,
    Goose,
    Dbmate,
    Flyway,
}

impl SourceTool {
    pub(crate) const ALL: [SourceTool; 7] = [
        SourceTool::Refinery,
        SourceTool::Sqlx,
        SourceTool::Diesel,
        SourceTool::GolangMigrate,
        SourceTool::Goose,
        SourceTool::Dbmate,
        SourceTool::Flyway,
    ];

    /// The name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            SourceTool::Refinery => "refinery",
            SourceTool::Sqlx => "sqlx",
            SourceTool::Diesel => "diesel",
            SourceTool::GolangMigrate => "golang-migrate",
            SourceTool::Goose => "goose",
            SourceTool::Dbmate => "dbmate",
            SourceTool::Flyway => "flyway",
        }
    }

    pub(crate) fn named(name: &str) -> Option<SourceTool> {
        SourceTool::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// The default table of its history.
    pub(crate) fn table(self) -> &'static str {
        match self {
            SourceTool::Refinery => "refinery_schema_history",
            SourceTool::Sqlx => "_sqlx_migrations",
            SourceTool::Diesel => "__diesel_schema_migrations",
            SourceTool::GolangMigrate | SourceTool::Dbmate => "schema_migrations",
            SourceTool::Goose => "goose_db_version",
            SourceTool::Flyway => "flyway_schema_history",
        }
    }

    /// Reads the migrations of a folder, and warns about what would mean something else in lokstra.
    pub(crate) fn read(self, source: &Source) -> Found {
        let mut found = self.find(source);
        found.remarks.extend(numbering::renumbered(self.name(), &found.migrations));
        suspect::look(self, source, &mut found);
        found
    }

    /// The tools that could read all of this folder.
    pub(crate) fn that_read(source: &Source) -> Vec<&'static str> {
        let reads = |tool: &SourceTool| {
            let found = tool.read(source);
            found.obstacles.is_empty() && found.migrations.len() > found.remarks.len()
        };
        SourceTool::ALL.into_iter().filter(reads).map(SourceTool::name).collect()
    }

    fn find(self, source: &Source) -> Found {
        match self {
            SourceTool::Refinery => refinery::read(source),
            SourceTool::Sqlx => sqlx::read(source),
            SourceTool::Diesel => diesel::read(source),
            SourceTool::GolangMigrate => golang_migrate::read(source),
            SourceTool::Goose => goose::read(source),
            SourceTool::Dbmate => dbmate::read(source),
            SourceTool::Flyway => flyway::read(source),
        }
    }

    /// The query that reads its table into the columns of [`Row`].
    pub(crate) fn query(self, table: &str) -> String {
        let columns = match self {
            SourceTool::Refinery => refinery::COLUMNS,
            SourceTool::Sqlx => sqlx::COLUMNS,
            SourceTool::Diesel => diesel::COLUMNS,
            SourceTool::GolangMigrate => golang_migrate::COLUMNS,
            SourceTool::Goose => goose::COLUMNS,
            SourceTool::Dbmate => dbmate::COLUMNS,
            SourceTool::Flyway => flyway::COLUMNS,
        };
        let (columns, order) = columns;
        format!("SELECT {columns} FROM {table} ORDER BY {order}")
    }

    /// The history that the rows stand for.
    pub(crate) fn history(self, rows: Vec<Row>, migrations: &[SourceMigration]) -> History {
        match self {
            SourceTool::Refinery | SourceTool::Diesel | SourceTool::Dbmate => {
                History::of_applied(rows)
            }
            SourceTool::Sqlx => sqlx::history(rows),
            SourceTool::GolangMigrate => golang_migrate::history(&rows, migrations),
            SourceTool::Goose => goose::history(rows),
            SourceTool::Flyway => flyway::history(rows, migrations),
        }
    }
}
