//! The parts of JSON documents that several verbs have. docs/cli.md shows each document: programs
//! rely on the keys.

use std::fmt::Display;

use lokstra_core::Version;
use lokstra_runtime::postgres;
use lokstra_runtime::{
    ConnectError, ConnectionTarget, ErrorKind, Outcome, Position, Report, StepReport, Summary,
};
use serde_json::{Value, json};

use super::error::Error;
use super::status;

pub(crate) fn version(version: Option<Version>) -> Value {
    version.map(|version| version.to_string()).into()
}

/// Which server and database; null where there was no connection.
pub(crate) fn connection(connection: Option<&ConnectionTarget>) -> Value {
    connection.map_or(
        Value::Null,
        |it| json!({ "host": it.host, "port": it.port, "database": it.database, "user": it.user }),
    )
}

/// What a run did, a report a database.
pub(crate) fn summary(summary: &Summary) -> Value {
    json!({ "databases": summary.reports.iter().map(report).collect::<Vec<_>>() })
}

pub(crate) fn report(report: &Report) -> Value {
    let step = |step: &StepReport| {
        json!({
            "direction": step.direction.to_string(),
            "version": step.version.to_string(),
            "description": step.description,
            "execution_ms": u64::try_from(step.elapsed.as_millis()).unwrap_or(u64::MAX),
        })
    };
    json!({
        "database": report.database,
        "connection": connection(report.connection.as_ref()),
        "table": report.table.to_string(),
        "outcome": match report.outcome {
            Outcome::Done => "done",
            Outcome::Skipped => "skipped",
            Outcome::Stopped => "stopped",
            Outcome::NotTried => "not-tried",
            _ => "failed",
        },
        "steps": report.steps.iter().map(step).collect::<Vec<_>>(),
        "warnings": report.warnings.iter().map(|warning| format!("{warning:#}")).collect::<Vec<_>>(),
        "current": version(report.current),
        "error": null,
    })
}

/// Why the command failed, and what was done before.
pub(crate) fn failure(error: &Error) -> Value {
    let mut document = match error {
        Error::Run(run) => done_before(run),
        #[cfg(feature = "folder")]
        Error::Folder(problems) => {
            let problems: Vec<_> = problems.iter().map(super::diagnostics::object_of_one).collect();
            json!({ "problems": problems })
        }
        _ => json!({}),
    };
    document["error"] = match error {
        Error::Run(error) => of_run(error),
        #[cfg(feature = "folder")]
        Error::Folder(problems) => {
            let problems: Vec<_> = problems.iter().cloned().collect();
            let summary = super::diagnostics::summary(&problems);
            object(error.code(), &format_args!("the folder has problems: {summary}"))
        }
        _ => object(error.code(), error),
    };
    document
}

fn done_before(error: &lokstra_runtime::Error) -> Value {
    match (error.kind(), error.report()) {
        (ErrorKind::Databases { causes, .. }, _) if !error.statuses().is_empty() => {
            let stand = error.statuses().iter().map(status::object);
            let failed = causes
                .iter()
                .map(|(name, cause)| json!({ "database": name, "error": of_run(cause) }));
            json!({ "databases": stand.chain(failed).collect::<Vec<_>>() })
        }
        (ErrorKind::Databases { summary: reached, causes }, _) => {
            let mut document = summary(reached);
            for report in document["databases"].as_array_mut().into_iter().flatten() {
                let cause = causes.iter().find(|(name, _)| report["database"] == name.as_str());
                report["error"] = cause.map_or(Value::Null, |(_, cause)| of_run(cause));
            }
            document
        }
        (_, Some(reached)) => {
            let mut document = report(reached);
            document["error"] = of_run(error);
            json!({ "databases": [document] })
        }
        (_, None) => json!({}),
    }
}

pub(crate) fn of_run(error: &lokstra_runtime::Error) -> Value {
    let kind = error.kind();
    let mut object = object(kind.code(), error);
    let (path, position) = match kind {
        ErrorKind::Failed(failure) => (Some(&failure.path), failure.position),
        ErrorKind::AmbiguousIndex { path, .. }
        | ErrorKind::InFlight { path, .. }
        | ErrorKind::InvalidIndex { path, .. }
        | ErrorKind::ChangedMidway { path, .. } => (Some(path), None),
        _ => (None, None),
    };
    object["path"] = path.map(String::as_str).into();
    if let Some(Position { line, column, .. }) = position {
        (object["line"], object["column"]) = (line.into(), column.into());
    }
    object["sqlstate"] = sqlstate(kind).into();
    object
}

fn sqlstate(kind: &ErrorKind) -> Option<&str> {
    match kind {
        ErrorKind::Failed(failure) => Some(&failure.server.sqlstate),
        ErrorKind::Server(source)
        | ErrorKind::Denied { source, .. }
        | ErrorKind::RecordRefused { source, .. }
        | ErrorKind::CannotUpgrade { source, .. } => Some(&source.sqlstate),
        ErrorKind::Connect(ConnectError::Failed { source, .. })
        | ErrorKind::ConnectionLost { source, .. }
        | ErrorKind::Client(source) => source.code().map(postgres::error::SqlState::code),
        _ => None,
    }
}

/// An error that has no place in a script.
pub(crate) fn object(code: &str, message: &impl Display) -> Value {
    json!({
        "code": code,
        // Without the alternate form, what a terminal obeys would be left out.
        "message": format!("{message:#}"),
        "path": null,
        "line": null,
        "column": null,
        "sqlstate": null,
    })
}
