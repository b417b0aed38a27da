use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use lokstra_runtime::{Migrations, Pools};

use crate::command;
use crate::console::Console;
use crate::dashes::with_two_dashes;
use crate::exit::Exit;
use crate::verbs;

/// The command of a service, over the migrations that it carries: `myservice migration status`.
///
/// The verbs that read or write a folder are not in it. `-dir` chooses one database of the set by its
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

/// The word that leads every command of ours.
const LEAD: &str = "migration";

impl<'m> Cli<'m> {
    /// The command over these migrations.
    pub fn new(migrations: &'m Migrations) -> Cli<'m> {
        Cli { migrations, name: None, pools: Pools::new() }
    }

    /// What the program is called in help texts and messages. Default: the name of its file.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Connection targets of the program's own. They win over the environment and `config.yaml`.
    pub fn pools(mut self, pools: Pools) -> Self {
        self.pools = pools;
        self
    }

    /// Runs the command if the first argument of this process is `migration`; else `None`, and the
    /// service goes on.
    ///
    /// SIGTERM and SIGINT finish the current migration and end the process.
    pub fn run(self) -> Option<Exit> {
        self.run_from(std::env::args_os())
    }

    /// The same with these arguments, the program's name first.
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

/// Who runs the command.
pub(crate) struct Program<'m> {
    /// `lokstra`, or what the service is called.
    pub(crate) name: String,
    /// What is embedded; `None` over a folder.
    pub(crate) migrations: Option<&'m Migrations>,
    /// Its own pools.
    pub(crate) pools: Pools,
}

impl Program<'_> {
    #[cfg(feature = "folder")]
    pub(crate) fn over_a_folder() -> Program<'static> {
        Program { name: "lokstra".to_owned(), migrations: None, pools: Pools::new() }
    }

    pub(crate) fn is_over_a_folder(&self) -> bool {
        cfg!(feature = "folder") && self.migrations.is_none()
    }
}

/// Reads the arguments and runs the verb.
pub(crate) fn dispatch(
    program: &Program<'_>,
    arguments: impl IntoIterator<Item = OsString>,
) -> Exit {
    let arguments = with_two_dashes(arguments);
    let matches = match command::command(program).try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(usage) => {
            // Help that was asked for goes to the standard output and is no error.
            usage.print().ok();
            return if usage.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    let verb = matches.subcommand().and_then(|(_, migration)| migration.subcommand());
    let Some((name, matches)) = verb else { return Exit::Usage };
    let console = Console::new(program, matches);
    match verbs::run(name, program, matches, &console) {
        Ok(exit) => exit,
        Err(error) => {
            console.error(&error);
            error.exit()
        }
    }
}
