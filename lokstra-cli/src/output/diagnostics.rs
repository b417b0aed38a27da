//! Problems as text for people, JSON for programs, or annotations of a pull request.

use lokstra_core::printable_line;
use lokstra_source::{Problem, Problems, Severity};
use serde::Serialize;

use super::command_error::CommandError;
use super::console::Console;
use super::exit::Exit;
use super::json::{ErrorObject, FailureDocument, ProblemObject};

/// The format of problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// With the line of the script and a caret.
    Human,
    /// One JSON object.
    Json,
    /// A workflow command of GitHub Actions each.
    Github,
}

/// Writes all problems.
pub(crate) fn show(
    console: &Console<'_>,
    problems: &[Problem],
    format: Format,
) -> Result<(), CommandError> {
    match format {
        Format::Human => problems.iter().try_for_each(|problem| {
            console.line(format_args!("{}: {problem}\n", problem.severity().as_str()))
        }),
        Format::Json => {
            let document = serde_json::to_value(ProblemsDocument::new(problems));
            console.data(format_args!("{:#}", document.unwrap_or_default()))
        }
        Format::Github => problems.iter().map(annotation).try_for_each(|it| console.data(it)),
    }
}

/// `1 error, 2 warnings`
pub(crate) fn summary(problems: &[Problem]) -> String {
    let counted = |severity: Severity| match count(problems, severity) {
        0 => None,
        1 => Some(format!("1 {}", severity.as_str())),
        count => Some(format!("{count} {}s", severity.as_str())),
    };
    let counted: Vec<_> =
        [Severity::Error, Severity::Warning].into_iter().filter_map(counted).collect();
    if counted.is_empty() { "no problem".to_owned() } else { counted.join(", ") }
}

fn count(problems: &[Problem], severity: Severity) -> usize {
    problems.iter().filter(|problem| problem.severity() == severity).count()
}

/// The document of `lint`.
#[derive(Serialize)]
struct ProblemsDocument {
    errors: usize,
    warnings: usize,
    problems: Vec<ProblemObject>,
}

impl ProblemsDocument {
    fn new(problems: &[Problem]) -> ProblemsDocument {
        ProblemsDocument {
            errors: count(problems, Severity::Error),
            warnings: count(problems, Severity::Warning),
            problems: problems.iter().map(ProblemObject::from).collect(),
        }
    }
}

/// Creates the error of a folder with problems.
impl From<Problems> for CommandError {
    fn from(problems: Problems) -> CommandError {
        let all: Vec<_> = problems.iter().cloned().collect();
        let code = "folder";
        let summary = format!("the folder has problems: {}", summary(&all));
        let objects = all.iter().map(ProblemObject::from).collect();
        let document = FailureDocument::of_folder(objects, ErrorObject::new(code, &summary));
        CommandError {
            exit: Exit::Failed,
            message: problems.into(),
            is_labelled: true,
            document: Box::new(document),
        }
    }
}

/// A workflow command of GitHub Actions, which shows the problem beside the line.
fn annotation(problem: &Problem) -> String {
    let place = problem
        .position()
        .map_or_else(String::new, |place| format!(",line={},col={}", place.line, place.column));
    format!(
        "::{} file={}{place},title={}::{}",
        problem.severity().as_str(),
        property(&printable_line(problem.path())),
        property(problem.code().as_str()),
        data(&format!(
            "{}\nhelp: {}",
            printable_line(problem.message()),
            printable_line(problem.help())
        )),
    )
}

/// Escapes what would end the command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes what would end the property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
