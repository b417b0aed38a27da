//! `lint -server`: lets the servers of a set parse its statements.

use std::collections::{HashMap, HashSet};

use lokstra_core::{Database, Script};
use lokstra_runtime::postgres::Client;
use lokstra_runtime::postgres::error::ErrorPosition;
use lokstra_source::{Code, Problem};

use crate::call::Target;
use crate::output::CommandError;

/// How many problems are shown per script, as in the build.
const MAX_REPORTED: usize = 50;

/// The lines and scripts for which the build has reported a problem, which the server need not repeat.
#[derive(Default)]
pub(super) struct Reported {
    lines: HashSet<(String, usize)>,
    scripts: HashSet<String>,
}

impl Reported {
    pub(super) fn of(problems: &[Problem]) -> Reported {
        let (mut reported, mut counts) = (Reported::default(), HashMap::new());
        for problem in problems.iter().filter(|problem| problem.is_error()) {
            let path = problem.path().to_owned();
            let count = counts.entry(problem.path()).or_insert(0);
            *count += 1;
            let is_whole = matches!(
                problem.code(),
                Code::Unterminated | Code::CopyFromStdin | Code::PsqlCommand | Code::NotUtf8
            );
            if is_whole || *count == MAX_REPORTED {
                reported.scripts.insert(path);
            } else if let Some(at) = problem.position() {
                reported.lines.insert((path, at.line));
            }
        }
        reported
    }

    fn has(&self, problem: &Problem) -> bool {
        let line = problem.position().map(|at| at.line).unwrap_or_default();
        self.lines.contains(&(problem.path().to_owned(), line))
    }
}

/// Finds the statements that the servers cannot parse.
pub(super) fn unparsable(
    target: &Target,
    reported: &Reported,
) -> Result<Vec<Problem>, CommandError> {
    let mut found = Vec::new();
    for database in target.databases() {
        let mut server = parser_session(target, database)?;
        for migration in database.migrations() {
            for script in [migration.up(), migration.down()] {
                if !reported.scripts.contains(script.path()) {
                    found.extend(check_script(&mut server, script, reported)?);
                }
            }
        }
    }
    Ok(found)
}

/// Opens a session in an aborted transaction, which parses statements and does nothing else.
fn parser_session(target: &Target, database: Database<'_>) -> Result<Client, CommandError> {
    let mut client = target.pool(database)?.connect()?;
    client.batch_execute("BEGIN; SELECT 1/0").ok();
    Ok(client)
}

/// Finds the statements of a script that the server cannot parse. Counting the line of each takes as
/// long as the script, so their number is limited.
fn check_script(
    server: &mut Client,
    script: Script<'_>,
    reported: &Reported,
) -> Result<Vec<Problem>, CommandError> {
    let (path, text) = (script.path(), script.text());
    let mut found = Vec::new();
    let mut ranges = script.statement_ranges();
    while let Some(range) = ranges.next() {
        let statement = &text[range.clone()];
        let Err(error) = server.prepare(statement) else { continue };
        let Some(error) = error.as_db_error() else { return Err(CommandError::of_server(&error)) };
        // The error of every statement that parses, in a failed transaction.
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
        if reported.has(&refusal) {
            continue;
        }
        if found.len() + 1 < MAX_REPORTED || ranges.len() == 0 {
            found.push(refusal);
            continue;
        }
        let rest = ranges.len();
        let message =
            format!("{} (the server did not parse the next {rest} statements)", error.message());
        found.push(problem(&message));
        break;
    }
    Ok(found)
}
