//! Errors in JSON, and what was done before them.

use std::fmt::Display;

use lokstra_runtime::{ConnectError, ErrorKind, postgres};
use serde::Serialize;

#[cfg(feature = "folder")]
use super::problem::ProblemObject;
use super::run::ReportObject;
use super::status::StatusObject;

/// An error, with its place in a script if it has one.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorObject {
    code: &'static str,
    message: String,
    path: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    sqlstate: Option<String>,
}

/// The document of a command that failed.
#[derive(Debug, Serialize)]
pub(crate) struct FailureDocument {
    /// What was done before the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    databases: Option<Vec<DatabaseObject>>,
    /// Those of the folder.
    #[cfg(feature = "folder")]
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<Vec<ProblemObject>>,
    error: ErrorObject,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum DatabaseObject {
    Report(ReportObject),
    Status(StatusObject),
    Failed { database: String, error: ErrorObject },
}

impl ErrorObject {
    /// An error that has no place in a script.
    pub(crate) fn new(code: &'static str, message: &impl Display) -> ErrorObject {
        // The alternate form keeps control characters.
        let message = format!("{message:#}");
        ErrorObject { code, message, path: None, line: None, column: None, sqlstate: None }
    }
}

impl From<&lokstra_runtime::Error> for ErrorObject {
    fn from(error: &lokstra_runtime::Error) -> ErrorObject {
        let kind = error.kind();
        let (path, position) = match kind {
            ErrorKind::MigrationFailed(failure) => (Some(&failure.path), failure.position),
            ErrorKind::AmbiguousIndex { path, .. }
            | ErrorKind::StatementUncertain { path, .. }
            | ErrorKind::InvalidIndex { path, .. }
            | ErrorKind::PartialScriptEdited { path, .. } => (Some(path), None),
            _ => (None, None),
        };
        ErrorObject {
            path: path.cloned(),
            line: position.map(|at| at.line),
            column: position.map(|at| at.column),
            sqlstate: sqlstate(kind).map(str::to_owned),
            ..ErrorObject::new(kind.code(), error)
        }
    }
}

impl FailureDocument {
    pub(crate) fn new(error: ErrorObject) -> FailureDocument {
        FailureDocument {
            databases: None,
            #[cfg(feature = "folder")]
            problems: None,
            error,
        }
    }

    #[cfg(feature = "folder")]
    pub(crate) fn of_folder(problems: Vec<ProblemObject>, error: ErrorObject) -> FailureDocument {
        FailureDocument { problems: Some(problems), ..FailureDocument::new(error) }
    }
}

impl From<&lokstra_runtime::Error> for FailureDocument {
    fn from(error: &lokstra_runtime::Error) -> FailureDocument {
        FailureDocument { databases: databases(error), ..FailureDocument::new(error.into()) }
    }
}

/// The databases that were migrated or read before the error.
fn databases(error: &lokstra_runtime::Error) -> Option<Vec<DatabaseObject>> {
    let ErrorKind::Databases { summary, causes } = error.kind() else {
        let report = ReportObject { error: Some(error.into()), ..error.report()?.into() };
        return Some(vec![DatabaseObject::Report(report)]);
    };
    if !error.statuses().is_empty() {
        let read = error.statuses().iter().map(|status| DatabaseObject::Status(status.into()));
        let failed = causes.iter().map(|(name, cause)| DatabaseObject::Failed {
            database: name.clone(),
            error: cause.into(),
        });
        return Some(read.chain(failed).collect());
    }
    let report = |report: &lokstra_runtime::Report| {
        let cause = causes.iter().find(|(name, _)| report.database == *name);
        let error = cause.map(|(_, cause)| ErrorObject::from(cause));
        DatabaseObject::Report(ReportObject { error, ..report.into() })
    };
    Some(summary.reports.iter().map(report).collect())
}

fn sqlstate(kind: &ErrorKind) -> Option<&str> {
    match kind {
        ErrorKind::MigrationFailed(failure) => Some(&failure.server.sqlstate),
        ErrorKind::Server(source)
        | ErrorKind::MissingPrivileges { source, .. }
        | ErrorKind::RecordRefused { source, .. }
        | ErrorKind::ChangeRefused { source, .. }
        | ErrorKind::CannotUpgrade { source, .. } => Some(&source.sqlstate),
        ErrorKind::Connect(ConnectError::Failed { source, .. })
        | ErrorKind::ConnectionLost { source, .. }
        | ErrorKind::Client(source) => source.code().map(postgres::error::SqlState::code),
        _ => None,
    }
}
