use clap::ArgMatches;
use lokstra_core::Version;

use crate::cli::Program;
use crate::console::Console;
use crate::error::Error;
use crate::exit::Exit;
use crate::target::Target;

/// A verb: its command line, its help and what it does.
pub(crate) struct Verb {
    pub(crate) name: &'static str,
    /// The line in the list of verbs.
    pub(crate) about: &'static str,
    /// What to say beyond that, in the help of the verb alone; may be empty.
    pub(crate) details: &'static str,
    /// Arguments behind the verb, and what they do.
    pub(crate) examples: &'static [(&'static str, &'static str)],
    /// Adds the flags.
    pub(crate) flags: fn(clap::Command, &Program<'_>) -> clap::Command,
    pub(crate) run: fn(&Call<'_>) -> Result<Exit, Error>,
}

/// One call of a verb.
pub(crate) struct Call<'c> {
    pub(crate) program: &'c Program<'c>,
    pub(crate) console: &'c Console<'c>,
    matches: &'c ArgMatches,
}

impl<'c> Call<'c> {
    pub(crate) fn new(
        program: &'c Program<'c>,
        console: &'c Console<'c>,
        matches: &'c ArgMatches,
    ) -> Call<'c> {
        Call { program, console, matches }
    }

    /// Whether the flag was given.
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.value(flag).unwrap_or(false)
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.matches.try_get_one::<String>(name).ok().flatten().cloned()
    }

    pub(crate) fn value<T: Copy + Send + Sync + 'static>(&self, name: &str) -> Option<T> {
        self.matches.try_get_one::<T>(name).ok().flatten().copied()
    }

    /// `-to`
    pub(crate) fn to(&self) -> Option<Version> {
        self.value("to")
    }

    /// The folder of migrations.
    #[cfg(feature = "folder")]
    pub(crate) fn dir(&self) -> String {
        self.text("dir").unwrap_or_else(|| "migrations".to_owned())
    }

    /// The migrations and where they go.
    pub(crate) fn target(&self) -> Result<Target, Error> {
        match self.program.migrations {
            Some(embedded) => Target::of(embedded.clone(), self),
            #[cfg(feature = "folder")]
            None => Target::of(crate::folder::read(self)?, self),
            // Only a command over a folder carries none.
            #[cfg(not(feature = "folder"))]
            None => Target::of(lokstra_runtime::Migrations::EMPTY, self),
        }
    }

    /// As [`target`](Call::target), whatever `lokstra.lock` has against the folder and although some
    /// migrations are broken: for verbs that look at a database or change what is applied there.
    pub(crate) fn target_despite_problems(&self) -> Result<Target, Error> {
        #[cfg(feature = "folder")]
        if self.program.is_over_a_folder() {
            let (migrations, broken) = crate::folder::read_despite_problems(self)?;
            let mut target = Target::of(migrations, self)?;
            target.broken = broken;
            return Ok(target);
        }
        self.target()
    }

    /// As [`target_despite_problems`](Call::target_despite_problems); without a folder, the default
    /// pool and tracking table.
    pub(crate) fn target_without_folder(&self) -> Result<Target, Error> {
        let target = self.target_despite_problems();
        #[cfg(feature = "folder")]
        if let Err(Error::Folder(problems)) = &target
            && self.text("dir").is_none()
            && problems.iter().all(|it| it.code() == lokstra_source::Code::FolderNotFound)
        {
            let mut builder = lokstra_core::Builder::new();
            let dir = self.dir();
            let database = lokstra_core::DatabaseSpec {
                folder: &dir,
                pool: None,
                table: lokstra_core::TableName::default(),
                enabled: true,
                description: None,
            };
            let set = builder.database(&database, &[]).and_then(|()| builder.finish());
            if let Ok(set) = set {
                return Target::of(lokstra_runtime::Migrations::from(set), self);
            }
        }
        target
    }
}
