//! Errors of many targets, or of one of them.

use std::fmt;

use lokstra_core::IdentifierError;
use lokstra_runtime::{ErrorKind, Report, postgres};

use crate::output::json::ErrorObject;
use crate::output::{CommandError, Exit};

/// An error of many targets, or of one of them, without any part of a connection string.
#[derive(Debug)]
pub(crate) enum FleetError {
    /// The file of targets cannot be read.
    Read { path: String, source: std::io::Error },
    /// A file without targets.
    NoTarget { path: String },
    /// Two lines of the file have the same name.
    Twice { path: String, line: usize, name: String, first: usize },
    /// No pool has such a name.
    NoPool { pattern: String, known: Vec<String> },
    /// The query that lists the schemas fails.
    Query(postgres::Error),
    /// The query lists no schema.
    NoSchema,
    /// The query lists a name that cannot be the schema of a tracking table.
    Schema { name: String, reason: IdentifierError },
    /// A target failed.
    Run(lokstra_runtime::Error),
}

impl FleetError {
    /// For the JSON document.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            FleetError::Read { .. } => "targets-unreadable",
            FleetError::NoTarget { .. } | FleetError::NoSchema => "no-target",
            FleetError::Twice { .. } => "duplicate-target",
            FleetError::NoPool { .. } => "unknown-pool",
            FleetError::Query(_) => "schemas-query",
            FleetError::Schema { .. } => "bad-schema",
            FleetError::Run(error) => error.kind().code(),
        }
    }

    /// For the JSON document.
    pub(super) fn object(&self) -> ErrorObject {
        match self {
            FleetError::Run(error) => error.into(),
            _ => ErrorObject::new(self.code(), self),
        }
    }

    /// What was done before the error.
    pub(super) fn report(&self) -> Option<&Report> {
        match self {
            FleetError::Run(error) => error.report(),
            _ => None,
        }
    }

    /// The first line, without the remedy.
    pub(super) fn headline(&self) -> String {
        let text = self.to_string();
        let mut lines = text.lines().map(str::trim);
        let first = lines.next().unwrap_or_default();
        match self {
            FleetError::Run(error) => match (error.kind(), lines.next()) {
                // The first line of these has no detail.
                (ErrorKind::MigrationFailed(_), Some(place)) => format!("{first}: {place}"),
                (ErrorKind::Stopped { .. }, Some(state)) => state.replace("state: ", ""),
                _ => first.to_owned(),
            },
            _ => first.to_owned(),
        }
    }
}

impl From<FleetError> for CommandError {
    fn from(error: FleetError) -> CommandError {
        let exit = match error {
            FleetError::Query(_) | FleetError::Run(_) => Exit::Failed,
            _ => Exit::Usage,
        };
        CommandError::new(error.code(), exit, error)
    }
}

impl fmt::Display for FleetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FleetError::Read { path, source } => write!(
                f,
                "{path}: the targets cannot be read: {source}\n  help: give -targets a file with a \
                 URL per line, optionally after a name, or pool:PATTERN"
            ),
            FleetError::NoTarget { path } => {
                write!(
                    f,
                    "{path}: the file has no target\n  help: write a URL, or a name and a URL, per line"
                )
            }
            FleetError::Twice { path, line, name, first } => write!(
                f,
                "{path}:{line}: {name} is already the target of line {first}\n  help: delete one of \
                 the lines, or give them names: a word before the URL"
            ),
            FleetError::NoPool { pattern, known } => {
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                write!(f, "no pool has a name like {pattern}\n  pools: {known}")
            }
            FleetError::Query(source) => {
                f.write_str("the query of -schemas failed: ")?;
                match source.as_db_error() {
                    Some(error) => f.write_str(error.message()),
                    None => fmt::Display::fmt(source, f),
                }?;
                f.write_str(
                    "\n  help: write one SELECT that only reads, and lists the names of schemas in \
                     its first column",
                )
            }
            FleetError::NoSchema => f.write_str(
                "the query of -schemas lists no schema, so nothing was done\n  help: correct the query, \
                 or create the first schema",
            ),
            FleetError::Schema { name, reason } => write!(
                f,
                "the schema {name:?} cannot have a tracking table: {reason}\n  help: exclude it in \
                 the query"
            ),
            FleetError::Run(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl std::error::Error for FleetError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            FleetError::Read { source, .. } => Some(source),
            FleetError::Query(source) => Some(source),
            FleetError::Schema { reason, .. } => Some(reason),
            FleetError::Run(error) => error.source(),
            _ => None,
        }
    }
}

impl From<lokstra_runtime::Error> for FleetError {
    fn from(error: lokstra_runtime::Error) -> FleetError {
        FleetError::Run(error)
    }
}

impl From<lokstra_runtime::ConnectError> for FleetError {
    fn from(error: lokstra_runtime::ConnectError) -> FleetError {
        FleetError::Run(error.into())
    }
}

/// Why a target is not done.
pub(super) enum Failed<'m> {
    Named(&'m FleetError),
    Ran(FleetError),
}

impl Failed<'_> {
    pub(super) fn error(&self) -> &FleetError {
        match self {
            Failed::Named(error) => error,
            Failed::Ran(error) => error,
        }
    }

    pub(super) fn is_stop(&self) -> bool {
        matches!(self.error(), FleetError::Run(error)
            if matches!(error.kind(), ErrorKind::Stopped { .. }))
    }
}
