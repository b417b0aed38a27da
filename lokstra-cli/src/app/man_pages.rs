//! `completions` and `man`: shell completions and manual pages.

use std::path::Path;

use clap::{ArgMatches, Command, value_parser};
use clap_complete::Shell;

use super::command::command;
use crate::call::Program;
use crate::call::flags::{Flag, text};
use crate::output::single_dash_args::with_one_dash;
use crate::output::{CommandError, Console, Exit};

const SHELL: Flag<Shell> = Flag::new("shell", "SHELL", str::parse, "The shell");
const FOLDER: Flag<String> = Flag::new("folder", "FOLDER", text, "The folder to write to");

/// The commands beside `migration`.
pub(crate) fn commands() -> [Command; 2] {
    [
        Command::new("completions")
            .about("Write shell completions")
            .arg(SHELL.positional().value_parser(value_parser!(Shell)))
            .after_help(
                "Examples:\n  \
                 In ~/.bashrc:\n    eval \"$(lokstra completions bash)\"\n  \
                 For zsh, in a folder of $fpath:\n    lokstra completions zsh > _lokstra\n  \
                 For fish:\n    lokstra completions fish > ~/.config/fish/completions/lokstra.fish",
            ),
        Command::new("man")
            .about("Write the manual pages into a folder")
            .arg(FOLDER.positional())
            .after_help(
                "Example:\n  \
             During installation:\n    lokstra man /usr/local/share/man/man1",
            ),
    ]
}

pub(crate) fn run(
    name: &str,
    matches: &ArgMatches,
    console: &Console<'_>,
) -> Result<Exit, CommandError> {
    let mut command = command(&Program::over_a_folder());
    if name == "completions" {
        let Some(shell) = SHELL.of(matches) else { return Ok(Exit::Usage) };
        let mut text = Vec::new();
        let name = command.get_name().to_owned();
        clap_complete::generate(shell, &mut command, name, &mut text);
        console.data(completions(shell, &String::from_utf8_lossy(&text)))?;
    } else {
        let Some(folder) = FOLDER.of(matches) else { return Ok(Exit::Usage) };
        let folder = Path::new(&folder);
        let failed = |source| CommandError::of_file(folder, &source);
        std::fs::create_dir_all(folder).map_err(failed)?;
        command.build();
        pages(&command, folder).map_err(failed)?;
    }
    Ok(Exit::Done)
}

/// Rewrites completions to flags with one dash.
fn completions(shell: Shell, text: &str) -> String {
    match shell {
        // `-l dir` is `--dir`, `-o dir` is `-dir`.
        Shell::Fish => text.replace(" -l ", " -o "),
        _ => with_one_dash(text),
    }
}

/// Writes one page per command.
fn pages(command: &Command, folder: &Path) -> std::io::Result<()> {
    let page = clap_mangen::Man::new(command.clone());
    let name = page.get_filename();
    let mut text = Vec::new();
    page.render(&mut text)?;
    // A dash of a flag is `\-` in roff.
    let text = String::from_utf8_lossy(&text).replace(r"\-\-", r"\-");
    lokstra_core::files::replace(&folder.join(name), text.as_bytes())?;
    command.get_subcommands().try_for_each(|command| pages(command, folder))
}
