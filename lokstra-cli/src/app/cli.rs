//! The entry for services, and the choice of a verb by the arguments.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use lokstra_runtime::{Migrations, Pools};

use super::{command, help};
#[cfg(feature = "folder")]
use crate::call::DATABASE;
use crate::call::flags::{JSON, NO_COLOR, same_target_flags};
use crate::call::{LEAD, Program};
use crate::output::json::{ErrorObject, FailureDocument};
use crate::output::single_dash_args::with_two_dashes;
use crate::output::{Console, Exit};
use crate::verbs;

/// The command of a service, over the migrations that it carries: `myservice migration status`.
///
/// It does not have the verbs that read or write a folder. `-dir` chooses one database of the set by its
/// folder; pools come from the program, from the environment and from `config.yaml`, in this order.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// use lokstra_cli::Cli;
/// # use lokstra_runtime::Migrations;
/// # static MIGRATIONS: Migrations = Migrations::EMPTY;
///
/// fn main() -> ExitCode {
///     if let Some(exit) = Cli::new(&MIGRATIONS).run() {
///         return exit.into();
///     }
///     // … the service …
///     ExitCode::SUCCESS
/// }
/// ```
#[must_use = "it does nothing until `run` is called"]
pub struct Cli<'m> {
    migrations: &'m Migrations,
    name: Option<String>,
    pools: Pools,
}

impl<'m> Cli<'m> {
    /// Creates the command over these migrations.
    pub fn new(migrations: &'m Migrations) -> Cli<'m> {
        Cli { migrations, name: None, pools: Pools::new() }
    }

    /// Sets the name of the program in help texts and messages. Default: the name of its file.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets pools of the program, which win over the environment and `config.yaml`.
    pub fn pools(mut self, pools: Pools) -> Self {
        self.pools = pools;
        self
    }

    /// Runs the command if the first argument of this process is `migration`; otherwise returns `None`,
    /// and the service starts.
    ///
    /// SIGTERM and SIGINT finish the current migration and end the process.
    pub fn run(self) -> Option<Exit> {
        self.run_from(std::env::args_os())
    }

    /// Runs the command as [`run`](Cli::run) does, with these arguments, the program's name first.
    pub fn run_from(self, arguments: impl IntoIterator<Item = OsString>) -> Option<Exit> {
        let arguments: Vec<_> = arguments.into_iter().collect();
        if arguments.get(1).is_none_or(|first| first != LEAD) {
            return None;
        }
        let called = arguments.first().map(Path::new).and_then(Path::file_stem);
        let called = called.map(|name| name.to_string_lossy().into_owned());
        let program = Program {
            name: self.name.or(called).unwrap_or_else(|| "program".to_owned()),
            migrations: Some(self.migrations),
            pools: self.pools,
        };
        Some(dispatch(&program, arguments))
    }
}

impl fmt::Debug for Cli<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cli").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Runs the command over a folder with these arguments, the program's name first.
#[cfg(feature = "folder")]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    dispatch(&Program::over_a_folder(), arguments)
}

/// Reads the arguments and runs the verb.
pub(crate) fn dispatch(
    program: &Program<'_>,
    arguments: impl IntoIterator<Item = OsString>,
) -> Exit {
    end_on_signals_as_first_process();
    let arguments = with_help_flag(with_two_dashes(arguments));
    let matches = match command::command(program).try_get_matches_from(&arguments) {
        Ok(matches) => matches,
        Err(usage) => return report_usage(program, &arguments, &usage),
    };
    let Some((lead, matches)) = matches.subcommand() else { return Exit::Usage };
    let (verb, matches) = match matches.subcommand() {
        Some((verb, matches)) => (Some(verb), matches),
        None => (None, matches),
    };
    let console = Console::new(program.embedded_in(), JSON.of(matches), !NO_COLOR.of(matches))
        .with_place(same_target_flags(matches));
    let run = match verb {
        Some(verb) => verbs::run(lead, verb, program, matches, &console),
        #[cfg(feature = "folder")]
        None => super::man_pages::run(lead, matches, &console),
        #[cfg(not(feature = "folder"))]
        None => Ok(Exit::Usage),
    };
    run.unwrap_or_else(|error| {
        console.error(&error);
        error.exit
    })
}

/// Sets a signal handler in the first process of a container, which otherwise ignores signals, so that a
/// verb that waits for a server could not be ended. A failure is ignored.
fn end_on_signals_as_first_process() {
    #[cfg(unix)]
    if std::process::id() == 1 {
        drop(lokstra_runtime::Stop::on_signals(lokstra_runtime::SignalPolicy::EndProcess));
    }
}

/// Accepts `help` as the first word, or behind `migration`, as many tools do: `migration help up`.
fn with_help_flag(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let is_lead = |word: &OsString| word == LEAD || word == "database";
    let at = if arguments.get(1).is_some_and(is_lead) { 2 } else { 1 };
    if arguments.get(at).is_some_and(|word| word == "help") {
        arguments.remove(at);
        arguments.push("--help".into());
    }
    arguments
}

/// Writes a usage error, or requested help, which goes to the standard output and is no error.
fn report_usage(program: &Program<'_>, arguments: &[OsString], usage: &clap::Error) -> Exit {
    let is_json = arguments.iter().take_while(|word| *word != "--").any(|word| word == "--json");
    let console = Console::new(program.embedded_in(), is_json && usage.use_stderr(), true);
    let text = help::with_single_dashes(&usage.render().to_string());
    let mut text = text.trim_end().to_owned();
    if !usage.use_stderr() {
        return console.line(text).map_or(Exit::Failed, |()| Exit::Done);
    }
    if let Some(tip) = tip(program, arguments) {
        text.insert_str(text.find('\n').unwrap_or(text.len()), &format!("\n\n  tip: {tip}"));
    }
    console.status(&text);
    let message = text.strip_prefix("error: ").unwrap_or(&text);
    console.document(|| FailureDocument::new(ErrorObject::new("usage", &message))).ok();
    Exit::Usage
}

/// The tip for a verb in the wrong place.
fn tip(program: &Program<'_>, arguments: &[OsString]) -> Option<String> {
    let word = |nth: usize| arguments.get(nth).and_then(|word| word.to_str());
    if let Some(verb) = word(1).filter(|word| verbs::all(program).any(|verb| verb.name == *word)) {
        return Some(format!("{} {LEAD} {verb}", program.name));
    }
    #[cfg(feature = "folder")]
    if program.is_over_a_folder()
        && word(1) == Some(LEAD)
        && !verbs::all(program).any(|verb| word(2) == Some(verb.name))
        && let Some(verb) = verbs::ON_WHOLE_DATABASE.iter().find(|it| word(2) == Some(it.name))
    {
        return Some(format!("{} {DATABASE} {}", program.name, verb.name));
    }
    let needs_folder = |verb: &&str| !program.is_over_a_folder() && verbs::ON_FOLDER.contains(verb);
    let verb = word(2).filter(needs_folder)?;
    Some(format!(
        "`{verb}` needs the folder of migrations: run it there, with the program `lokstra`"
    ))
}
