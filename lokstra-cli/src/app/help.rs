//! What stands below the flags in a help text, and how the parser's texts are written.

use std::fmt::Write;

use clap::Command;

use crate::call::flags::{DB, EXIT_CODE};
use crate::call::{Program, Verb};
use crate::output::single_dash_args::with_one_dash;

/// What fits on every terminal.
const WIDTH: usize = 80;

/// Of `migration`.
const ENVIRONMENT: &str = "\
Environment:
  DATABASE_URL        The database, where the migrations are for one
  LOKSTRA_DSN_<POOL>  A pool: LOKSTRA_DSN_DB_MAIN defines db_main
  PGHOST, PGUSER, …   What no URL says, as for psql; also ~/.pgpass, PGSERVICE
  NO_COLOR            No colours, if it is set to anything

Exit codes:
  0  Done
  1  A migration is pending (status -exit-code)
  2  Failed, or stopped by a signal; the standard error says why
  3  Wrong usage
  4  The wait for another migration is over (-lock-wait)
  5  The database and the migrations disagree";

/// Of `migration`, where the verbs are listed.
pub(crate) fn after_verbs(program: &Program<'_>) -> String {
    format!(
        "Flags take one dash or two. More on a verb: {} migration up -help\n\
         What -json writes: {}/blob/main/docs/cli.md\n\n{ENVIRONMENT}",
        program.name,
        env!("CARGO_PKG_REPOSITORY")
    )
}

/// The details of a verb, its examples, and what else it depends on.
pub(crate) fn after_flags(verb: &Verb, command: &Command, program: &Program<'_>) -> String {
    let lead = format!("{} migration", program.name);
    let mut parts = Vec::new();
    if !verb.details.is_empty() {
        parts.push(filled(&verb.details.replace("lokstra migration", &lead)));
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
        parts.push(filled(&format!(
            "Environment: DATABASE_URL, LOKSTRA_DSN_<POOL>, PGHOST and its like: see {lead} -help"
        )));
    }
    if !verb.details.contains("Exit codes:") {
        let pending = if has(EXIT_CODE.name) { "1 pending, " } else { "" };
        let database = if has(DB.name) {
            ", 4 the wait for another migration is over, 5 database and migrations disagree"
        } else {
            ""
        };
        parts.push(filled(&format!(
            "Exit codes: 0 done, {pending}2 failed, 3 wrong usage{database}"
        )));
    }
    parts.join("\n\n")
}

/// A text of the parser, with one dash a flag and lines that fit.
pub(crate) fn written(text: &str) -> String {
    with_one_dash(text).lines().map(|line| wrapped(line) + "\n").collect()
}

/// Breaks the help of a flag, and indents what follows.
fn wrapped(line: &str) -> String {
    match flag_and_help(line) {
        Some((flag, help)) => flag.to_owned() + &broken(help, flag.chars().count()),
        None => line.to_owned(),
    }
}

/// Paragraphs with lines that fit; what is indented stays as it is.
fn filled(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|paragraph| {
        let is_indented = paragraph.starts_with(' ');
        if is_indented { paragraph.to_owned() } else { broken(paragraph, 0) }
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// Lines that fit behind an indent, which all but the first have.
fn broken(text: &str, indent: usize) -> String {
    let room = WIDTH.saturating_sub(indent);
    let (mut lines, mut used) = (String::new(), 0);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        let gap = match used {
            0 => String::new(),
            _ if used + 1 + length > room => {
                used = 0;
                format!("\n{:indent$}", "")
            }
            _ => {
                used += 1;
                " ".to_owned()
            }
        };
        used += length;
        write!(lines, "{gap}{word}").ok();
    }
    lines
}

/// `  -dir <FOLDER>   `, and what it does.
fn flag_and_help(line: &str) -> Option<(&str, &str)> {
    let flag = line.trim_start();
    if !line.starts_with(' ') || !flag.starts_with('-') && !flag.starts_with('<') {
        return None;
    }
    let begin = line.len() - flag.len();
    let gap = begin + flag.find("  ")?;
    let help = line[gap..].trim_start();
    Some((&line[..line.len() - help.len()], help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_of_a_flag_stays_in_its_column() {
        let line = "      --db <POOL|URL>  The pool of config.yaml, or a URL (postgres://…), instead \
                    of the one in migration.yaml";
        insta::assert_snapshot!(written(line), @"
        -db <POOL|URL>  The pool of config.yaml, or a URL (postgres://…), instead
                        of the one in migration.yaml
        ");
    }
}
