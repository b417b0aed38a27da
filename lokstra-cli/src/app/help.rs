//! The text below the flags of a help text, and flags with one dash.

use std::fmt::Write;

use clap::Command;

use crate::call::flags::{DB, EXIT_CODE};
use crate::call::{LEAD, Program, Verb};
use crate::output::single_dash_args::with_one_dash;

/// The end of the help of `migration`.
const ENVIRONMENT: &str = "\
Environment:
  DATABASE_URL        The database, if the migrations are for only one
  LOKSTRA_DSN_<POOL>  A pool: LOKSTRA_DSN_DB_MAIN defines db_main
  PGHOST, PGUSER, …   Defaults, as for psql; also ~/.pgpass and PGSERVICE
  NO_COLOR            No colours, if it is not empty

Exit codes:
  0  Done
  1  A migration is pending (status -exit-code)
  2  Failed, or stopped by a signal; the standard error says why
  3  Wrong usage
  4  Another migration held the lock for longer than -lock-wait
  5  The database and the migrations disagree";

/// The text below the verbs of `database`.
#[cfg(feature = "folder")]
pub(crate) const AFTER_DATABASE_VERBS: &str = "\
The database is the one that `lokstra migration up` would use, by the same
flags, variables and files: see lokstra migration -help";

/// The text below the list of verbs.
pub(crate) fn after_verbs(program: &Program<'_>) -> String {
    format!(
        "Flags accept one dash or two. Help on a verb: {} migration up -help\n\
         JSON documents: {}/blob/main/docs/cli.md\n\n{ENVIRONMENT}",
        program.name,
        env!("CARGO_PKG_REPOSITORY")
    )
}

/// The text below the flags of a verb: details, examples, environment and exit codes.
pub(crate) fn after_flags(
    verb: &Verb,
    command: &Command,
    program: &Program<'_>,
    lead: &str,
) -> String {
    let lead = format!("{} {lead}", program.name);
    let mut parts = Vec::new();
    if !verb.details.is_empty() {
        parts.push(verb.details.replace("lokstra migration", &lead));
    }
    if !verb.examples.is_empty() {
        let mut text = "Examples:".to_owned();
        for (arguments, what) in verb.examples {
            let line = format!("{lead} {} {arguments}", verb.name);
            write!(text, "\n  {what}:\n    {}", line.trim_end()).ok();
        }
        parts.push(text);
    }
    let has = |flag| command.get_arguments().any(|argument| argument.get_id() == flag);
    if has(DB.name) {
        parts.push(format!(
            "Environment: DATABASE_URL, LOKSTRA_DSN_<POOL>, PGHOST and others: see\n{} {LEAD} -help",
            program.name
        ));
    }
    if !verb.details.contains("Exit codes:") {
        let pending = if has(EXIT_CODE.name) { "1 pending, " } else { "" };
        let database = match verb.name {
            "up" | "down" | "redo" | "goto" | "baseline" => {
                ",\n4 another migration holds the lock, 5 database and migrations disagree"
            }
            "repair" => ",\n4 another migration holds the lock",
            "plan" => ",\n5 database and migrations disagree",
            _ => "",
        };
        parts.push(format!("Exit codes: 0 done, {pending}2 failed, 3 wrong usage{database}"));
    }
    parts.join("\n\n")
}

/// Writes a text of the parser with one dash per flag. A space behind the flag keeps the column of its
/// help.
pub(crate) fn with_single_dashes(text: &str) -> String {
    let line = |line: &str| {
        let mut short = with_one_dash(line);
        let flag = short.trim_start();
        if short.len() < line.len()
            && flag.starts_with('-')
            && let Some(gap) = flag.find("  ")
        {
            short.insert(short.len() - flag.len() + gap, ' ');
        }
        short + "\n"
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_of_a_flag_stays_in_its_column() {
        let text = "      --db <POOL|URL>  A pool of config.yaml, or a URL,\n                       \
                    instead of the pool in migration.yaml";
        insta::assert_snapshot!(with_single_dashes(text), @"
        -db <POOL|URL>   A pool of config.yaml, or a URL,
                         instead of the pool in migration.yaml
        ");
    }
}
