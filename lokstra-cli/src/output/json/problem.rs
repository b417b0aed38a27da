//! A problem of the folder in JSON.

use lokstra_source::Problem;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct ProblemObject {
    severity: &'static str,
    code: &'static str,
    path: String,
    line: Option<usize>,
    column: Option<usize>,
    message: String,
    help: String,
}

impl From<&Problem> for ProblemObject {
    fn from(problem: &Problem) -> ProblemObject {
        ProblemObject {
            severity: problem.severity().as_str(),
            code: problem.code().as_str(),
            path: problem.path().to_owned(),
            line: problem.position().map(|at| at.line),
            column: problem.position().map(|at| at.column),
            message: problem.message().to_owned(),
            help: problem.help().to_owned(),
        }
    }
}
