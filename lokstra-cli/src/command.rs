//! The command line of a program: its verbs and their help.

use std::fmt::Write;

use clap::Command;

use crate::call::Verb;
use crate::cli::Program;
use crate::flags;
use crate::verbs;

pub(crate) fn command(program: &Program<'_>) -> Command {
    let name = program.name.clone();
    let required = |command: Command| {
        command.subcommand_required(true).arg_required_else_help(true).disable_help_subcommand(true)
    };
    let about = if program.is_over_a_folder() {
        "Create, apply, roll back and list database migrations"
    } else {
        "Apply, roll back and list the database migrations that this program carries"
    };
    let migration = flags::everywhere(required(Command::new("migration")).about(about))
        .subcommands(verbs::all(program).map(|verb| of_verb(verb, program)));
    required(Command::new(name.clone()).bin_name(name))
        .about("PostgreSQL schema migrations")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand(migration)
}

fn of_verb(verb: &Verb, program: &Program<'_>) -> Command {
    let command = Command::new(verb.name).about(verb.about).after_help(after(verb, program));
    (verb.flags)(command, program)
}

/// The details, then the examples.
fn after(verb: &Verb, program: &Program<'_>) -> String {
    let mut text =
        verb.details.replace("lokstra migration", &format!("{} migration", program.name));
    if !verb.examples.is_empty() {
        let gap = if text.is_empty() { "" } else { "\n\n" };
        write!(text, "{gap}Examples:").ok();
    }
    for (arguments, what) in verb.examples {
        let line = format!("{} migration {} {arguments}", program.name, verb.name);
        write!(text, "\n  {what}:\n    {}", line.trim_end()).ok();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "folder")]
    #[test]
    fn the_parser_itself_is_sound() {
        command(&Program::over_a_folder()).debug_assert();
    }

    #[cfg(feature = "folder")]
    #[test]
    fn no_long_flag_reads_as_short_ones() {
        // `-dir` would be ambiguous if d, i and r were flags: only -h and -V have one letter.
        let mut command = command(&Program::over_a_folder());
        command.build();
        let migration = command.find_subcommand("migration").unwrap();
        for verb in migration.get_subcommands() {
            for long in verb.get_arguments().filter_map(|arg| arg.get_long()) {
                assert!(!long.chars().all(|letter| matches!(letter, 'h' | 'V')), "{long}");
            }
        }
    }
}
