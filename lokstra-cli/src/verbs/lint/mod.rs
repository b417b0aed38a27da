//! `lint`: checks the folder as the build does, and looks for hazards.

mod changed;
mod server;

use std::path::Path;

use lokstra_runtime::Migrations;
use lokstra_source::{LintScope, Loaded, Loader, Problem};

use self::changed::Changed;
use self::server::{Reported, unparsable};
use crate::call::flags::{self, Flag, Switch};
use crate::call::{CommandContext, Target, Verb};
use crate::output::diagnostics::{self, Format, summary};
use crate::output::{CommandError, Exit};

const DETAILS: &str = "\
A hazard takes a long lock, loses data or breaks the version that still runs.
`lint: deny` in migration.yaml makes it an error, `lint: off` excludes a folder.
A comment above a statement suppresses its hazard:

  -- lokstra: allow(drop-column): no version reads it since 2.3

JSON: {\"errors\": 0, \"warnings\": 1, \"problems\": [{\"severity\", \"code\", \"path\",
\"line\", \"column\", \"message\", \"help\"}]}; line and column are null where there is
no place. docs/lint.md lists the rules.

Exit codes: 0 without an error, 2 with one, 3 wrong usage";

const SERVER: Switch =
    Switch::new("server", "Also let the server of each database parse every\nstatement");
const ALL: Switch = Switch::new("all", "Also report hazards of locked migrations");
const SINCE: Flag<String> = Flag::new(
    "since",
    "REF",
    flags::text,
    "Report hazards of what differs from this commit of\ngit, locked or not",
);
const FORMAT: Flag<String> = Flag::new(
    "format",
    "FORMAT",
    flags::text,
    "How to write problems: human, json or github\n[default: human]",
);

pub(crate) const VERB: Verb = Verb {
    name: "lint",
    about: "Check the folder as the build does, and look for hazards",
    details: DETAILS,
    examples: &[
        ("", "What is not locked yet"),
        ("-server -db db_main", "Also let the server of that pool parse the scripts"),
        ("-since origin/main", "What a branch changes, locked or not: for a pull request"),
        ("-format github", "As annotations of a pull request"),
    ],
    flags: |command, program| {
        let format =
            FORMAT.arg().value_parser(["human", "json", "github"]).hide_possible_values(true);
        flags::on_database(command, program)
            .args([SERVER.arg(), ALL.arg()])
            .arg(SINCE.arg().conflicts_with(ALL.name))
            .arg(format.conflicts_with(flags::JSON.name))
    },
    run: lint,
};

/// Runs `lint`: the problems are its output, and not an error.
fn lint(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let since = context.get(&SINCE).map(|it| Changed::since(&it, &context.dir())).transpose()?;
    let lint =
        if context.has(&ALL) || since.is_some() { LintScope::All } else { LintScope::UnlockedOnly };
    let (found, scope) = match load(&context.dir(), lint, since.as_ref()) {
        Ok(loaded) => checked(loaded, context)?,
        Err(problems) => (broken(problems, context)?, String::new()),
    };
    let format = match context.get(&FORMAT).as_deref() {
        Some("github") => Format::Github,
        Some("json") => Format::Json,
        _ if context.console.is_json() => Format::Json,
        _ => Format::Human,
    };
    diagnostics::show(context.console, &found, format)?;
    if format == Format::Human {
        context.console.line(format_args!("{scope}{}", summary(&found)))?;
    }
    Ok(if found.iter().any(Problem::is_error) { Exit::Failed } else { Exit::Done })
}

/// Reads the folder, without the hazards of unchanged migrations.
fn load(dir: &str, lint: LintScope, changed: Option<&Changed>) -> Result<Loaded, Vec<Problem>> {
    let concerns = |it: &&Problem| changed.is_none_or(|changed| changed.concerns(it));
    match Loader::new(Path::new(""), dir).lint(lint).load() {
        Ok(mut loaded) => {
            loaded.warnings.retain(|it| concerns(&it));
            Ok(loaded)
        }
        Err(problems) => {
            let warnings: Vec<_> = problems.iter().filter(concerns).cloned().collect();
            if warnings.iter().any(Problem::is_error) {
                return Err(warnings);
            }
            // The only errors were denied hazards of unchanged migrations.
            match Loader::new(Path::new(""), dir).load() {
                Ok(loaded) => Ok(Loaded { warnings, ..loaded }),
                Err(problems) => Err(problems.iter().cloned().collect()),
            }
        }
    }
}

/// The problems of a folder that the build accepts, and what was checked.
fn checked(
    loaded: Loaded,
    context: &CommandContext<'_>,
) -> Result<(Vec<Problem>, String), CommandError> {
    let Loaded { set, mut warnings, locked, outside, .. } = loaded;
    let migrations = Migrations::from(set);
    let count: usize = migrations.databases().map(|database| 2 * database.len()).sum();
    let mut scope = match (context.get(&SINCE), 2 * locked) {
        (Some(since), _) => format!("{count} scripts (hazards of what differs from {since})"),
        (None, locked) if locked > 0 && !context.has(&ALL) => {
            format!("{count} scripts ({locked} of them locked; -all reports their hazards too)")
        }
        _ => format!("{count} scripts"),
    };
    if context.has(&SERVER) {
        let shown = |it: Problem| {
            if outside.iter().any(|path| path == it.path()) { it.without_text() } else { it }
        };
        let target = Target::of(migrations, context)?;
        let found = unparsable(&target, &Reported::default())?.into_iter().map(shown);
        let found: Vec<_> = found.collect();
        if found.is_empty() {
            scope += ", all of which the server can parse";
        }
        warnings.extend(found);
        warnings.sort_by(|a, b| (a.path(), a.position()).cmp(&(b.path(), b.position())));
    }
    Ok((warnings, scope + ": "))
}

/// The problems of a folder that the build rejects, and those that the server finds in its other
/// scripts.
fn broken(
    mut problems: Vec<Problem>,
    context: &CommandContext<'_>,
) -> Result<Vec<Problem>, CommandError> {
    if !context.has(&SERVER) {
        return Ok(problems);
    }
    let Ok(loaded) = Loader::new(Path::new(""), &context.dir()).ignore_script_problems().load()
    else {
        return Ok(problems);
    };
    let reported = Reported::of(&problems);
    problems.extend(unparsable(&Target::of(Migrations::from(loaded.set), context)?, &reported)?);
    problems.sort_by(|a, b| (a.path(), a.position()).cmp(&(b.path(), b.position())));
    Ok(problems)
}
