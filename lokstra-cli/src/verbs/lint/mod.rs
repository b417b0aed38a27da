//! `lint`: checks the folder as the build does, and looks for hazards.

mod changed;
mod server;

use std::path::Path;

use lokstra_runtime::Migrations;
use lokstra_source::{LintScope, Loaded, Loader, Problem};

use self::changed::Changed;
use self::server::{Known, refused};
use crate::call::flags::{self, Flag, Switch};
use crate::call::{CommandContext, Target, Verb};
use crate::output::diagnostics::{self, Format, summary};
use crate::output::{CommandError, Exit};

const DETAILS: &str = "\
A hazard takes a long lock, loses data or breaks the version that still runs.
`lint: deny` in migration.yaml makes it an error, `lint: off` keeps a folder
out. One statement is let pass by a comment above it:

  -- lokstra: allow(drop-column): no version reads it since 2.3

JSON: {\"errors\": 0, \"warnings\": 1, \"problems\": [{\"severity\", \"code\", \"path\",
\"line\", \"column\", \"message\", \"help\"}]}; line and column are null where there is
no place. docs/lint.md has more, and all rules.

Exit codes: 0 without an error, 2 with one, 3 wrong usage";

const SERVER: Switch =
    Switch::new("server", "Have the server of each database parse every statement too");
const ALL: Switch =
    Switch::new("all", "Look for hazards in locked migrations too, which were judged before");
const SINCE: Flag<String> = Flag::new(
    "since",
    "REF",
    flags::text,
    "Look for hazards in what differs from this commit of git, locked or not",
);
const FORMAT: Flag<String> =
    Flag::new("format", "FORMAT", flags::text, "How problems are written [default: human]");

pub(crate) const VERB: Verb = Verb {
    name: "lint",
    about: "Check the folder as the build does, and look for hazards",
    details: DETAILS,
    examples: &[
        ("", "What is not locked yet"),
        ("-server -db db_main", "Have the server of that pool judge the syntax too"),
        ("-since origin/main", "What a branch changes, locked or not: for a pull request"),
        ("-format github", "As remarks beside the lines of a pull request"),
    ],
    flags: |command, program| {
        let format = FORMAT.arg().value_parser(["human", "json", "github"]);
        flags::on_database(command, program)
            .args([SERVER.arg(), ALL.arg()])
            .arg(SINCE.arg().conflicts_with(ALL.name))
            .arg(format.conflicts_with(flags::JSON.name))
    },
    run: lint,
};

/// What it finds is its data, and no failure of its own.
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

/// Reads the folder, without the hazards of what is not changed.
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
            // The only errors were denied hazards of what is not changed.
            match Loader::new(Path::new(""), dir).load() {
                Ok(loaded) => Ok(Loaded { warnings, ..loaded }),
                Err(problems) => Err(problems.iter().cloned().collect()),
            }
        }
    }
}

/// The problems of a folder that the build takes, and what was looked at.
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
            format!("{count} scripts ({locked} of them locked, -all looks for their hazards too)")
        }
        _ => format!("{count} scripts"),
    };
    if context.has(&SERVER) {
        let shown = |it: Problem| {
            if outside.iter().any(|path| path == it.path()) { it.without_text() } else { it }
        };
        let target = Target::of(migrations, context)?;
        let refused = refused(&target, &Known::default())?.into_iter().map(shown);
        let refused: Vec<_> = refused.collect();
        if refused.is_empty() {
            scope += ", all of which the server can parse";
        }
        warnings.extend(refused);
        warnings.sort_by(|a, b| (a.path(), a.position()).cmp(&(b.path(), b.position())));
    }
    Ok((warnings, scope + ": "))
}

/// The problems of a folder that the build refuses, and what a server says of its other scripts.
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
    let known = Known::of(&problems);
    problems.extend(refused(&Target::of(Migrations::from(loaded.set), context)?, &known)?);
    problems.sort_by(|a, b| (a.path(), a.position()).cmp(&(b.path(), b.position())));
    Ok(problems)
}
