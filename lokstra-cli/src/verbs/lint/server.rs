//! What the servers of a set say about its statements.

use std::collections::{HashMap, HashSet};

use lokstra_core::{Database, Script};
use lokstra_runtime::postgres::Client;
use lokstra_runtime::postgres::error::ErrorPosition;
use lokstra_source::{Code, Problem};

use crate::call::Target;
use crate::output::CommandError;

/// As many problems are shown of a script, as by the build.
const MOST: usize = 50;

/// What the build has said of a line or of a whole script: the server need not repeat it.
#[derive(Default)]
pub(super) struct Known {
    lines: HashSet<(String, usize)>,
    scripts: HashSet<String>,
}

impl Known {
    pub(super) fn of(problems: &[Problem]) -> Known {
        let (mut known, mut counts) = (Known::default(), HashMap::new());
        for problem in problems.iter().filter(|problem| problem.is_error()) {
            let path = problem.path().to_owned();
            let count = counts.entry(problem.path()).or_insert(0);
            *count += 1;
            let is_whole = matches!(
                problem.code(),
                Code::Unterminated | Code::CopyFromStdin | Code::PsqlCommand | Code::NotUtf8
            );
            if is_whole || *count == MOST {
                known.scripts.insert(path);
            } else if let Some(at) = problem.position() {
                known.lines.insert((path, at.line));
            }
        }
        known
    }

    fn has(&self, problem: &Problem) -> bool {
        let line = problem.position().map(|at| at.line).unwrap_or_default();
        self.lines.contains(&(problem.path().to_owned(), line))
    }
}

/// What the servers cannot parse.
pub(super) fn refused(target: &Target, known: &Known) -> Result<Vec<Problem>, CommandError> {
    let mut found = Vec::new();
    for database in target.databases() {
        let mut server = judge(target, database)?;
        for migration in database.migrations() {
            for script in [migration.up(), migration.down()] {
                if !known.scripts.contains(script.path()) {
                    found.extend(ask(&mut server, script, known)?);
                }
            }
        }
    }
    Ok(found)
}

/// A session in an aborted transaction: it parses what it is given, and goes no further.
fn judge(target: &Target, database: Database<'_>) -> Result<Client, CommandError> {
    let mut client = target.pool(database)?.connect()?;
    client.batch_execute("BEGIN; SELECT 1/0").ok();
    Ok(client)
}

/// The statements of a script that the server cannot parse. Each has its line counted from the first, so that
/// without a limit a long script would take the square of its length.
fn ask(
    server: &mut Client,
    script: Script<'_>,
    known: &Known,
) -> Result<Vec<Problem>, CommandError> {
    let (path, text) = (script.path(), script.text());
    let mut found = Vec::new();
    let mut ranges = script.statement_ranges();
    while let Some(range) = ranges.next() {
        let statement = &text[range.clone()];
        let Err(error) = server.prepare(statement) else { continue };
        let Some(error) = error.as_db_error() else { return Err(CommandError::of_server(&error)) };
        // In a failed transaction: what everything that parses is told.
        if error.code().code() == "25P02" {
            continue;
        }
        let nth = match error.position() {
            Some(ErrorPosition::Original(nth)) => nth.saturating_sub(1) as usize,
            _ => 0,
        };
        let at = statement.char_indices().nth(nth).map_or(statement.len(), |(at, _)| at);
        let problem = |message: &str| Problem::from_server(path, text, range.start + at, message);
        let refusal = problem(error.message());
        if known.has(&refusal) {
            continue;
        }
        if found.len() + 1 < MOST || ranges.len() == 0 {
            found.push(refusal);
            continue;
        }
        let rest = ranges.len();
        let message = format!(
            "{} (the server was not asked about the next {rest} statements)",
            error.message()
        );
        found.push(problem(&message));
        break;
    }
    Ok(found)
}
