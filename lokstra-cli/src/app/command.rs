//! The command line of a program: its verbs and their help.

use clap::{Arg, Command};

use super::help;
#[cfg(feature = "folder")]
use crate::call::DATABASE;
use crate::call::{LEAD, Program, Verb, flags};
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
    let migration = flags::add_global(required(Command::new(LEAD)).about(about))
        .after_help(help::after_verbs(program))
        .subcommands(verbs::all(program).map(|verb| of_verb(verb, program, LEAD)));
    let command = required(Command::new(name.clone()).bin_name(name))
        .about("PostgreSQL schema migrations")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand(migration);
    #[cfg(feature = "folder")]
    if program.is_over_a_folder() {
        let verbs = verbs::ON_WHOLE_DATABASE.iter().map(|verb| of_verb(verb, program, DATABASE));
        let database = flags::add_global(required(Command::new(DATABASE)))
            .about("Create, drop or reset the database itself")
            .after_help(help::AFTER_DATABASE_VERBS)
            .subcommands(verbs);
        return command.subcommand(database).subcommands(super::man_pages::commands());
    }
    command
}

fn of_verb(verb: &Verb, program: &Program<'_>, lead: &str) -> Command {
    let command = (verb.flags)(Command::new(verb.name).about(verb.about), program);
    let after = help::after_flags(verb, &command, program, lead);
    // The flags of the verb alone come first.
    let shared =
        |id: &str| 100 + flags::LISTED_LAST.iter().position(|name| *name == id).unwrap_or_default();
    let mut own = 0;
    let ordered = |argument: Arg| {
        let id = argument.get_id().as_str();
        own += 1;
        let order = if flags::LISTED_LAST.contains(&id) { shared(id) } else { own };
        argument.display_order(order)
    };
    command.mut_args(ordered).after_help(after)
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
