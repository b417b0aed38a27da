//! `doctor`: checks everything that a migration depends on, and changes nothing.

mod catalog;
mod finding;
mod history;
mod server;

use std::time::{Duration, Instant};

use lokstra_core::Database;
use lokstra_runtime::postgres::Client;
use lokstra_runtime::{ConnectError, Warning};
use serde::Serialize;

use self::finding::{FindingObject, Findings, Level};
use crate::call::flags::{self, Flag};
use crate::call::{CommandContext, Target, Verb};
use crate::output::state_lines::skipped;
use crate::output::{CommandError, Exit};

const DETAILS: &str = "\
It checks the connection, the version, privileges, a connection pooler,
settings of the role, the history, a running migration, long and prepared
transactions, INVALID indexes and NOT VALID constraints, and says of each what
to do. It changes nothing: it creates one temporary table and rolls it back, and
takes no lock on your tables.

JSON: {\"healthy\", \"databases\": [{\"database\", \"problems\", \"warnings\",
\"findings\": [{\"check\", \"level\", \"message\", \"help\"}]}]}; the level is ok,
warning or problem.

Exit codes: 0 without a problem, 2 with one.";

const OLDER_THAN: Flag<Duration> = Flag::new(
    "older-than",
    "TIME",
    flags::time,
    "Report transactions that are older [default: 5m]",
);

pub(crate) const VERB: Verb = Verb {
    name: "doctor",
    about: "Check what a migration depends on, and say what to do",
    details: DETAILS,
    examples: &[
        ("", "Every database"),
        ("-db db_main", "The database of one pool"),
        ("-older-than 1m", "Also transactions of one minute"),
    ],
    flags: |command, program| flags::on_database(command, program).arg(OLDER_THAN.arg()),
    run: doctor,
};

const OLD: Duration = Duration::from_mins(5);

fn doctor(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let target = context.target_despite_problems()?;
    let mut all = Vec::new();
    for database in target.databases() {
        if !database.enabled() && !target.include_disabled {
            context.console.status(skipped(database.name()));
            continue;
        }
        let mut found = Findings::default();
        examine(&mut found, context, &target, database);
        if target.has_several() {
            let gap = if all.is_empty() { "" } else { "\n" };
            context.console.output(format_args!("{gap}Database: {}", database.name()))?;
        }
        context.console.output(found.text(context.console))?;
        all.push((database.name(), found));
    }
    let count = |level| all.iter().map(|(_, found)| found.count(level)).sum::<usize>();
    let (problems, warnings) = (count(Level::Problem), count(Level::Warning));
    context.console.output(format_args!(
        "\n{}, {}",
        counted(problems, "problem"),
        counted(warnings, "warning")
    ))?;
    context.console.document(|| {
        let databases = all.iter().map(|(name, found)| DatabaseObject {
            database: name,
            problems: found.count(Level::Problem),
            warnings: found.count(Level::Warning),
            findings: found.json(),
        });
        DoctorDocument { healthy: problems == 0, databases: databases.collect() }
    })?;
    Ok(if problems == 0 { Exit::Done } else { Exit::Failed })
}

#[derive(Serialize)]
struct DoctorDocument<'a> {
    healthy: bool,
    databases: Vec<DatabaseObject<'a>>,
}

#[derive(Serialize)]
struct DatabaseObject<'a> {
    database: &'a str,
    problems: usize,
    warnings: usize,
    findings: Vec<FindingObject>,
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        0 => format!("no {noun}"),
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

fn examine(
    found: &mut Findings,
    context: &CommandContext<'_>,
    target: &Target,
    database: Database<'_>,
) {
    let started = Instant::now();
    let connected = || {
        let pool = target.pool(database)?;
        let client = pool.connect()?;
        let at = pool.targets()?.join(" or ");
        Ok::<_, ConnectError>((pool, client, at))
    };
    let (pool, mut client, at) = match connected() {
        Ok(connected) => connected,
        Err(error) => return found.error("connection", &error.into()),
    };
    let took = started.elapsed();
    let (facts, row) = match server::facts(&mut client, &pool) {
        Ok(Some(facts)) => facts,
        Ok(None) => return,
        Err(error) => return found.not_checked("connection", &error),
    };
    server::connection(found, &at, &facts, &row, took);
    let keywords = pool.ignored_keywords();
    if !keywords.is_empty() {
        let help = "remove them, or give the migrations a connection string of their own";
        found.warning("connection", Warning::IgnoredKeywords { keywords }, help);
    }
    server::version(found, &facts, &row);
    server::encoding(found, &row);
    server::settings(found, &mut client, &facts);
    let mut migrator = target.migrator().database(database.name());
    limit(&mut client, &facts);
    server::server_support(found, &mut migrator, &mut client);
    history::privileges(found, &mut migrator, &mut client, &facts);
    history::shape(found, &mut migrator, &mut client, &database.table(), &facts);
    let status = history::state(found, &mut migrator, &mut client, &facts);
    let partial_scripts = status.as_ref().map_or(&[][..], |status| &status.partial_scripts);
    history::runner(found, &mut migrator, &mut client, partial_scripts);
    let needs_session =
        status.as_ref().is_some_and(|status| history::needs_session(status, database));
    server::pooler(found, &facts, &pool, needs_session);
    catalog::prepared_transactions(found, &mut client);
    let older_than = context.get(&OLDER_THAN).unwrap_or(OLD);
    catalog::long_transactions(found, &mut client, older_than, &facts);
    catalog::invalid_indexes(found, &mut client);
    catalog::unvalidated_constraints(found, &mut client, &facts);
}

/// Limits the queries of the library. Through a pooler, it would limit other clients as well.
fn limit(client: &mut Client, facts: &server::Facts) {
    if !facts.is_pooled && facts.pooler_error.is_none() {
        client.batch_execute("SET statement_timeout = '5s'").ok();
    }
}
