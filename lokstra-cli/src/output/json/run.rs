//! What a run did, in JSON.

use lokstra_runtime::{Outcome, Report, StepReport, Summary};
use serde::Serialize;

use super::error::ErrorObject;
use super::parts::{Connection, Databases, texts};

/// The document of `up`, `down`, `redo` and `goto`.
pub(crate) type RunDocument = Databases<ReportObject>;

/// What a run did to one database.
#[derive(Debug, Serialize)]
pub(crate) struct ReportObject {
    pub(crate) database: String,
    pub(crate) connection: Option<Connection>,
    pub(crate) table: String,
    pub(crate) outcome: &'static str,
    pub(crate) steps: Vec<StepObject>,
    pub(crate) warnings: Vec<String>,
    pub(crate) current: Option<String>,
    pub(crate) error: Option<ErrorObject>,
}

/// A script that ran.
#[derive(Debug, Serialize)]
pub(crate) struct StepObject {
    direction: String,
    version: String,
    description: String,
    execution_ms: u64,
}

impl From<&Summary> for RunDocument {
    fn from(summary: &Summary) -> RunDocument {
        Databases { databases: summary.reports.iter().map(ReportObject::from).collect() }
    }
}

impl From<&Report> for ReportObject {
    fn from(report: &Report) -> ReportObject {
        ReportObject {
            database: report.database.clone(),
            connection: report.connection.as_ref().map(Connection::from),
            table: report.table.to_string(),
            outcome: match report.outcome {
                Outcome::Done => "done",
                Outcome::Skipped => "skipped",
                Outcome::Stopped => "stopped",
                Outcome::NotTried => "not-tried",
                _ => "failed",
            },
            steps: report.steps.iter().map(StepObject::from).collect(),
            warnings: texts(&report.warnings),
            current: report.current.map(|version| version.to_string()),
            error: None,
        }
    }
}

impl From<&StepReport> for StepObject {
    fn from(step: &StepReport) -> StepObject {
        StepObject {
            direction: step.direction.to_string(),
            version: step.version.to_string(),
            description: step.description.clone(),
            execution_ms: u64::try_from(step.elapsed.as_millis()).unwrap_or(u64::MAX),
        }
    }
}
